"""The process of recording unpicklers, as the tests ask it."""

import base64
import json
import select
import subprocess
import sys
from pathlib import Path

_SCRIPT = Path(__file__).with_name("unpicklers.py")
_SECONDS = 60


class Oracle:
    """One recording process of one interpreter; a context."""

    def __init__(self, python=sys.executable, *options):
        self._command = [python, "-I", str(_SCRIPT), *options]

    def __enter__(self):
        # What stands on standard error is only CPython, which streams can bring to exceptions in destructors.
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(self._command, **pipes)
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()

    def accounts(self, data):
        """What each reader asked for, called and changed: see unpicklers.py."""
        self._process.stdin.write(base64.b64encode(data) + b"\n")
        self._process.stdin.flush()
        assert select.select([self._process.stdout], [], [], _SECONDS)[0], f"no answer to {data!r}"
        line = self._process.stdout.readline()
        assert line, f"the recorders died of {data!r}"
        accounts = json.loads(line)
        assert isinstance(accounts, list), f"{accounts}: {data!r}"
        return accounts
