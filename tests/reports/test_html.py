"""The page: what it says, that it says nothing else, and that it works in a browser."""

import base64
import hashlib
import re
from importlib.resources import files

import pytest
from markupsafe import escape as markup

from reports.errors import StoreError
from reports.html import as_html
from reports.overview import Only
from reports.record import Problem
from reports.store import Store
from reports.suppression import Suppressions
from scanners.registry import RULES
from tests.browser import PROGRAM, browser
from tests.reports.made import RUNS, audit, file, finding, sweep

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=alert(1)>\"'\x1b[31m\u202etxt.\u2066\x00{{ 7*7 }}"
SEEN = r"""<script>document.title='taken'</script><img src=x onerror=alert(1)>"'\x1b[31m\u202etxt.\u2066\x00{{ 7*7 }}"""


def page(store):
    return as_html(store.overview(Suppressions()), RULES, "0.1.0")


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """Two weeks of three organisations, with one repo that means harm to the page itself."""
    store = Store(tmp_path_factory.mktemp("history") / "audit.duckdb", wait=5)
    bad = file("a.pkl", finding())
    unread = file("m.onnx", verdict="incomplete", complete=False, format="onnx", error=Problem("unread", "no reader"))
    hostile = file(f"{HOSTILE}.pkl", finding(message=HOSTILE, member=HOSTILE), format=HOSTILE)
    gone = Problem("not-found", "there is no such repo")
    for one in (
        audit("a1", file("a.pkl", finding("medium")), repo="one/tidied", downloads=5),
        audit("a2", file("a.pkl"), repo="one/tidied", downloads=5, days=8),
        audit("a3", bad, repo="one/bad", downloads=900),
        audit("a4", unread, repo="two/unread", downloads=40),
        audit("a5", hostile, repo=f"evil/{HOSTILE}", downloads=70, days=9),
        audit("a6", repo="two/closed", verdict="incomplete", complete=False, error=gone),
        audit("a7", bad, repo="two/renamed"),
        audit("a8", repo="two/renamed", days=1, error=Problem("renamed", "now two/new")),
        audit("a9", bad, repo="two/pulled", revision="refs/pr/1"),
        audit("b1", file("x.pkl", finding("low")), repo="/x.pkl", kind="path"),
    ):
        store.record(one)
    for n in range(40):
        store.record(audit(f"c{n}", file("config.json"), repo=f"many/m{n:02}", downloads=n))
    store.record_sweep(sweep())
    return store


def figures(text):
    return dict(re.findall(r'<li class="(\w+)"><strong>([\d,]+)</strong>', text))


def test_a_page_of_some_is_about_nothing_else(history):
    said = history.overview(Suppressions(), Only(orgs=("two",), repos=("one/bad",)))
    assert sorted(row["repo"] for row in said["repos"]) == ["one/bad", "two/closed", "two/pulled", "two/unread"]
    assert {row["org"] for row in said["organisations"]} == {"one", "two"}
    assert said["history"][0]["audits"] == 6
    assert "evil/" not in as_html(said, RULES, "0.1.0", "two, one/bad")
    with pytest.raises(StoreError, match="no audit of nobody"):
        history.overview(Suppressions(), Only(orgs=("nobody",)))


def test_the_verdicts_are_counted_with_incomplete_as_a_figure_of_its_own(history):
    # A repo that was renamed is counted under its new name; one that nobody could look at is incomplete.
    assert figures(page(history)) == {"malicious": "3", "suspicious": "0", "incomplete": "2", "clean": "42"}


def test_the_page_is_the_same_each_time(history):
    assert page(history) == page(history)


def test_nothing_is_loaded_and_only_what_the_policy_names_may_run(history):
    text = page(history)
    assert set(re.findall(r'(?:src|href|action|xlink:href)="([^"]*)"', re.sub(r'="#[^"]*"', "", text))) == set()
    ours = text.replace(markup(SEEN), "")
    assert not re.search(r"\sstyle=|\son\w+=|url\(|@import|https?://", ours)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
    assert "default-src 'none'" in policy
    for kind in ("script", "style"):
        inline = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        assert len(inline) == 1
        digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_names_that_mean_harm_are_text(history):
    text = page(history)
    assert "<script>document" not in text
    assert "<img" not in text
    assert "{{ 7*7 }}" in text
    assert not set(text) & set("\x1b\x00\u202e\u2066")


def test_a_repo_has_its_findings_and_its_history(history):
    section = next(part for part in page(history).split('<section class="repo"') if "one/tidied</bdi> <span" in part)
    assert re.findall(r'<th scope="row" class="date">(\S+) .*?<span class="badge (\w+)', section, re.DOTALL) == [
        ("2026-01-13", "clean"),
        ("2026-01-05", "suspicious"),
    ]
    assert "<p>None.</p>" in section


def test_a_repo_says_when_its_findings_act_and_what_loaders_take_instead(tmp_path):
    store = Store(tmp_path / "audit.duckdb", wait=5)
    bad, weights = file("pytorch_model.bin", finding()), file("model.safetensors", blob="sha256:bb")
    store.record(audit("a1", bad, weights, repo="org/two"))
    store.record(audit("a2", bad, file("sub/model.safetensors", blob="sha256:bb"), repo="org/one"))
    one, two = page(store).split('<section class="repo"')[1:]
    assert 'load <span class="small">torch.load(weights_only=False)</span>' in one
    assert "loaders take" not in one
    assert "loaders take <bdi>model.safetensors</bdi> instead" in two


def test_each_week_is_counted_as_it_ended(history):
    said = history.overview(Suppressions())
    assert [row["week"].day for row in said["all_weeks"]] == [5, 12]
    counts = {(row["week"].day, row["name"]): row["count"] for row in said["weekly_verdicts"]}
    assert counts == {
        (5, "malicious"): 2,
        (5, "suspicious"): 1,
        (5, "incomplete"): 1,
        (5, "clean"): 41,
        (12, "malicious"): 3,
        (12, "incomplete"): 1,
        (12, "clean"): 42,
    }


def test_what_was_not_examined_is_said_of_files_and_of_repos(history):
    said = {row["reason"]: row["files"] for row in history.overview(Suppressions())["unexamined"]}
    assert said == {"unread: no reader": 1, "not-found: there is no such repo": 1}


def test_exposure_goes_by_downloads(history):
    rows = history.overview(Suppressions())["exposure"]
    assert [(row["downloads"], row["severity"]) for row in rows] == [(900, "critical"), (70, "critical")]


def test_a_rule_is_explained_where_it_is_known(history):
    rule = next(rule for rule in RULES if rule.id == RUNS.id)
    assert markup(rule.title) in page(history)


def test_what_is_left_out_is_said(tmp_path):
    store = Store(tmp_path / "audit.duckdb", wait=5)
    files = [file(f"{n}.pkl", finding(), blob=f"sha256:{n}") for n in range(301)]
    store.record(audit("a1", *files))
    text = page(store)
    assert "Findings by file and rule, the newest first: 300 of 301" in text
    assert "Findings by file and rule, the worst first: 25 of 301" in text


def test_no_temporary_table_takes_the_name_of_a_view():
    made = [
        re.findall(r"TEMP TABLE (\w+)", entry.read_text())
        for entry in (files("reports") / "page").iterdir()
        if entry.suffix == ".sql"
    ]
    names = {name for one in made for name in one}
    assert len(names) == 5
    assert all(name.startswith("page_") for name in names)


def test_a_history_without_audits_makes_no_page(tmp_path):
    store = Store(tmp_path / "none.duckdb", wait=5)
    with pytest.raises(StoreError, match=r"no audit in .*none\.duckdb yet"):
        store.overview(Suppressions())
    store.record_sweep(sweep())
    with pytest.raises(StoreError, match="no audit"):
        store.overview(Suppressions())


# --- in a browser --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def window():
    if PROGRAM is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    with browser() as opened:
        yield opened


@pytest.fixture
def tab(window, history, tmp_path):
    (tmp_path / "page.html").write_text(page(history), encoding="utf-8")
    window.look()
    window.open((tmp_path / "page.html").as_uri())
    return window


def names(tab, section="repos"):
    return tab.ask(f"[...document.querySelectorAll('#{section} tbody tr')].map(row => row.cells[0].innerText.trim())")


def test_the_page_loads_nothing_and_has_nothing_to_complain_of(tab):
    assert tab.complaints == []


def test_harm_stays_text_in_the_browser_too(tab):
    assert tab.ask("document.title").startswith("hub-audit: ")
    assert tab.ask("document.scripts.length") == 1
    assert tab.ask("document.images.length") == 0
    assert f"evil/{SEEN}" in names(tab)
    found = tab.ask("[...document.querySelectorAll('#newest tbody tr')].map(row => row.innerText).join()")
    assert f"{SEEN}.pkl" in found


def test_the_policy_stops_a_script_that_came_in_nevertheless(tab):
    stopped = tab.ask("""new Promise(done => {
        document.addEventListener('securitypolicyviolation', event => done(event.effectiveDirective));
        const script = document.createElement('script');
        script.append("document.title = 'taken'");
        document.body.append(script);
    })""")
    assert stopped in {"script-src-elem", "require-trusted-types-for"}
    assert tab.ask("document.title") != "taken"


def test_a_table_sorts_by_what_its_columns_mean(tab):
    button = "[...document.querySelectorAll('#repos th button')].find(one => one.textContent == '{}')"
    tab.ask(f"{button.format('Downloads')}.click()")
    assert names(tab)[:3] == ["one/bad", f"evil/{SEEN}", "two/unread"]
    assert tab.ask(f"{button.format('Downloads')}.closest('th').ariaSort") == "descending"
    tab.ask(f"{button.format('Repo')}.click()")
    assert names(tab)[0] == "/x.pkl"
    tab.ask(f"{button.format('Repo')}.click()")
    assert names(tab)[0] == "two/unread"


@pytest.mark.parametrize(
    ("section", "column", "worst"), [("repos", "Verdict", "malicious"), ("newest", "Severity", "critical")]
)
def test_a_grade_sorts_by_its_weight_and_not_by_its_letters(section, column, worst, tab):
    tab.ask(
        f"[...document.querySelectorAll('#{section} th button')].find(one => one.textContent == '{column}').click()"
    )
    grades = tab.ask(f"[...document.querySelectorAll('#{section} tbody .badge')].map(one => one.textContent)")
    order = ("malicious", "critical", "high", "suspicious", "medium", "incomplete", "low", "clean")
    assert grades[0] == worst
    assert grades == sorted(grades, key=order.index)


def test_a_table_filters_all_of_its_rows_and_says_how_many_fit(tab):
    assert len(names(tab)) == 25
    shown = "document.querySelector('#repos .shown').textContent"
    assert tab.ask(shown) == "25 of 47 rows"
    tab.ask("document.querySelector('#repos input').focus()")
    for letter in "many m3":
        tab.press(letter, 0, letter)
    assert names(tab) == [f"many/m{n}" for n in range(39, 29, -1)]
    assert tab.ask(shown) == "10 of 10 rows"


def test_more_rows_come_when_they_are_asked_for(tab):
    tab.ask("document.querySelector('#repos .more').click()")
    assert len(names(tab)) == 47
    assert tab.ask("document.querySelector('#repos .more').hidden")


def test_the_keyboard_reaches_a_repo_and_its_history(tab):
    tab.ask("document.querySelector('#repos tbody a').focus()")
    tab.press("Enter", 13, "\r")
    assert tab.ask("document.activeElement.id") == "r1"
    assert tab.ask("document.querySelector('.overview').checkVisibility()") is False
    assert tab.ask("[...document.querySelectorAll('.repo')].filter(one => one.checkVisibility()).length") == 1
    assert "one/bad" in tab.ask("document.querySelector('#r1').innerText")


def test_both_themes_and_paper_are_drawn_differently(tab):
    ground = "getComputedStyle(document.body).backgroundColor"
    tab.look(theme="light")
    light = tab.ask(ground)
    tab.look(theme="dark")
    assert tab.ask(ground) != light
    tab.look(theme="dark", media="print")
    assert tab.ask(ground) == "rgb(255, 255, 255)"
    assert tab.ask("document.querySelector('nav').checkVisibility()") is False
    tab.look(media="print", width=720)
    assert tab.ask("document.scrollingElement.scrollWidth") <= 720
