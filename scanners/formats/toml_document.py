"""TOML: what configurations of libraries and of tools name, as in JSON and YAML.

Source: https://toml.io/en/v1.0.0, by the reader of Python's standard library.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Final

from scanners.binary.hub_config import HubConfig
from scanners.binary.tool_config import ToolConfig
from scanners.binary.tree import walk
from scanners.scanner import NotThisFormat, Scan, Scanner, by_name

if TYPE_CHECKING:
    from scanners.source import Source

_MOST: Final = 1 << 20


def scan(source: Source, scan: Scan) -> None:
    """State what the tables of the document ask for."""
    if not scan.name.lower().endswith((".toml", "pipfile")):
        raise NotThisFormat
    if source.size > _MOST:
        scan.unread("limit", f"TOML of {source.size} bytes")
        return
    try:
        text = source.read(0, source.size).decode()
    except UnicodeDecodeError as error:
        raise NotThisFormat from error
    if "\0" in text:
        raise NotThisFormat
    scan.format = "toml"
    try:
        root = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        scan.unread("broken", f"TOML: {error}")
        return
    hub, tools = HubConfig(scan), ToolConfig(scan)
    for value, place in walk(root):
        if isinstance(value, dict):
            hub.look(value, place)
            tools.look(value, place)
            tools.manifest(value, place)
    scan.account.examined(0, source.size)


SCANNER = Scanner("toml", 3, frozenset({".toml", "pipfile"}), by_name, scan, whole=True)
