"""The process of recording unpicklers, as the tests ask it."""

import base64
import json
import select
import subprocess
import sys
from pathlib import Path

_SECONDS = 60


class Died(Exception):  # noqa: N818 - an answer of a kind
    """The recorders died of what they were given, and have been started anew."""


class Oracle:
    """One recording process of one interpreter, and of the readers in one script beside this; a context."""

    def __init__(self, python=sys.executable, script="unpicklers.py", *options):
        self._command = [python, "-I", str(Path(__file__).with_name(script)), *options]

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
        answer = json.loads(line) if line else "no word"
        if isinstance(answer, list):
            return answer
        self.__exit__()
        self.__enter__()
        raise Died(f"{answer}: {data!r}")
