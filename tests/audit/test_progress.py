"""What is drawn while an audit runs: only on a terminal, and in place."""

import os
import re
import subprocess
import sys
import threading
from types import SimpleNamespace

from audit.demo.content import demo_world
from audit.demo.faults import Shape
from audit.watch import Panel
from tests.command import environment
from tests.hub import serve

SLOW = Shape(latency=0.15)
"""Slow enough for a picture or two."""


def drawn(*arguments, hub):
    """Everything that comes to a terminal on standard error."""
    ours, theirs = os.openpty()
    pieces = []

    def read():
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # Linux: the last process that had the other end is gone.
                return
            if not piece:
                return
            pieces.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    command = [sys.executable, "-m", "audit", *arguments]
    variables = environment(hub, TERM="xterm", COLUMNS="110", NO_COLOR="1")
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=theirs, env=variables, timeout=100, check=False)
    os.close(theirs)
    reader.join(10)
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(pieces).decode())
    return re.sub(r"\s+", " ", text)


def test_a_sweep_on_a_terminal_shows_repos_files_bytes_findings_quotas_and_time():
    with serve(demo_world(), shape=SLOW) as hub:
        text = drawn("sweep", "demo-org", "demo-lab", hub=hub)
    for shown in (
        r"7 of 7 repos",
        r"left: +\S+",
        r"0 unchanged · \d+ files · [\d.]+ \S+ read, [\d.]+ \S+ saved · \d critical",
        r"[\d,]+ resolvers requests left",
    ):
        assert re.search(shown, text), (shown, text[-2000:])
    assert "0/0 files" not in text


def test_the_panel_of_a_sweep_says_the_worst_first_in_whatever_order_repos_end():
    panel = Panel(SimpleNamespace(limiter=SimpleNamespace(left={})))
    for severity in ("low", "high", "critical", "medium", "critical"):
        found = [SimpleNamespace(findings=[SimpleNamespace(severity=severity)])]
        stats = SimpleNamespace(files=1, bytes_fetched=0, bytes_total=0)
        panel.audited(SimpleNamespace(files=found, stats=stats))
    assert "2 critical, 1 high, 1 medium, 1 low" in panel.state()


def test_the_audit_of_one_repo_on_a_terminal_shows_its_files():
    with serve(demo_world(), shape=SLOW) as hub:
        text = drawn("repo", "demo-org/clean-classifier", hub=hub)
    assert re.search(r"\d/3 files", text), text


def test_quiet_draws_nothing():
    with serve(demo_world(), shape=SLOW) as hub:
        assert not drawn("repo", "demo-org/clean-classifier", "--quiet", hub=hub)
