from audit.demo.log import Request, RequestLog


def request(origin="hub"):
    return Request(origin, "GET", "/a", "", "/a", None, had_authorization=False, accept_encoding=None)


def test_requests_are_counted_by_origin_and_added_up():
    log = RequestLog()
    first, second = log.begin(request()), log.begin(request("cdn"))
    log.update(first, status=200)
    log.update(first, sent=5)
    log.update(second, sent=7)
    assert (log.count(), log.count("hub"), log.count("cdn")) == (2, 1, 1)
    assert (log.bytes_sent(), log.bytes_sent("cdn")) == (12, 7)
    assert log.requests("hub")[0].status == 200


def test_the_peak_is_the_most_that_were_open_at_once():
    log = RequestLog()
    first, second = log.begin(request()), log.begin(request())
    log.end(first)
    log.begin(request())
    log.end(second)
    assert log.peak == 2


def test_a_cleared_log_takes_no_late_news_of_what_it_forgot():
    log = RequestLog()
    number = log.begin(request())
    log.clear()
    log.update(number, sent=5)
    assert (log.count(), log.bytes_sent(), log.peak) == (0, 0, 1)
    log.end(number)
    log.clear()
    assert log.peak == 0
