"""The oracle's law: whatever a real unpickler would import, call or change is among the facts.

Of each event that a reader notes (unpicklers.py says which there are):

- `ask`, `reach`: a Reference of that module and name.
- `call`: a Call of it, counted at least as often. Where arguments were only sampled, `Sampled` has the count. A call
  that makes or runs code that the stream carries is stated as that Code.
- `again`: a Call of something that has no name of its own, shown as what it came of.
- `change`: a Mutation, or a Reference that is `mutated`.
- `build`: a Reference that is `built` or `mutated`.
- `persistent`: a persistent Reference of that id, where it is short ASCII, else of any, or a Storage.
- all calls together: as many are counted in the facts.

What is let pass, and why:

- A name may be stated as it stands or as `fix_imports` maps it; both are wanted only of what a protocol below 3 asks.
- What another function than `getattr` looks up on an object is stated as what `getattr` gives.
- Names differ by the encoding that a loader chose where they are not ASCII: what counts are the bytes (D13).
- A name from an extension registry that the stream did not fill, and a name that is computed from such values, is
  unknowable: the anomalies `pickle.extension` and `pickle.dynamic-global`, which are high and critical, stand for it.
  What follows the last pickle and may be none, `pickle.trailing`, is unread: its extensions are not told.
  For a module or an attribute that a call of such a name takes, the call stands, whose argument is no constant.
- Of what makes code or classes that the stream carries, and of what these give, the calls are not counted: what they
  are made of is stated, as Code. Nor is making a cell, which only holds a value for a function, nor dill's own
  `getattr(dill._dill, "_setattr", setattr)`: what is done with what they give is.
- Of streams read with one memo for all, of what stands where joblib reads an array, and of what follows the last pickle
  and may be none, what is no name, or a dotted one with a part that is none, is not there to be imported; and an id is
  stated where it is printable.
- A file of which nothing is stated as of a pickle may hand ids to its loader's hook: else each text that begins with a
  P were a pickle. The hook is the loader's, and the id a constant. Nor is it a pickle for a name in the module "",
  which nobody can import.
- A file that begins with the magic of a zip archive is read as one, by torch before any unpickler sees it.
- What a stream puts on an object where unpicklers look for a method is stated as imported, and not as called.
- Arguments, their order and offsets are not compared: no fact about them is complete.
"""

from collections import Counter

from scanners.binary import carried_code
from scanners.binary.code_objects import role_of
from scanners.binary.pickle_values import Global
from scanners.facts import Anomaly, Call, Code, Mutation, Reference, Sampled, Storage, clip, clip_name
from tests.properties import recorders
from tests.properties.recorders import ELSEWHERE, TEXTS, fixed

ONE_FOR_ALL = {"C, one for all", "C in memory, one for all", "Python, one for all"}
ARCHIVE = b"PK\x03\x04"
GETATTR = {"getattr_static", "object.__getattribute__", "type.__getattribute__", "vars"}
RESOLVERS = (
    *("getattr", "getattr_static", "__getattribute__", "attrgetter", "methodcaller", "getitem", "itemgetter", "get"),
    *("__import__", "import_module", "_gcd_import", "subimport", *(name for _, name in recorders.RESOLVERS)),
)


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
        others = any(fact.name == "NumpyArrayWrapper" for fact in references)
        self.others = others or not self.anomalies.isdisjoint(("pickle.broken", "pickle.trailing"))
        self.any = bool(references or self.stores)
        self.carries = any(isinstance(fact, Code) for fact in facts)
        self.resolves_unknown = any(
            fact.name.endswith(RESOLVERS) and any(not shown.startswith(("'", '"')) for shown in fact.arguments)
            for fact in calls
        )
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


def _exists(module, name):
    return all(part.isidentifier() for part in f"{module}.{name}".split("."))


def _is_cell(module, name):
    """Whether this makes a cell, which only holds a value for code that the stream carries."""
    return role_of(Global(module, name)) == "cell"


def _may_be_dills(module, name, stated):
    """Whether this may be `getattr(dill._dill, "_setattr", setattr)`."""
    return fixed(module, name) == ("builtins", "getattr") and ("dill", "_dill") in stated.names


def _unknowable(event, texts, stated):
    """Whether the event is about what only an anomaly can stand for; `texts` are those that recorders gave."""
    kind, module, name = event
    if module == ELSEWHERE:
        return not stated.anomalies.isdisjoint(("pickle.extension", "pickle.trailing"))
    if kind == "persistent":
        return name in texts and bool(stated.persistent)
    if texts.isdisjoint((module, *name.split("."))):
        return False
    return stated.resolves_unknown or "pickle.dynamic-global" in stated.anomalies


def _holds(event, count, stated, *, aside):
    """Whether an event is stated; `aside`, if it may be one of a reading of which less is."""
    kind, module, name = event
    spellings = _spellings(module, name)
    if kind in {"again", "build"} and name in GETATTR:
        spellings |= {("builtins", "getattr")}
    match kind:
        case "ask":
            return (aside and not _exists(module, name)) or not stated.names.isdisjoint(_clipped([(module, name)]))
        case "reach":
            return (aside and not _exists(module, name or "module")) or not stated.names.isdisjoint(spellings)
        case "call":
            counted = sum(stated.calls[spelling] for spelling in spellings)
            if counted >= count or (stated.carries and _carries(module, name)) or _is_cell(module, name):
                return True
            return _may_be_dills(module, name, stated)
        case "again":
            if _carries(module, name) or (stated.carries and not module):
                return True
            shown = [show for place, show in stated.calls if not place]
            dotted = {f"{m}.{n}".rstrip(".")[:60] for m, n in spellings}
            return any("…" in text or any(part in text for part in dotted) for text in shown)
        case "change":
            return any(spelling in stated.mutated or (*spelling, "mutated") in stated.used for spelling in spellings)
        case "build":
            uses = {(*spelling, use) for spelling in spellings for use in ("built", "mutated")}
            return not stated.used.isdisjoint(uses)
        case "persistent":
            plain = name and len(name) <= 80 and name.isprintable()
            if aside and not plain:
                return True
            return repr(name) in stated.persistent if plain else stated.stores or bool(stated.persistent)
    raise AssertionError(kind)


def missed(data, accounts, facts):
    """What is not among the facts, a line each; none where the law holds."""
    if data.startswith(ARCHIVE):
        return []
    stated = Stated(facts)
    lines = []
    for readers, events in accounts:
        told = {kind for kind, module, *_ in events if kind != "ask" or module}
        if not stated.any and told <= {"persistent", "whole"}:
            continue
        whose, aside = ", ".join(sorted(readers)), stated.others or ONE_FOR_ALL.issuperset(readers)
        texts = {name for kind, module, name, _ in events if module == TEXTS and kind in {"ask", "reach"}}
        texts |= {letter for text in texts for letter in text}  # one that is taken for arguments
        for *event, count in (event for event in events if event[0] != "whole"):
            if not _holds(event, count, stated, aside=aside) and not _unknowable(event, texts, stated):
                lines.append(f"{whose}: {' '.join(map(repr, event))} {count}")
        calls = sum(
            count
            for kind, *place, count in events
            if kind in {"call", "again"} and not (_carries(*place) or _may_be_dills(*place, stated))
        )
        if calls > stated.calls.total():
            lines.append(f"{whose}: {calls} calls, {stated.calls.total()} stated")
    return lines
