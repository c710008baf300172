"""The configuration is read strictly, and its file documents every knob."""

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest
import yaml

from audit.config import Config, ConfigError, Entry, load, parse, user_file
from scanners.budget import Limits

ROOT = Path(__file__).parents[2]
DOCUMENTED = (ROOT / "config.yaml").read_text()


def knobs(value, path=()):
    """Every knob as a path, with its value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from knobs(item, (*path, key))
    else:
        yield ".".join(path), value


def test_the_documented_values_are_the_defaults_and_none_is_left_out():
    defaults = msgspec.json.decode(msgspec.json.encode(Config()))
    assert dict(knobs(yaml.safe_load(DOCUMENTED))) == dict(knobs(defaults))
    assert parse(DOCUMENTED, "config.yaml") == Config()


def test_every_knob_has_one_line_of_why():
    lines = [
        line for line in DOCUMENTED.splitlines() if re.match(r"\s*\w+: \S", line) and not re.match(r"\s*\w+: #", line)
    ]
    assert len(lines) == len(dict(knobs(msgspec.to_builtins(Config()))))
    for line in lines:
        assert re.search(r" # [A-Z].*\.$", line), line


def test_the_limits_are_the_scanners_own():
    limits = Config().scan.limits
    assert isinstance(limits, Limits)
    assert msgspec.structs.asdict(limits) == msgspec.structs.asdict(Limits())


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "fetch:\n  # all comments\n"])
def test_an_empty_file_means_the_defaults(text):
    assert parse(text, "c.yaml") == Config()


def test_values_are_taken_over_and_the_rest_stays():
    config = parse(
        """
fetch: {concurrency: 4, read: 5}
scan: {workers: null, limits: {depth: 9}}
sweep: {targets: [org, other], types: [model, dataset]}
policy:
  allow: [{name: ourlib.Fast, reason: reviewed, expires: 2026-12-31}]
  deny: [{name: theirlib, reason: never}]
report: {fail_on: medium}
""",
        "c.yaml",
    )
    assert (config.fetch.concurrency, config.fetch.read, config.fetch.attempts) == (4, 5.0, 6)
    assert (config.scan.workers, config.scan.limits.depth, config.scan.limits.ratio) == (None, 9, 200)
    assert config.sweep.targets == ("org", "other")
    assert config.policy.allow == (Entry("ourlib.Fast", "reviewed", date(2026, 12, 31)),)
    assert config.policy.deny == (Entry("theirlib", "never", None),)
    assert config.report.fail_on == "medium"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fetch: {concurency: 3}", "fetch.concurency: unknown key; did you mean fetch.concurrency?"),
        ("fetsch: {}", "fetsch: unknown key; did you mean fetch?"),
        ("zzz: 1", "zzz: unknown key; known here: hub, fetch, scan, cache, store, sweep, policy, suppress, report"),
        ("scan: {limits: {dept: 9}}", "scan.limits.dept: unknown key; did you mean scan.limits.depth?"),
        ("policy: {allow: [{name: a, reson: b}]}", "policy.allow[0].reson: unknown key; did you mean policy.allow[0].reason?"),
        ("policy: {allow: [{name: a}]}", "policy.allow[0]: expected the key reason, got a mapping"),
        ("policy: {allow: [{name: '', reason: b}]}", "policy.allow[0].name: expected a text of length >= 1, got ''"),
        ("policy: {deny: [{name: a, reason: b, expires: soon}]}", "policy.deny[0].expires: expected a date such as 2026-12-31, got 'soon'"),
        ("policy: {deny: name}", "policy.deny: expected a list, got 'name'"),
        ("1: 2", "1: unknown key; known here: hub, "),
        ("fetch: {concurrency: 0}", "fetch.concurrency: expected a whole number >= 1, got 0"),
        ("fetch: {concurrency: -1}", "fetch.concurrency: expected a whole number >= 1, got -1"),
        ("fetch: {concurrency: yes}", "fetch.concurrency: expected a whole number, got True"),
        ("fetch: {concurrency: '3'}", "fetch.concurrency: expected a whole number, got '3'"),
        ("fetch: {concurrency: 1.5}", "fetch.concurrency: expected a whole number, got 1.5"),
        ("fetch: {read: .nan}", "fetch.read: expected a number > 0.0, got no number"),
        ("fetch: {read: .inf}", "fetch.read: expected a number <= 86400.0, got inf"),
        ("fetch: {read: }", "fetch.read: expected a number, got nothing"),
        ("fetch: 3", "fetch: expected a mapping, got 3"),
        ("scan: {memory: 1}", "scan.memory: expected a whole number >= 256, got 1"),
        ("cache: {dir: blocks}", "cache.dir: expected an absolute path, got 'blocks'"),
        ("store: {db: ''}", "store.db: expected an absolute path, got ''"),
        ("hub: {endpoint: hub.example.org}", "hub.endpoint: expected an address such as https://huggingface.co, got 'hub.example.org'"),
        ("sweep: {targets: org}", "sweep.targets: expected a list, got 'org'"),
        ("sweep: {types: []}", "sweep.types: expected a list of at least one, got a list"),
        ("sweep: {types: [modell]}", "sweep.types[0]: expected one of model, dataset, space, got 'modell'"),
        ("report: {fail_on: none}", "report.fail_on: expected one of low, medium, high, critical, got 'none'"),
        ("suppress: {rule: a}", "suppress: expected a list, got a mapping"),
        ("suppress: [{rule: a, expires: 2027-01-31}]", "suppress[0]: expected the key reason, got a mapping"),
        ("suppress: [{rule: a, reason: b}]", "suppress[0]: expected the key expires, got a mapping"),
        ("suppress: [{rule: a, reason: b, expires: soon}]", "suppress[0].expires: expected a date such as 2026-12-31, got 'soon'"),
        ("suppress: [{rule: a, reason: '', expires: 2027-01-31}]", "suppress[0].reason: expected a text of length >= 1, got ''"),
        ("suppress: [{rule: a, reason: b, expires: 20270131}]", "suppress[0].expires: expected a date such as 2026-12-31, got 20270131"),
        ("suppress: [{rul: a}]", "suppress[0].rul: unknown key; did you mean suppress[0].rule?"),
        ("suppress: [{blob: abc, reason: b, expires: 2027-01-31}]", "suppress[0].blob: expected a content such as sha256: and 64 digits, got 'abc'"),
        ("suppress: [{fingerprint: 7, reason: b, expires: 2027-01-31}]", "suppress[0].fingerprint: expected a text, got 7"),
        ("suppress: [{fingerprint: abc, reason: b, expires: 2027-01-31}]", "suppress[0].fingerprint: expected the 32 digits that --verbose shows, got 'abc'"),
        ("- fetch", "expected a mapping of sections such as `fetch:`, got a list"),
        ("text", "expected a mapping of sections such as `fetch:`, got 'text'"),
        ("fetch: {}\nscan: {}\nfetch: {}", "fetch: given twice, again in line 3"),
        ("fetch:\n  read: 1\n  read: 2", "fetch.read: given twice, again in line 3"),
        ("policy: {allow: [{name: a, name: b, reason: c}]}", "policy.allow[0].name: given twice, again in line 1"),
        ("fetch: &f {}\nscan: *f", "line 2: write the value again instead of *f"),
        ("fetch: [", "not YAML: expected the node content, but found '<stream end>' in line 1"),
        ("a: 1\n---\nb: 2", "not YAML: but found another document in line 2"),
        ("fetch: {read: 2026-13-40}", "a value cannot be read: month must be in 1..12"),
        ("hub: {endpoint: !!python/name:os.system ''}", "not YAML: could not determine a constructor for the tag "),
        ("fetch: {? [a] : 1}", "not YAML: found unhashable key in line 1"),
        ("fetch: " + "[" * 3000 + "]" * 3000, "a value cannot be read: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_that_says_what_is_expected(text, message):
    with pytest.raises(ConfigError) as caught:
        parse(text, "c.yaml")
    assert str(caught.value).startswith(f"c.yaml: {message}")
    assert "\n" not in str(caught.value)


def test_a_leading_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    config = parse("cache: {dir: ~/blocks}\nstore: {db: ~/a.duckdb}", "c.yaml")
    assert (config.cache.dir, config.store.db) == ("/home/someone/blocks", "/home/someone/a.duckdb")


def test_without_a_file_the_defaults_hold():
    assert not user_file().exists()
    assert load() == Config()


def test_the_users_own_file_is_read(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "hub-audit").mkdir()
    (tmp_path / "hub-audit" / "config.yaml").write_text("report: {fail_on: low}")
    assert load().report.fail_on == "low"


def test_a_named_file_takes_the_place_of_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "hub-audit").mkdir()
    (tmp_path / "hub-audit" / "config.yaml").write_text("report: {fail_on: low}")
    named = tmp_path / "named.yaml"
    named.write_text("fetch: {attempts: 2}")
    assert (load(named).report.fail_on, load(named).fetch.attempts) == ("high", 2)


def test_a_file_in_the_current_folder_is_never_read(monkeypatch, tmp_path):
    for name in ("config.yaml", "hub-audit.yaml", "hub-audit/config.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("report: {fail_on: critical}")
    monkeypatch.chdir(tmp_path)
    assert load() == Config()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "No such file or directory"), (b"\xff", "not UTF-8"), (b"fetch: 3", "fetch: expected")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, content, message):
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=re.escape(f"{path}: {message}")):
        load(path)


def test_the_configuration_cannot_be_changed():
    with pytest.raises(AttributeError):
        Config().fetch.concurrency = 3
