"""Python source: what it imports, names and calls, and when.

Source: https://docs.python.org/3/reference/. What is no Python 3 is not read.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from scanners.binary import notebook, python_module
from scanners.binary.python_source import INLINE, MOST
from scanners.facts import Call, Code, Reference, clip, clip_name
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner

if TYPE_CHECKING:
    from scanners.source import Source

_CALLS_MOST: Final = 2_000
_PROGRAM: Final = re.compile(rb"(?:\xef\xbb\xbf)?#![^\n]{0,80}\bpython")
_REPO: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_DATASET: Final = re.compile(r"repo_type=['\"]dataset['\"]")
_REVISION: Final = re.compile(r"revision=['\"]([\w./-]+)['\"]")
_FETCHES: Final = frozenset("from_pretrained hf_hub_download snapshot_download load_dataset get_model_info".split())
_SERVED: Final = re.compile(rb"^(?:class|def) (EndpointHandler|PreTrainedPipeline|model_fn)\b", re.MULTILINE)
"""What inference endpoints, the Hub's old inference and SageMaker look for in files of the repository."""
_COMPUTES: Final = frozenset(
    "math typing typing_extensions dataclasses abc enum collections functools itertools".split()
)
"""Modules that only compute: calls of theirs are named, and not told one by one."""
_ORDINARY: Final = frozenset(
    "abs all any bool bytes callable chr dict divmod enumerate filter float format frozenset hash hex id int isinstance"
    " issubclass iter len list map max min next object ord pow print property range repr reversed round set slice"
    " sorted staticmethod classmethod str sum super tuple type zip ValueError TypeError RuntimeError KeyError hasattr"
    " NotImplementedError ImportError AttributeError IndexError AssertionError Exception".split()
)


def recognise(sample: Sample) -> bool:
    """Whether the first line hands the text to Python."""
    return _PROGRAM.match(sample.head) is not None


def scan(source: Source, scan: Scan) -> None:
    """State what the source imports, names and calls."""
    if source.size > MOST:
        scan.unread("limit", f"{source.size} bytes of Python source")
        return
    data = source.read(0, source.size)
    if b"\0" in data:
        raise NotThisFormat
    scan.format = "python"
    program = bool(scan.member) and scan.name.endswith((notebook.NAME, INLINE))
    try:
        module = python_module.read(data, program=program)
    except ValueError as problem:
        scan.unread("broken", str(problem))
        return
    for name in sorted(set(_SERVED.findall(data))):
        scan.state(Reference("serving.handler", "huggingface", name.decode(), "imported", member=scan.member))
    for path in module.imports:
        owner, _, name = path.rpartition(".")
        scan.state(Reference("python.import", clip_name(owner), clip_name(name), "imported", member=scan.member))
    digest = hashlib.sha256(data).hexdigest()[:16]
    texts = tuple(clip(text) for text in module.texts)
    for when, names in module.names.items():
        if names:
            some, early = tuple(map(clip_name, names)), when in {"import", "load"}
            scan.state_code(Code("module", when, some, (), digest, called=early, member=scan.member))
    if texts:
        scan.state_code(Code("module", "", (), texts, digest, member=scan.member))
    _state_calls(module, scan)
    scan.account.examined(0, source.size)


def _state_calls(module: python_module.Module, scan: Scan) -> None:
    told = [done for done in module.calls if not _plain(done.path)]
    for done in told[:_CALLS_MOST]:
        owner, _, name = done.path.rpartition(".")
        arguments = tuple(clip(argument) for argument in done.arguments)
        text = clip(f"line {done.line}: {done.path}({', '.join(arguments)})", 400)
        strings = tuple(clip(each) for each in done.texts)
        scan.state(
            Call(clip_name(owner), clip_name(name), done.when, text, arguments, strings, 1, scan.member, done.offset)
        )
        if name in _FETCHES and strings and _REPO.fullmatch(strings[0]):
            repository, _, repo = strings[0].partition("/")
            if name == "load_dataset" or any(map(_DATASET.fullmatch, arguments)):
                repository = f"datasets/{repository}"
            pinned = next((f"@{match[1]}" for match in map(_REVISION.fullmatch, arguments) if match), "")
            scan.state(
                Reference("hub.repo", repository, f"{repo}{pinned}", "argument", member=scan.member, offset=done.offset)
            )
    if len(told) > _CALLS_MOST:
        scan.unread("limit", f"{len(told)} different calls, {_CALLS_MOST} are stated")


def _plain(path: str) -> bool:
    root, _, rest = path.partition(".")
    return root in _COMPUTES or path.startswith("torch.nn.") or (root == "builtins" and rest in _ORDINARY)


SCANNER = Scanner("python", 3, frozenset({".py", ".pyw", ".pyi"}), recognise, scan, whole=True)
