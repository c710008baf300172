"""Real unpicklers that read hostile streams and meet only recorders: base64 lines in, JSON lines out.

It stands alone with recorders.py (run it with `-I`, by any interpreter). Every name that a stream asks for is answered
with a recorder, so nothing that a stream names is ever imported or called. The process can open no descriptor, so
neither file nor socket; memory and time are bounded, and an event that no reader of a stream has reason for ends it.

An answer is a list of `[readers, [[event, module, name, count], …]]`, one entry for each different account. Events:
`ask` a name asked for; `reach` one reached by attributes and never spelled; `call` of what a name stands for, which
`__new__` is too; `again` a call of what such a call gave ("" where it goes deeper); `change` of the named thing itself
and `build` of an instance: `__setstate__`, attributes or items set, `append`, `extend`, `add`; `persistent` an id; and
`whole`, all was read, with nothing left and nothing wrong.
"""

import _pickle
import base64
import codecs
import contextlib
import copyreg
import functools
import io
import itertools
import json
import os
import pickle
import resource
import signal
import sys
import traceback  # noqa: F401 - CPython 3.12 and later import it when a destructor raises
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import recorders
from recorders import CODECS, ELSEWHERE, Deep, asked, fixed, heard, note

MEMORY, SECONDS, STREAMS = 1 << 28, 20, 128
REFUSED = set(
    "import open exec compile os socket subprocess ctypes shutil".split()
)  # audit events, or their first parts
CHANGEABLE = bytearray(b"x")


class Persists:
    def persistent_load(self, identity):
        note("persistent", ("", identity if type(identity) is str and identity.isascii() else ""))
        return Deep()


class InC(Persists, _pickle.Unpickler):
    def find_class(self, module, name):
        note("ask", (module, name))
        return asked((module, name))


class InPython(Persists, pickle._Unpickler):
    def find_class(self, module, name):
        note("ask", (module, name))
        if self.proto < 3 and self.fix_imports:
            note("ask", fixed(module, name))
        return asked((module, name))


def once_each(make, data, wrap=io.BytesIO):
    """As loaders do that read several streams from one file."""
    file = wrap(data)
    for _ in range(STREAMS):
        make(file).load()
        if file.tell() == len(data):
            note("whole", ("", ""))


def one_for_all(make, data, wrap=io.BytesIO):
    """As loaders do that keep one unpickler, whose memo lives on."""
    unpickler = make(wrap(data))
    for _ in range(STREAMS):
        unpickler.load()


def buffered(data):
    """A file with `peek`, which the C unpickler reads ahead of, as it reads bytes in memory."""
    return io.BufferedReader(io.BytesIO(data), max(1, len(data)))


def bytes_strings(base):
    return functools.partial(base, encoding="bytes", fix_imports=False)


def with_buffers(base):
    return lambda file: base(file, encoding="latin1", buffers=iter([b"buffer", CHANGEABLE]))


READERS = {
    "C": lambda data: once_each(InC, data),
    "C in memory": lambda data: once_each(with_buffers(InC), data, buffered),
    "C in memory, one for all": lambda data: one_for_all(bytes_strings(InC), data, buffered),
    "C, one for all": lambda data: one_for_all(bytes_strings(InC), data),
    "Python": lambda data: once_each(with_buffers(InPython), data),
    "Python, one for all": lambda data: one_for_all(InPython, data),
    "Python, bytes": lambda data: once_each(bytes_strings(InPython), data),
}


def seal():
    """Leave nothing to open, start or fill. What a system lacks of the limits it goes without."""
    for limit, most in (("RLIMIT_AS", MEMORY), ("RLIMIT_NPROC", 0), ("RLIMIT_NOFILE", 0)):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            resource.setrlimit(getattr(resource, limit), (most, most))
    sys.addaudithook(refuse)


def refuse(event, arguments):
    if event.partition(".")[0] in REFUSED:
        os.write(1, f'"a stream caused {event} {arguments[:1]}"\n'.encode())
        os._exit(3)


def listen(data):
    """What each reader does with the streams, the same accounts put together."""
    accounts = {}
    for (reader, read), recorders.settable in itertools.product(READERS.items(), (True, False)):
        heard.clear()
        with contextlib.suppress(Exception):  # the streams are made to break them
            read(data)
        account = tuple(sorted((*event, count) for event, count in heard.items()))
        accounts.setdefault(account, []).append(reader)
        reset_extensions()
    return [[readers, account] for account, readers in accounts.items()]


def reset_extensions():
    copyreg._extension_registry.clear()
    copyreg._inverted_registry.clear()
    copyreg._extension_cache.clear()
    for code in (7, 300, 70_000):
        copyreg.add_extension(ELSEWHERE, f"name{code}", code)


def main():
    # What is shown is looked for in a file, line by line: warnings, and what destructors of half-made objects raise.
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda _: None
    for codec in (*CODECS, "raw_unicode_escape", "utf-16", "utf-32"):
        codecs.lookup(codec)
    reset_extensions()
    seal()
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        print(json.dumps(listen(base64.b64decode(line))), flush=True)
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
