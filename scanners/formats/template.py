"""Jinja templates: files of their own, and the chat templates in configurations and GGUF files.

Loaders render them for every conversation; here they are parsed. Ollama's templates are in Go's language, and are told
apart by it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from scanners.facts import TEXT_LIMIT, Code, clip, clip_name
from scanners.scanner import NotThisFormat, Scan, Scanner, by_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.binary import jinja
    from scanners.facts import AnomalyCode
    from scanners.source import Source

_OVERLAP: Final = 64
"""Characters that two pieces of a long text share, so that no phrase falls between them."""
_STATED_MOST: Final = 16


def scan(source: Source, scan: Scan) -> None:
    """State what the template looks up, says and decides by."""
    from scanners.binary import jinja  # noqa: PLC0415 - heavy, and loaded before the seal by `load_libraries`

    if source.size > 4 * jinja.MOST:
        scan.unread("limit", f"a template of {source.size} bytes")
        return
    try:
        text = source.read(0, source.size).decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise NotThisFormat from error
    scan.format = "jinja"
    try:
        template = _read(text)
    except ValueError as problem:
        scan.unread("limit" if len(text) > jinja.MOST else "broken", str(problem))
        return
    _state(template, hashlib.sha256(template.outline.encode()).hexdigest()[:16], scan)
    scan.account.examined(0, source.size)


def load_libraries() -> None:
    """Import the readers of templates, and Jinja with them: a sealed process could not."""
    from scanners.binary import go_template, jinja  # noqa: F401, PLC0415


def _read(text: str) -> jinja.Template:
    from scanners.binary import go_template, jinja  # noqa: PLC0415 - as in `scan`

    try:
        return jinja.read(text)
    except ValueError as problem:
        try:
            return go_template.read(text)
        except ValueError:
            raise problem from None


def _state(template: jinja.Template, digest: str, scan: Scan) -> None:
    said = list(dict.fromkeys(piece for text in template.texts for piece in _pieces(text)))
    names = tuple(map(clip_name, template.names))
    scan.state_code(Code("jinja", "", names, tuple(map(clip, said)), digest, member=scan.member))
    odd: dict[AnomalyCode, list[str]] = {
        "template.dynamic": list(template.dynamic),
        "template.include": list(template.includes),
        "template.bomb": list(template.bombs),
        "template.trigger": [f"for {asked!r} it says {said!r}" for asked, said in template.triggers],
    }
    for code, details in odd.items():
        for detail in details[:_STATED_MOST]:
            scan.anomaly(code, detail)


def _pieces(text: str) -> Iterator[str]:
    for at in range(0, max(1, len(text) - _OVERLAP), TEXT_LIMIT - _OVERLAP):
        yield text[at : at + TEXT_LIMIT]


SCANNER = Scanner("template", 4, frozenset({".jinja", ".jinja2", ".j2"}), by_name, scan, whole=True)
