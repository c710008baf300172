"""What a sweep covers: organisations, single repos, collections, searches, the most downloaded, each as one text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from crawler.errors import BadTargetError, clipped
from crawler.hub import check_author, check_id
from crawler.repos import Listed, Query, RepoType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from crawler.hub import Hub

Kind = Literal["author", "repo", "collection", "search", "top"]
_MOST = 1_000_000
_COLLECTION = re.compile(r"[\w.\-]+/[\w.\-]+", re.ASCII)
_HOW = "write ORG, ORG/NAME (datasets/ORG/NAME, spaces/ORG/NAME), collection:OWNER/TITLE-ID, search:WORDS or top:NUMBER"


class SweepTarget(NamedTuple):
    """One thing to sweep."""

    kind: Kind
    value: str
    type: RepoType | None = None
    """Of a single repo that is no model."""


def read_target(text: str) -> SweepTarget:
    """A target as users write it; raises `BadTargetError`, `NotARepoIdError`."""
    kind, colon, value = text.partition(":")
    match kind if colon else "":
        case "collection" if _COLLECTION.fullmatch(value):
            return SweepTarget("collection", value)
        case "search" if value.strip():
            return SweepTarget("search", value.strip())
        case "top" if value.isascii() and value.isdigit() and 0 < int(value[:9]) <= _MOST:
            return SweepTarget("top", value)
        case "" if "/" not in text:
            return SweepTarget("author", check_author(text))
        case "":
            for type_ in get_args(RepoType):
                if text.startswith(f"{type_}s/") and text.count("/") == 2:
                    return SweepTarget("repo", check_id(text.partition("/")[2]), type_)
            return SweepTarget("repo", check_id(text))
        case _:
            raise BadTargetError(f"{clipped(text)!r} is nothing to sweep; {_HOW}")


async def listed(hub: Hub, target: SweepTarget, types: Sequence[RepoType]) -> AsyncIterator[list[Listed]]:
    """The repos of a target, some at a time."""
    match target.kind:
        case "repo":
            yield [Listed(target.value, target.type or "model")]
        case "collection":
            yield [found for found in await hub.collection(target.value) if found.type in types]
        case _:
            for type_ in types:
                async for page in hub.pages(_query(target), type=type_):
                    yield page


def _query(target: SweepTarget) -> Query:
    match target.kind:
        case "search":
            return Query(search=target.value)
        case "top":
            return Query(most=int(target.value))
        case _:
            return Query(author=target.value)
