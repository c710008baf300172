"""The ready files of docs/deploy: what their readers would refuse, and what `audit` would."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from audit.cli import sweep

DEPLOY = Path(__file__).parents[1] / "docs" / "deploy"
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Minute, hour, day, month, day of the week."""


def crontab():
    lines = [line for line in (DEPLOY / "crontab").read_text().splitlines() if line and line[0] != "#"]
    return [line for line in lines if not re.match(r"[A-Z]+=", line)]


def unit(name):
    read = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    read.optionxform = str
    read.read_string((DEPLOY / name).read_text())
    return read


def workflow():
    return yaml.safe_load((DEPLOY / "github-actions.yml").read_text())


def steps():
    return workflow()["jobs"]["sweep"]["steps"]


def valid_schedule(fields):
    ranges = [re.fullmatch(r"(\d+)|\*", field) for field in fields]
    return len(fields) == 5 and all(
        found and (found[1] is None or low <= int(found[1]) <= high)
        for found, (low, high) in zip(ranges, FIELDS, strict=True)
    )


@pytest.mark.parametrize(
    "command",
    [
        *(line.split(None, 5)[5] for line in crontab()),
        unit("hub-audit.service")["Service"]["ExecStart"],
        *(step["run"] for step in steps() if "audit sweep" in step.get("run", "")),
    ],
)
def test_each_sweeps_with_a_log_in_json_and_a_notification(command):
    words = shlex.split(command.replace("$AUDIT_WEBHOOK", "https://alerts.example.com"), posix=True)
    begin = next(n for n, word in enumerate(words) if word == "sweep")
    assert words[begin - 1].rpartition("/")[2] == "audit"
    end = next((n for n, word in enumerate(words) if re.match(r"[|>&]|2>", word)), len(words))
    given = sweep.make_context("sweep", words[begin + 1 : end]).params
    assert given["log"] == "json"
    assert given["notify"].startswith("https://")
    assert given["targets"] == ()


def test_the_crontab_has_one_line_that_cron_takes():
    (line,) = crontab()
    assert valid_schedule(line.split()[:5])
    assert re.search(r"(?<!\\)%", line) is None


@pytest.mark.parametrize("wrong", ["60 2 * * *", "0 2 * *", "0 2 0 * *", "a b c d e"])
def test_a_line_that_cron_would_refuse_is_found(wrong):
    assert not (len(wrong.split()) == 5 and valid_schedule(wrong.split()))


def test_the_service_takes_findings_for_no_failure_and_stops_as_ctrl_c_does():
    service = unit("hub-audit.service")["Service"]
    assert service["Type"] == "oneshot"
    assert set(service["SuccessExitStatus"].split()) == {"1", "3", "130"}
    assert service["KillSignal"] == "SIGINT"
    assert {service["StateDirectory"], service["CacheDirectory"]} == {"hub-audit"}


def test_the_timer_starts_the_service_every_night():
    timer = unit("hub-audit.timer")
    assert re.fullmatch(r"\*-\*-\* \d\d:\d\d:\d\d", timer["Timer"]["OnCalendar"])
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert "Unit" not in timer["Timer"]  # that of the same name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_takes_the_units(tmp_path):
    text = (DEPLOY / "hub-audit.service").read_text().replace("/usr/local/bin/audit", sys.executable)
    (tmp_path / "hub-audit.service").write_text(text)
    shutil.copy(DEPLOY / "hub-audit.timer", tmp_path)
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_workflow_has_the_shape_of_one():
    read = workflow()
    trigger = read[True]  # what YAML makes of `on`
    assert all(valid_schedule(one["cron"].split()) for one in trigger["schedule"])
    assert read["permissions"] == {"contents": "read"}
    assert read["jobs"]["sweep"].keys() >= {"runs-on", "steps", "timeout-minutes"}
    assert all(("uses" in step) != ("run" in step) for step in steps())
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", step["uses"]) for step in steps() if "uses" in step)


def test_the_workflow_keeps_the_history_whatever_came_of_the_sweep():
    (restore,) = [step for step in steps() if step.get("uses", "").startswith("actions/cache/restore@")]
    (save,) = [step for step in steps() if step.get("uses", "").startswith("actions/cache/save@")]
    assert save["if"] == "always()"
    assert save["with"]["path"] == restore["with"]["path"]
    assert restore["with"]["key"].startswith(restore["with"]["restore-keys"])


@pytest.mark.parametrize(
    "script", [*(line.split(None, 5)[5] for line in crontab()), *(s["run"] for s in steps() if "run" in s)]
)
def test_every_command_is_one_that_a_shell_can_read(script):
    assert subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, check=False).returncode == 0
