"""`--engine` where there is no cluster."""

import json

from audit import ray_engine
from tests.command import audit, clean_failure
from tests.hub import repo, serve


def test_an_address_without_an_engine_for_it_is_a_mistake():
    clean_failure(audit("sweep", "org", "--address", "head:6379"), 2, "--address names a cluster; add --engine ray")


def test_without_ray_the_engine_says_what_to_install(tmp_path):
    (tmp_path / "ray.py").write_text("raise ImportError\n")
    result = audit("sweep", "org", "--engine", "ray", PYTHONPATH=str(tmp_path))
    clean_failure(result, 2, "--engine ray needs Ray: pip install 'hub-audit[cluster]'")


def test_a_local_sweep_does_without_ray(tmp_path):
    (tmp_path / "ray.py").write_text("raise SystemExit('imported')\n")
    with serve(repo("org/m", {"config.json": b"{}"})) as hub:
        result = audit("sweep", "org", "--log", "json", hub=hub, PYTHONPATH=str(tmp_path))
        plan = audit("sweep", "org", "--plan", "--engine", "ray", hub=hub, PYTHONPATH=str(tmp_path))
    assert (result.code, plan.code) == (0, 0), (result, plan)
    assert [json.loads(line)["event"] for line in result.err.splitlines() if line[0] == "{"] == ["listed", "audited"]


def test_what_is_sent_says_nothing_of_the_token(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret_of_mine")
    one_, again = ray_engine._account(), ray_engine._account()
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    assert one_ == again != ray_engine._account()
    assert "secret" not in one_


def test_a_node_of_another_version_audits_nothing():
    setup = json.dumps({"version": "0.0.1", "account": "x", "config": {}, "ledger": "x"}).encode()
    for wrong in (setup, b"{}", b"\x80\x04."):
        answer = json.loads(ray_engine.run_errand(wrong, b"{}"))
        assert answer["audit"] is None
        assert "install the same on all nodes" in answer["refusal"]
