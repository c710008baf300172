"""The Hub that `audit demo` audits: two organisations, and one repo of every kind of verdict.

Nothing in it runs. What is malicious calls `echo`, and nobody loads it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from audit.demo.archive import called, make_big_torch, safetensors, state_dict, tensor, text, torch_archive
from audit.demo.world import Commit, Repo, World

if TYPE_CHECKING:
    from audit.demo.blobs import Content

ORGANISATIONS = ("demo-org", "demo-lab")
FIRST_NIGHT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
SECOND_NIGHT = FIRST_NIGHT + timedelta(days=8)
"""In another week than the first, so that a trend has two points."""
_SECURITY: dict[str, dict[str, dict[str, object]]] = {
    "demo-org/torch-runner": {
        "pytorch_model.bin": {
            "status": "unsafe",
            "avScan": {"status": "safe", "message": "No security issues detected"},
            "pickleImportScan": {
                "status": "unsafe",
                "pickleImports": [{"module": "posix", "name": "system", "safety": "dangerous"}],
            },
        }
    },
    "demo-org/custom-layers": {"pytorch_model.bin": {"status": "safe", "avScan": {"status": "safe"}}},
}
"""What the Hub's own scanners say of files, by repo and path: of all others, nothing."""
HARMLESS = "echo hub-audit demo: this never runs"

__all__ = ["FIRST_NIGHT", "ORGANISATIONS", "SECOND_NIGHT", "demo_world", "make_big_torch"]


def demo_world(night: Literal[1, 2] = 2) -> World:
    """The demo Hub as of its first night, or as of the second, after some of its repos were pushed to."""
    runs = called("posix", "system", text(HARMLESS))
    drifting = _pickled(layer=called("acme_models.pooling", "Mean", text("cls")))
    tidied = _weights("mpnet", safetensors({"pooler.weight": (16, 8)}))
    repos = (
        _repo("demo-org/clean-classifier", 120_000, 310, ("Add the model", _classifier())),
        _repo("demo-lab/classifier-mirror", 900, 4, ("Mirror the model", _classifier())),
        _repo("demo-org/torch-runner", 4_100, 12, ("Add the weights", _pickled(runs))),
        _repo("demo-org/custom-layers", 15_300, 41, ("Add the weights", _pickled(layer=_custom()))),
        _repo("demo-lab/unreadable-weights", 260, 1, ("Add the weights", _unreadable())),
        _repo(
            "demo-lab/turned-translator",
            64_000,
            190,
            ("Add the weights", _pickled()),
            ("Improve the weights", _pickled(runs)),
        ),
        _repo("demo-org/tidy-embedder", 38_000, 75, ("Add the weights", drifting), ("Use safetensors", tidied)),
    )
    return World(tuple(replace(repo, branches={"main": min(night, len(repo.commits)) - 1}) for repo in repos))


def _repo(repo_id: str, downloads: int, likes: int, *nights: tuple[str, dict[str, Content]]) -> Repo:
    commits = tuple(
        Commit({"README.md": _card(repo_id), **files}, title, date, security=_SECURITY.get(repo_id, {}))
        for (title, files), date in zip(nights, (FIRST_NIGHT, SECOND_NIGHT), strict=False)
    )
    return Repo(
        repo_id,
        commits,
        downloads=downloads,
        likes=likes,
        created_at=FIRST_NIGHT,
        labels=("transformers", "license:apache-2.0"),
        library="transformers",
    )


def _card(repo_id: str) -> bytes:
    name = repo_id.rpartition("/")[2]
    return f"---\nlicense: apache-2.0\nlibrary_name: transformers\n---\n# {name}\n\nA model of the demo.\n".encode()


def _config(model_type: str) -> bytes:
    config = {"model_type": model_type, "hidden_size": 8, "num_labels": 2, "torch_dtype": "float32"}
    return json.dumps(config, indent=2).encode() + b"\n"


def _weights(model_type: str, data: bytes) -> dict[str, Content]:
    return {"config.json": _config(model_type), "model.safetensors": data}


def _pickled(dropped: bytes = b"", **values: bytes) -> dict[str, Content]:
    # What is dropped (POP) leaves no trace in the result: a victim gets the very dictionary that was asked for.
    items = {"embeddings.weight": tensor("0", 256), **values}
    pickled = state_dict(items, *((dropped + b"0",) if dropped else ()))
    archive = torch_archive([("data.pkl", pickled), ("data/0", bytes(256 * 4))])
    return {"config.json": _config("bert"), "pytorch_model.bin": archive.read(0, archive.size)}


def _custom() -> bytes:
    return called("acme_models.layers", "Custom", text("gelu"))


def _classifier() -> dict[str, Content]:
    shapes = {"classifier.bias": (2,), "classifier.weight": (2, 8), "embeddings.weight": (32, 8)}
    return _weights("bert", safetensors(shapes))


def _unreadable() -> dict[str, Content]:
    noise = b"".join(hashlib.sha256(b"noise %d" % at).digest() for at in range(256))
    return {"config.json": _config("bert"), "model.bin": b"ACMEWTS1" + noise}
