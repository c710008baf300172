"""The configuration: every knob with its default, read once, strictly, into frozen values.

Order: the defaults here, then one file: the one that `--config` names, else the user's own
(`$XDG_CONFIG_HOME/hub-audit/config.yaml`) if there is one. Nothing is ever read from the current folder or from a
folder that is being audited: its author would choose how it is looked at. `config.yaml` at the project's root
documents the defaults and is not read.
"""

from __future__ import annotations

import difflib
import math
import re
from datetime import date  # noqa: TC003 - msgspec reads the annotation at run time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_type_hints

import msgspec
from msgspec import Meta

from crawler.repos import Revisions  # noqa: TC001 - msgspec reads the annotation at run time
from reports.record import RepoType  # noqa: TC001 - the same
from reports.suppression import BLOB, FINGERPRINT, Suppression
from scanners.budget import Limits
from scanners.findings import Severity  # noqa: TC001 - the same

if TYPE_CHECKING:
    from collections.abc import Iterator

    import yaml

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Bytes = Annotated[int, Meta(ge=1, le=1 << 50)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Text = Annotated[str, Meta(min_length=1, max_length=4096)]
Place = Annotated[str, Meta(pattern="^(/|~/)")]
Address = Annotated[str, Meta(pattern="^https?://[^/?#\\s]+")]


class ConfigError(Exception):
    """The configuration is wrong: one line names the file, the key, and what is expected there."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping of the file whose keys are the fields."""


class HubConfig(_Section, frozen=True):
    """Where the models are."""

    endpoint: Address | None = None


class FetchConfig(_Section, frozen=True):
    """How bytes are fetched."""

    concurrency: Count = 16
    per_host: Count = 16
    connect: Seconds = 10.0
    read: Seconds = 30.0
    attempts: Count = 6
    wait: Seconds = 900.0
    share: Annotated[float, Meta(gt=0, le=1)] = 1.0


_LIMITS = Limits()


class ScanLimits(Limits, frozen=True, forbid_unknown_fields=True):
    """The scanners' limits, each within reason."""

    depth: Annotated[int, Meta(ge=1, le=64)] = _LIMITS.depth
    inflated: Bytes = _LIMITS.inflated
    ratio: Count = _LIMITS.ratio
    ratio_floor: Bytes = _LIMITS.ratio_floor
    whole: Bytes = _LIMITS.whole
    facts: Count = _LIMITS.facts
    samples: Count = _LIMITS.samples


class ScanConfig(_Section, frozen=True):
    """How blobs are scanned."""

    workers: Annotated[int, Meta(ge=1, le=1024)] | None = 2
    deadline: Seconds = 120.0
    memory: Annotated[int, Meta(ge=256, le=1 << 20)] = 1024
    limits: ScanLimits = ScanLimits()


class CacheConfig(_Section, frozen=True):
    """The block cache."""

    dir: Place | None = None
    limit: Annotated[float, Meta(gt=0, le=1_000_000)] = 20.0


class StoreConfig(_Section, frozen=True):
    """The database."""

    db: Place | None = None
    wait: Annotated[float, Meta(ge=0, le=86_400)] = 30.0


class SweepConfig(_Section, frozen=True):
    """What `audit sweep` covers."""

    targets: tuple[Text, ...] = ()
    types: Annotated[tuple[RepoType, ...], Meta(min_length=1)] = ("model",)
    include: tuple[Text, ...] = ()
    exclude: tuple[Text, ...] = ()
    revisions: tuple[Revisions, ...] = ()
    repos: Annotated[int, Meta(ge=1, le=1024)] = 8


class Entry(_Section, frozen=True):
    """A name that the user judges for themselves, and why; no longer from the day after `expires`."""

    name: Text
    reason: Text
    expires: date | None = None


class PolicyConfig(_Section, frozen=True):
    """The user's own judgement of names that blobs refer to."""

    allow: tuple[Entry, ...] = ()
    deny: tuple[Entry, ...] = ()


class ReportConfig(_Section, frozen=True):
    """What reports and exit codes do."""

    fail_on: Severity = "high"


class Config(_Section, frozen=True):
    """The whole configuration."""

    hub: HubConfig = HubConfig()
    fetch: FetchConfig = FetchConfig()
    scan: ScanConfig = ScanConfig()
    cache: CacheConfig = CacheConfig()
    store: StoreConfig = StoreConfig()
    sweep: SweepConfig = SweepConfig()
    policy: PolicyConfig = PolicyConfig()
    suppress: tuple[Suppression, ...] = ()
    report: ReportConfig = ReportConfig()


_SECTIONS = frozenset(Config.__struct_fields__)


def load(path: Path | None = None) -> Config:
    """The defaults with the values of the file at `path`, or of the user's own file; raises `ConfigError`."""
    if path is None:
        path = user_file()
        if not path.exists():
            return Config()
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    return parse(text, str(path))


def user_file() -> Path:
    """The user's own configuration file, which need not exist."""
    from platformdirs import user_config_path  # noqa: PLC0415 - not needed with --config

    return user_config_path("hub-audit") / "config.yaml"


def parse(text: str, name: str) -> Config:
    """The configuration that the YAML `text` writes; `name` stands for it in the messages of `ConfigError`."""
    import yaml  # noqa: PLC0415 - slow to load, and most users have no file

    try:
        _refuse_tricks(text, name)
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: not YAML: {_where(error)}") from error
    except (ValueError, RecursionError) as error:
        # A date such as 2026-13-40, an integer of thousands of digits, thousands of brackets.
        raise ConfigError(f"{name}: a value cannot be read: {error}") from error
    if value is None:
        return Config()
    if not isinstance(value, dict):
        raise ConfigError(f"{name}: expected a mapping of sections such as `fetch:`, got {_kind(value)}")
    # A section whose lines are all comments.
    value = {key: section for key, section in value.items() if section is not None or key not in _SECTIONS}
    for problem in _unknown(value, Config, ""):
        raise ConfigError(f"{name}: {problem}")
    try:
        return _expand(msgspec.convert(value, Config))
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {_expected(str(error), value)}") from error


def _expand(config: Config) -> Config:
    """The configuration with the user's home folder for a leading `~`."""
    cache, store = config.cache, config.store
    return msgspec.structs.replace(
        config,
        cache=msgspec.structs.replace(cache, dir=cache.dir and str(Path(cache.dir).expanduser())),
        store=msgspec.structs.replace(store, db=store.db and str(Path(store.db).expanduser())),
    )


def _refuse_tricks(text: str, name: str) -> None:
    """Refuse keys that are given twice, of which YAML silently takes the last, and aliases, which nobody needs."""
    import yaml  # noqa: PLC0415 - slow to load, and most users have no file

    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) and event.start_mark is not None:
            raise ConfigError(
                f"{name}: line {event.start_mark.line + 1}: write the value again instead of *{event.anchor}"
            )
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for path, line in _twice(root, "") if root is not None else ():
        raise ConfigError(f"{name}: {path}: given twice, again in line {line}")


def _twice(node: yaml.Node, path: str) -> Iterator[tuple[str, int]]:
    import yaml  # noqa: PLC0415 - slow to load, and most users have no file

    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = f"{path}.{key.value}".lstrip(".")
            if here in seen:
                yield here, key.start_mark.line + 1
            seen.add(here)
            yield from _twice(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            yield from _twice(item, f"{path}[{at}]")


def _unknown(value: Any, type_: Any, path: str) -> Iterator[str]:
    """What is wrong with the keys of a mapping that stands for a struct, and of those inside it."""
    if isinstance(value, dict) and isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        hints = get_type_hints(type_)
        for key, item in value.items():
            here = f"{path}.{key}".lstrip(".")
            if key not in hints:
                near = difflib.get_close_matches(str(key), hints, 1)
                yield f"{here}: unknown key; " + (
                    f"did you mean {f'{path}.{near[0]}'.lstrip('.')}?" if near else f"known here: {', '.join(hints)}"
                )
            else:
                yield from _unknown(item, hints[key], here)
    elif isinstance(value, list):
        for inner in getattr(type_, "__args__", ())[:1]:
            for at, item in enumerate(value):
                yield from _unknown(item, inner, f"{path}[{at}]")


_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_WORDS = {
    "object missing required field": "expected the key",
    "expected object": "expected a mapping",
    "expected array of length >= 1": "expected a list of at least one",
    "expected array": "expected a list",
    "expected int": "expected a whole number",
    "expected float": "expected a number",
    "expected str matching regex '^(/|~/)'": "expected an absolute path",
    "expected str matching regex '^https?://[^/?#\\\\s]+'": "expected an address such as https://huggingface.co",
    f"expected str matching regex {BLOB!r}": "expected a content such as sha256: and 64 digits",
    f"expected str matching regex {FINGERPRINT!r}": "expected the 32 digits that --verbose shows",
    "expected str": "expected a text",
    "expected bool": "expected true or false",
    "expected date": "expected a date such as 2026-12-31",
    "invalid RFC3339 encoded date": "expected a date such as 2026-12-31",
}
"""What msgspec says, and what it means in YAML; the longer of two that begin alike comes first."""


def _expected(message: str, value: Any) -> str:
    """A message of msgspec's as `section.key: expected …, got …`."""
    found = _AT.match(message)
    assert found is not None
    path = (found["path"] or "").lstrip(".")
    what = found["what"].replace("`", "").replace(" | null", "").partition(", got ")[0]
    what = what[:1].lower() + what[1:]
    if what.startswith("invalid enum value"):
        what = f"expected one of {', '.join(_choices(path))}"
    for said, meant in _WORDS.items():
        if what.startswith(said):
            what = meant + what.removeprefix(said)
            break
    return f"{path}: {what}, got {_kind(_at(value, path))}"


def _choices(path: str) -> tuple[str, ...]:
    """The texts that a key of fixed choices takes."""
    type_: Any = Config
    for name in re.findall(r"[^.\[\]]+", path):
        type_ = get_args(type_)[0] if name.isdigit() else get_type_hints(type_)[name]
    return get_args(type_)


def _at(value: Any, path: str) -> Any:
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case float() if math.isnan(value):
            return "no number"
        case _:
            return repr(value)[:80]


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"{what} in line {mark.line + 1}" if mark is not None else str(what)
