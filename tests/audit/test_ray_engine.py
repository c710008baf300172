"""Sweeps on a Ray cluster of two nodes; `make test-cluster` runs them."""

import dataclasses
import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audit.demo.faults import Shape
from audit.demo.world import World
from tests.command import audit, clean_failure, start
from tests.craft.pickles import asm, call, named, op, system, text
from tests.hub import one, repo, serve

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is an extra: `make test-cluster`"),
    pytest.mark.timeout(300),
]
FINDINGS = "SELECT repo_id, path, rule, message, count(*) AS n FROM findings GROUP BY ALL ORDER BY ALL"
AUDITS = 'SELECT repo_id, "commit", verdict, complete, count(*) AS n FROM audits GROUP BY ALL ORDER BY ALL'


class Nodes:
    def __init__(self, cpus, home):
        command = [sys.executable, Path(__file__).with_name("ray_nodes.py"), str(cpus)]
        places = dict.fromkeys(("HOME", "HF_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"), str(home))
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **places},
        )
        self.address = self.process.stdout.readline().strip()

    def lose_one(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    made = Nodes(2, tmp_path_factory.mktemp("nodes"))
    yield made
    made.process.communicate()


@pytest.fixture
def cluster(nodes):
    return ["--engine", "ray", "--address", nodes.address]


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


def elsewhere(folder):
    return {"XDG_DATA_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}


def test_a_cluster_reads_what_is_new_and_nothing_else(cluster):
    known, new = {"a.pkl": acme(1)}, {"a.pkl": acme(1), "b.pkl": acme(2)}
    with serve(World((one("org/m", known, new, branches={"main": 0}), one("org/n", {"c.pkl": system()})))) as hub:
        first = audit("sweep", "org", *cluster, hub=hub)
        again = audit("sweep", "org", *cluster, hub=hub)
        hub.push("org/m")
        hub.log.clear()
        third = audit("sweep", "org", *cluster, hub=hub)
        read = {request.path.rpartition("/")[2] for request in hub.log.requests("hub") if "/resolve" in request.path}
    assert [result.code for result in (first, again, third)] == [1, 1, 1], first
    assert "2 audited" in first.err
    assert "0 audited" in again.err
    assert "1 audited" in third.err
    assert read == {"b.pkl"}
    assert "Nothing is new" not in third.out
    asked = rows("SELECT requests FROM sweeps ORDER BY started_at")
    assert asked[1]["requests"] == 1
    assert asked[2]["requests"] > 2


def test_processes_of_a_cluster_stay_within_one_quota(cluster):
    shape = Shape(quotas=(("api", 10_000), ("resolvers", 60), ("pages", 100)), window=3.0)
    with serve(many(40), shape=shape) as hub:
        result = audit("sweep", "org", *cluster, hub=hub)
        requests = hub.log.requests("hub")
    assert result.code == 1, result
    assert len([request for request in requests if request.status == 429]) <= len(requests) // 50
    assert rows("SELECT DISTINCT complete FROM audits") == [{"complete": True}]


def test_a_node_that_is_another_user_audits_nothing(cluster):
    world = dataclasses.replace(many(1), tokens={"hf_secret": "me"})
    with serve(world) as hub:
        result = audit("sweep", "org", "--quiet", *cluster, hub=hub, HF_TOKEN="hf_secret")
    clean_failure(result, 2, "is logged in to the Hub as someone else", "HF_TOKEN")


def test_ctrl_c_ends_a_sweep_on_a_cluster_with_what_is_done(cluster):
    with serve(many(30), shape=Shape(latency=0.1)) as hub:
        process = start("sweep", "org", "--log", "json", *cluster, hub=hub)
        for line in process.stderr:
            if '"event":"audited"' in line:
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert rows("SELECT status FROM sweeps") == [{"status": "interrupted"}]
    assert rows("SELECT count(*) AS n FROM audits")[0]["n"] > 0


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:10001", "no-such-host.invalid:6379", "host:port"])
def test_a_cluster_that_is_not_there_is_said(address):
    clean_failure(audit("sweep", "org", "--engine", "ray", "--address", address), 2, f"--address {address}: ")


def test_a_sweep_that_loses_a_node_half_way_finds_what_a_local_one_finds(nodes, cluster, tmp_path):
    with serve(many(60), shape=Shape(latency=0.05)) as hub:
        local = audit("sweep", "org", hub=hub, **elsewhere(tmp_path))
        process = start("sweep", "org", "--log", "json", *cluster, hub=hub)
        seen = 0
        for line in process.stderr:
            seen += '"event":"audited"' in line
            if seen == 20:
                nodes.lose_one()
                break
        out, err = process.communicate(timeout=200)
    assert process.returncode == local.code == 1, err
    assert out == local.out
    assert rows(FINDINGS) == rows(FINDINGS, **elsewhere(tmp_path))
    assert rows(AUDITS) == rows(AUDITS, **elsewhere(tmp_path))
    assert rows("SELECT status, repos_audited FROM sweeps") == [{"status": "complete", "repos_audited": 60}]


def test_no_process_outlives_its_sweep(nodes, cluster):
    with serve(repo("org/m", {"a.pkl": acme(1)})) as hub:
        assert audit("sweep", "org", *cluster, hub=hub).code == 0
    deadline = time.monotonic() + 30.0
    while time.monotonic() < deadline and jails():
        time.sleep(0.2)
    assert jails() == []


def jails():
    """Fork servers whose parent is gone or belongs to Ray."""
    listed = subprocess.run(["ps", "-eo", "ppid,pid,args"], capture_output=True, text=True, check=True).stdout
    found = []
    for line in listed.splitlines():
        parent, pid, command = line.split(None, 2)
        if "scanners.worker" in command:
            above = Path(f"/proc/{parent}/cmdline")
            found += [pid] if not above.exists() or above.read_bytes().startswith(b"ray::") else []
    return found
