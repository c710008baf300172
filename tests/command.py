"""The `audit` command as a user runs it: a process of its own, on a clean environment."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """Standard output as JSON."""
        return json.loads(self.out)


def environment(hub=None, **variables):
    """The environment of the test with the Hub's address, and no way out of this machine."""
    extra = {"HF_ENDPOINT": hub.endpoint} if hub else {}
    return {**os.environ, "PYTHONWARNINGS": "error::ResourceWarning", **extra, **variables}


def audit(*arguments, hub=None, stdin=None, cwd=None, **variables):
    """Run `audit` to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "audit", *map(str, arguments)],
        capture_output=True,
        text=True,
        input=stdin,
        cwd=cwd,
        env=environment(hub, **variables),
        timeout=100,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def start(*arguments, hub=None, **variables):
    """Start `audit` and leave it running."""
    return subprocess.Popen(
        [sys.executable, "-m", "audit", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(hub, **variables),
    )


def clean_failure(result, code, *words):
    """A failure as users want it: the right code, one line that says what is wrong, no traceback."""
    lines = [line for line in result.err.splitlines() if line.strip()]
    assert result.code == code, result
    assert "Traceback" not in result.err
    assert len(lines) == 1 or lines[0].startswith("Usage:"), result.err
    for word in words:
        assert word in result.err, result.err
