"""How a sweep ends: interrupted, refused, misled; and what it says at its end."""

import dataclasses
import json
import random
import re
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from audit.demo.faults import Fault, Shape
from audit.demo.world import World
from tests.command import audit, clean_failure, start
from tests.craft.pickles import asm, call, named, op, system, text
from tests.hub import broken, one, repo, serve

FINDINGS = "SELECT repo_id, path, rule, message, count(*) AS n FROM findings GROUP BY ALL ORDER BY ALL"
AUDITS = 'SELECT repo_id, "commit", count(*) AS n FROM audits GROUP BY ALL ORDER BY ALL'


def rows(query, **variables):
    result = audit("sql", "--format", "json", query, **variables)
    assert result.code == 0, result
    return result.json


def acme(number):
    return asm(op("PROTO", 4), call(named("acme", f"f{number}"), text("x")), "STOP")


def many(count):
    repos = [
        one(f"org/m{n}", {"a.pkl": acme(n % 5), "b.pkl": acme(n), **({"evil.pkl": system()} if n % 7 == 0 else {})})
        for n in range(count)
    ]
    return World(tuple(repos))


def undisturbed(hub, folder):
    elsewhere = {"XDG_DATA_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    begun = time.monotonic()
    assert audit("sweep", "org", "--quiet", hub=hub, **elsewhere).code == 1
    return time.monotonic() - begun, rows(FINDINGS, **elsewhere)


def test_kill_9_at_random_moments_loses_nothing_and_doubles_nothing(tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    with serve(many(30), shape=Shape(latency=0.02)) as hub:
        length, expected = undisturbed(hub, tmp_path)
        for _ in range(8):
            process = start("sweep", "org", hub=hub)
            time.sleep(chance.uniform(0.2, length))
            process.kill()
            process.communicate()
        assert audit("sweep", "org", hub=hub).code == 1
    assert rows(FINDINGS) == expected
    audits = rows(AUDITS)
    assert [row["n"] for row in audits] == [1] * 30
    states = {row["status"] for row in rows("SELECT status FROM sweeps")}
    assert states <= {"interrupted", "complete"}, states


def test_a_sweep_that_is_under_way_is_not_taken_for_dead():
    # The first tries to get one file again and again, until the second has ended.
    with serve(many(3), Fault("error", path="/org/m2/*")) as hub:
        process = start("sweep", "org", hub=hub)
        while not hub.log.count("cdn") and process.poll() is None:
            time.sleep(0.02)
        assert audit("sweep", "org/m1", hub=hub).code == 0
        states = rows("SELECT targets[1] AS target, status FROM sweeps ORDER BY target")
        hub.faults = broken()
        process.communicate()
    assert states == [{"target": "org", "status": "running"}, {"target": "org/m1", "status": "complete"}]
    assert rows("SELECT status FROM sweeps WHERE targets[1] = 'org'") == [{"status": "complete"}]


def test_ctrl_c_ends_a_sweep_with_what_is_done():
    with serve(many(20), shape=Shape(latency=0.1)) as hub:
        process = start("sweep", "org", "--quiet", hub=hub)
        while hub.log.count() < 30:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert rows("SELECT status FROM sweeps") == [{"status": "interrupted"}]


def test_with_faults_on_the_findings_are_the_same(tmp_path):
    with serve(many(20)) as hub:
        _, expected = undisturbed(hub, tmp_path)
    faults = [Fault("error", 0.05), Fault("reset", 0.05), Fault("truncate", 0.05)]
    with serve(many(20), *faults, url_seconds=2.0) as hub:
        assert audit("sweep", "org", hub=hub).code == 1
    assert rows(FINDINGS) == expected
    assert rows("SELECT DISTINCT complete FROM audits") == [{"complete": True}]


def test_a_hub_that_refuses_early_is_refused_little():
    shape = Shape(quotas=(("api", 10_000), ("resolvers", 120), ("pages", 100)), window=4.0, refuse_at=0.5)
    with serve(many(60), shape=shape) as hub:
        assert audit("sweep", "org", hub=hub).code == 1
        requests = hub.log.requests("hub")
    refused = [request for request in requests if request.status == 429]
    # At most those that were under way when it began to refuse: what it taught holds for every later window.
    assert len(refused) <= 16
    assert rows("SELECT DISTINCT complete FROM audits") == [{"complete": True}]


def test_a_repo_that_vanishes_after_it_was_listed_is_recorded_as_that():
    world = repo("org/gone", {"a.pkl": acme(1)})
    with serve(world, Fault("error", path="/api/models/org/gone*", status=404)) as hub:
        result = audit("sweep", "org", hub=hub)
    assert result.code == 3
    assert re.search("incomplete +org/gone +org/gone is missing or private", result.out)
    assert [row["error"].partition(":")[0] for row in rows("SELECT error FROM audits")] == ["repo-not-found"]


def test_a_repo_that_is_renamed_after_it_was_listed_is_audited_under_its_new_name():
    listed = one("org/old", {"a.pkl": system()})
    moved = World((dataclasses.replace(listed, id="org/new"),), renames={"org/old": "org/new"})
    with serve(World((listed,)), shape=Shape(latency=0.3)) as hub:
        process = start("sweep", "org", "--quiet", hub=hub)
        while not hub.log.requests("hub") or not hub.log.requests("hub")[0].status:
            time.sleep(0.005)
        hub.world = moved
        out, err = process.communicate(timeout=30)
    assert process.returncode == 1, err
    found = {row["repo_id"]: row["error"] for row in rows("SELECT repo_id, error FROM audits")}
    assert found == {"org/old": "renamed: is org/new now", "org/new": None}, out


def test_what_is_new_and_what_is_resolved_is_said_at_the_end():
    safe = {"a.pkl": acme(1)}
    before = World(
        (one("org/turned", safe, {**safe, "evil.pkl": system()}, branches={"main": 0}), one("org/same", safe))
    )
    with serve(before) as hub:
        first = audit("sweep", "org", hub=hub)
        quiet = audit("sweep", "org", hub=hub)
        hub.push("org/turned")
        second = audit("sweep", "org", hub=hub)
    assert "since" not in first.out
    assert "Nothing is new since the sweep of" in quiet.out
    news = second.out[second.out.index("New and resolved") :]
    assert re.findall(r"^(new|resolved) +(\w+) +(\S+) +(\S+)", news, re.MULTILINE) == [
        ("new", "critical", "org/turned", "evil.pkl")
    ]


def test_what_a_killed_sweep_found_is_news_to_the_next_one():
    before = World((one("org/m", {"a.pkl": acme(1)}, {"evil.pkl": system()}, branches={"main": 0}),))
    with serve(before) as hub:
        audit("sweep", "org", hub=hub)
        hub.push("org/m")
        # Its audit is recorded, its sweep never ends.
        process = start("sweep", "org", "org", "--log", "json", hub=hub)
        for line in process.stderr:
            if '"event":"audited"' in line:
                process.kill()
                break
        process.communicate()
        result = audit("sweep", "org", hub=hub)
    assert "0 audited" in result.err
    assert re.search("new +critical +org/m +evil.pkl", result.out), result


def test_without_a_terminal_each_repo_has_a_line():
    with serve(many(3)) as hub:
        words = audit("sweep", "org", hub=hub)
    assert len(re.findall(r"^\d{4}-\d\d-\d\dT\S+ +(?:malicious|suspicious) +org/m\d", words.err, re.MULTILINE)) == 3


def test_the_lines_are_json_on_request():
    with serve(many(2)) as hub:
        result = audit("sweep", "org", "--log", "json", hub=hub)
    said = [json.loads(line) for line in result.err.splitlines() if line.startswith("{")]
    assert {one["event"] for one in said} == {"listed", "audited"}
    audited = {one["repo"]: one for one in said if one["event"] == "audited"}
    assert audited.keys() == {"org/m0", "org/m1"}
    assert audited["org/m0"]["findings"]["critical"] == 1
    assert audited["org/m1"]["files"] == 2


class Receiver(HTTPServer):
    """Takes JSON, after it refused as often as it is told."""

    def __init__(self, refusals):
        super().__init__(("127.0.0.1", 0), Handler)
        self.refusals, self.got = refusals, []
        self.url = f"http://127.0.0.1:{self.server_port}/hook"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), json.loads(body)))
        self.server.refusals -= 1
        self.send_response(503 if self.server.refusals >= 0 else 204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def test_a_summary_is_sent_where_the_user_says_and_again_until_it_is_taken():
    world = dataclasses.replace(many(3), tokens={"hf_secret": "me"})
    with serve(world) as hub, Receiver(1) as receiver:
        result = audit("sweep", "org", "--notify", receiver.url, hub=hub, HF_TOKEN="hf_secret")
    assert result.code == 1, result
    assert len(receiver.got) == 2
    headers, document = receiver.got[-1]
    assert "hf_secret" not in str(headers)
    assert (document["event"], document["status"], document["repos_audited"]) == ("sweep", "complete", 3)
    assert document["verdicts"]["malicious"] == 1


def test_a_summary_that_nobody_takes_is_said(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("fetch: {attempts: 2}\n")
    with serve(many(2)) as hub, Receiver(99) as receiver:
        clean = audit("sweep", "org/m1", "--notify", receiver.url, "--quiet", "--config", config, hub=hub)
        assert clean.code == 2
        assert "--notify: " in clean.err
        clean_failure(audit("sweep", "org/m1", "--notify", "ftp://x", hub=hub), 2, "ftp://x")


@pytest.mark.parametrize("kind", ["model", "space"])
def test_a_repo_that_has_no_file_is_fine(kind):
    with serve(World((one("org/m", {}, type=kind),))) as hub:
        assert audit("sweep", "org/m" if kind == "model" else "spaces/org/m", hub=hub).code == 0
