"""The oracle's law: whatever a real unpickler would import, call or change is among the facts.

Of each event that a reader notes (unpicklers.py says which there are):

- `ask`, `reach`: a Reference of that module and name.
- `call`: a Call of it, counted at least as often. Where arguments were only sampled, `Sampled` has the count. A call
  that makes or runs code that the stream carries is stated as that Code.
- `again`: a Call of something that has no name of its own, shown as what it came of; where names are `resolved`, or
  code or classes are carried, the thing may have been named or looked into as well.
- `change`: a Mutation, or a Reference that is `mutated`.
- `build`: a Reference that is `built` or `mutated`, or a Call by BUILD.
- `persistent`: a persistent Reference of that id, where it is short ASCII, else any; or a Storage.
- all calls together: as many are counted in the facts, unless code is carried.

What is let pass, and why:

- A name may be stated as it stands or as `fix_imports` maps it; both are wanted only of what a protocol below 3 asks.
- Names differ by the encoding that a loader chose where they are not ASCII: what counts are the bytes (D13).
- A name from an extension registry that the stream did not fill, and a name that is computed from such values, is
  unknowable: the anomalies `pickle.extension` and `pickle.dynamic-global`, which are high and critical, stand for it.
- A stream with `pickle.frame`, critical, is one that readers from files and from memory disagree about (D4): what
  the C unpickler does there counts as stated.
- A file that begins with the magic of a zip archive is read as one, by torch before any unpickler sees it.
- Arguments, their order and offsets are not compared: no fact about them is complete.
"""

from collections import Counter

from scanners.binary import carried_code
from scanners.binary.code_objects import role_of
from scanners.binary.pickle_values import Global
from scanners.facts import Anomaly, Call, Code, Mutation, Reference, Sampled, Storage, clip, clip_name
from tests.properties.unpicklers import ELSEWHERE, TEXTS, fixed

ARCHIVE = b"PK\x03\x04"


class Stated:
    """The facts of a file, as the law asks for them."""

    def __init__(self, facts):
        references = [fact for fact in facts if isinstance(fact, Reference)]
        calls = [fact for fact in facts if isinstance(fact, Call)]
        self.names = {(fact.module, fact.name) for fact in references if fact.kind == "pickle.global"}
        self.used = {(fact.module, fact.name, fact.used_as) for fact in references}
        self.persistent = {fact.name for fact in references if fact.kind == "pickle.persistent"}
        self.stores = any(isinstance(fact, Storage) for fact in facts)
        self.mutated = {(fact.module, fact.name) for fact in facts if isinstance(fact, Mutation)}
        self.anomalies = {fact.code for fact in facts if isinstance(fact, Anomaly)}
        self.carries = any(isinstance(fact, Code) for fact in facts)
        self.resolves = any(use == "resolved" for *_, use in self.used)
        self.built_by_call = any(fact.opcode == "BUILD" for fact in calls)
        self.calls = Counter()
        for fact in calls:
            self.calls[fact.module, fact.name] += fact.count
        for fact in facts:
            if isinstance(fact, Sampled):
                self.calls[fact.module, fact.name] = max(fact.seen, self.calls[fact.module, fact.name])


def _readings(text):
    """A text as the loader read it, and as we do, who take UTF-8 where bytes are that and Latin-1 else."""
    try:
        return {text, text.encode("latin-1").decode("utf-8", "surrogatepass")}
    except UnicodeError:
        return {text}


def _clipped(names):
    return {(clip(m), clip_name(n)) for module, name in names for m in _readings(module) for n in _readings(name)}


def _spellings(module, name):
    first, dot, rest = name.partition(".")
    mapped, mapped_first = fixed(module, first)
    return _clipped([(module, name), fixed(module, name), (mapped, mapped_first + dot + rest)])


def _carries(module, name):
    """Whether calling this makes or runs code that the stream carries: what is stated is the code."""
    dotted = f"{module}.{name}"
    return role_of(Global(module, name)) != "" or dotted in carried_code._EXECUTES or dotted in carried_code._UNMARSHALS


def _unknowable(event, texts, stated):
    """Whether the event is about what only an anomaly can stand for; `texts` are those that recorders gave."""
    kind, module, name = event
    if module == ELSEWHERE:
        return "pickle.extension" in stated.anomalies
    if kind == "persistent":
        return name in texts and bool(stated.persistent)
    return not texts.isdisjoint((module, name)) and "pickle.dynamic-global" in stated.anomalies


def _holds(event, count, stated):
    kind, module, name = event
    spellings = _spellings(module, name)
    match kind:
        case "ask":
            return not stated.names.isdisjoint(_clipped([(module, name)]))
        case "reach":
            return not stated.names.isdisjoint(spellings)
        case "call":
            counted = sum(stated.calls[spelling] for spelling in spellings)
            return counted >= count or (stated.carries and _carries(module, name))
        case "again":
            if stated.resolves or stated.carries or _carries(module, name):
                return True
            shown = [show for place, show in stated.calls if not place]
            dotted = {f"{m}.{n}".rstrip(".")[:60] for m, n in spellings}
            return any("…" in text or any(part in text for part in dotted) for text in shown)
        case "change":
            return any(spelling in stated.mutated or (*spelling, "mutated") in stated.used for spelling in spellings)
        case "build":
            uses = {(*spelling, use) for spelling in spellings for use in ("built", "mutated")}
            return stated.built_by_call or not stated.used.isdisjoint(uses)
        case "persistent":
            plain = name and len(name) <= 80 and name.isprintable()
            return stated.stores or (repr(name) in stated.persistent if plain else bool(stated.persistent))
    raise AssertionError(kind)


def missed(data, accounts, facts):
    """What is not among the facts, a line each; none where the law holds."""
    if data.startswith(ARCHIVE):
        return []
    stated = Stated(facts)
    lines = []
    for readers, events in accounts:
        bound = {reader for reader in readers if not (reader.startswith("C") and "pickle.frame" in stated.anomalies)}
        if not bound:
            continue
        whose = ", ".join(sorted(bound))
        texts = {name for kind, module, name, _ in events if module == TEXTS and kind in {"ask", "reach"}}
        for *event, count in (event for event in events if event[0] != "whole"):
            if not _holds(event, count, stated) and not _unknowable(event, texts, stated):
                lines.append(f"{whose}: {' '.join(map(repr, event))} {count}")
        calls = sum(count for kind, *_, count in events if kind in {"call", "again"})
        if calls > stated.calls.total() and not stated.carries:
            lines.append(f"{whose}: {calls} calls, {stated.calls.total()} stated")
    return lines
