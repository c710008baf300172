"""An audit that is killed or interrupted at any moment loses nothing that was done, and the next one completes it."""

import random
import signal
import time

import pytest

from audit.demo.faults import Shape
from tests.command import audit, start
from tests.craft.pickles import asm, call, named, op, system, text
from tests.hub import repo, serve

FILES = {f"part{n}.pkl": asm(op("PROTO", 4), call(named("acme", f"f{n}"), text("x")), "STOP") for n in range(12)}
WORLD = repo("org/m", {**FILES, "evil.pkl": system()})
ROWS = "SELECT path, rule, message, count(*) AS n FROM current_findings GROUP BY ALL ORDER BY ALL"


def history(**variables):
    result = audit("sql", "--format", "json", ROWS, **variables)
    assert result.code == 0, result
    return result.json


def test_kill_9_at_random_moments_loses_nothing(tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    with serve(WORLD, shape=Shape(latency=0.02)) as hub:
        quiet = {"XDG_DATA_HOME": str(tmp_path / "quiet"), "XDG_CACHE_HOME": str(tmp_path / "quiet")}
        begun = time.monotonic()
        assert audit("repo", "org/m", hub=hub, **quiet).code == 1
        length = time.monotonic() - begun
        for _ in range(20):
            process = start("repo", "org/m", hub=hub)
            time.sleep(chance.uniform(0, length * 1.1))
            process.kill()
            process.communicate()
            assert isinstance(history(), list)
        assert audit("repo", "org/m", hub=hub).code == 1
    assert history() == history(**quiet)


def test_ctrl_c_keeps_what_is_done():
    with serve(WORLD, shape=Shape(latency=0.3)) as hub:
        process = start("repo", "org/m", "--quiet", hub=hub)
        while hub.log.count() < 6:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
        assert "Traceback" not in err
        assert len(err.strip().splitlines()) == 1
    assert history() is not None


def test_a_query_works_while_an_audit_is_under_way():
    with serve(WORLD, shape=Shape(latency=0.1)) as hub:
        audit("repo", "org/m", hub=hub)
        process = start("repo", "org/m", "--full", hub=hub)
        answers = 0
        while process.poll() is None:
            result = audit("sql", "SELECT repo_id, rule, severity FROM findings")
            assert result.code == 0, result
            assert "org/m" in result.out
            answers += 1
        process.communicate()
    assert answers


@pytest.mark.parametrize("processes", [3])
def test_audits_at_once_share_a_database(processes):
    with serve(WORLD) as hub:
        running = [start("repo", "org/m", hub=hub) for _ in range(processes)]
        for process in running:
            _, err = process.communicate(timeout=60)
            assert process.returncode == 1, err
    rows = audit("sql", "--format", "json", "SELECT count(*) AS n, count(DISTINCT audit_id) AS d FROM audits").json
    assert rows == [{"n": processes, "d": processes}]
