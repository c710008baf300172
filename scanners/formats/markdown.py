"""Markdown: model cards, and instructions for agents. What they say to run is handed on, as what it is in.

Source: https://spec.commonmark.org/0.31.2/ and https://huggingface.co/docs/hub/model-cards (the YAML in front).
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from scanners.binary import prose, yaml_tree
from scanners.binary.python_source import INLINE, parsed
from scanners.facts import Opens, Reference, clip, clip_name
from scanners.scanner import NotThisFormat, Scan, Scanner, by_name
from scanners.source import BytesSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.anomalies import AnomalyCode
    from scanners.source import Source

_MOST: Final = 4 << 20
_PARTS_MOST: Final = 500
_LINKS_MOST: Final = 8_000
_STATED_MOST: Final = 16
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_FRONT: Final = re.compile(r"\ufeff?---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_NAMES: Final = frozenset(
    ".md .mdx .mdc .markdown .rst .cursorrules .windsurfrules .clinerules .goosehints readme".split()
)
_OTHERS: Final = (".py", ".json", ".yaml", ".yml", ".ipynb", ".html", ".htm", ".sh", ".xml")
_FETCH: Final = re.compile(
    r"(?:from_pretrained|hf_hub_download|snapshot_download|load_dataset|pipeline|SentenceTransformer|InferenceClient"
    r"|LLM)"
    r"\(\s*(?:[^()\"']{0,80}(?:model|repo_id|path)\s*=\s*)?[\"']([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)[\"']"
)
_EXAMPLE: Final = re.compile(
    r"(?:path|your?|user|username|my|org|organi[sz]ation|local|name|repo|xxx+|example|hf)(?:[_-].*)?/|.*/(?:your|my"
    r"|xxx)|(?:\.|data|models?|checkpoints?|outputs?|results?|weights?)/",
    re.IGNORECASE,
)
_KINDS: Final[dict[str, AnomalyCode]] = {
    "password": "text.password",
    "verify": "text.verify",
    "antivirus": "text.antivirus",
}


def scan(source: Source, scan: Scan) -> None:
    """State what the text says to run, where it leads, and what it hides; hand on what it has others run."""
    if scan.name.lower().endswith(_OTHERS):
        raise NotThisFormat
    if source.size > _MOST:
        scan.unread("limit", f"{source.size} bytes of Markdown")
        return
    data = source.read(0, source.size)
    if _BINARY.search(data):
        raise NotThisFormat
    try:
        text = data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise NotThisFormat from error
    scan.format = "markdown"
    if (front := _FRONT.match(text)) and not yaml_tree.read(front[1]).broken:
        scan.inside(BytesSource(front[1].encode()), "front.yaml")
    found = list(islice(prose.parts(text), _PARTS_MOST + 1))
    for part in found[:_PARTS_MOST]:
        _hand_on(part, scan)
    for repo in dict.fromkeys(_FETCH.findall(text)):
        _repo(repo, scan)
    _state(text, scan)
    if len(found) > _PARTS_MOST:
        scan.unread("limit", f"more than {_PARTS_MOST} blocks of code")
        return
    scan.account.examined(0, source.size)


def _hand_on(part: prose.Part, scan: Scan) -> None:
    if part.suffix != ".py":
        scan.inside(BytesSource(part.text.encode()), f"line {part.line}{part.suffix}")
        return
    # A comment first: what is a value in JSON as well is Python here.
    program = f"#\n{part.text}".encode()
    try:
        parsed(program)
    except ValueError:
        return  # Fragments are common in prose; the repositories that they name are stated all the same.
    scan.inside(BytesSource(program), f"line {part.line}{INLINE}")


def _repo(repo: str, scan: Scan) -> None:
    if not _EXAMPLE.match(repo):
        owner, _, name = repo.partition("/")
        scan.state(Reference("hub.repo", clip_name(owner), clip_name(name), "argument", member=scan.member))


def _state(text: str, scan: Scan) -> None:
    links = prose.links(text)
    for address in links.addresses[:_LINKS_MOST]:
        scan.state(Opens("text.link", clip(address), "", member=scan.member))
    for path in links.files[:_LINKS_MOST]:
        scan.state(Opens("text.link", clip(path), "file", member=scan.member))
    if len(links.addresses) > _LINKS_MOST or len(links.files) > _LINKS_MOST:
        scan.unread("limit", f"more than {_LINKS_MOST} links")
    for code, details in _oddities(text):
        scan.anomaly(code, details)


def _oddities(text: str) -> Iterator[tuple[AnomalyCode, str]]:
    yield from (("text.script", each) for each in islice(prose.active(text), _STATED_MOST))
    yield from ((_KINDS[kind], each) for kind, each in islice(prose.lures(text), _STATED_MOST))
    yield from (("text.hidden", each) for each in islice(prose.hidden(text), _STATED_MOST))
    for kind, words, commented in islice(prose.orders(text), 4 * _STATED_MOST):
        yield "text.order", f"{kind}{' in a comment' if commented else ''}: {words}"


SCANNER = Scanner("markdown", 2, _NAMES, by_name, scan, whole=True)
