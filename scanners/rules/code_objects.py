"""Functions, classes and source that a file carries by value: what they are made of, and whether loading runs them.

Code that only computes is told apart by proof, not by a list of digests: the same lambda has another digest in every
version of Python and for every constant in it (see `scanners.binary.bytecode`). Of all other code the names and the
strings tell: a function that travels in a model file has no business with processes, sockets or other code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.facts import EXAMINED, PIECE
from scanners.findings import SEVERITIES, Rule
from scanners.rules.case import listed
from scanners.rules.pickle_arguments import Objection, made_by, path_of, sink_in, text_of
from scanners.rules.pickle_known import ML_ROOTS, OS_ACTS, RISKY_NAMES
from scanners.rules.pickle_rules import CODE_OBJECT
from scanners.rules.policy_names import canonical_path
from scanners.rules.policy_sinks import REACHED, SINKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanners.facts import Call, Code
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case
    from scanners.rules.policy import Policy

_PREFER: Final = "Do not load it; ask the publisher for safetensors."

CALLED: Final = Rule(
    "pickle-runs-own-code",
    "critical",
    "Loading this file runs a function that the file itself carries",
    "The pickle rebuilds a function or a class from byte code and calls it while it is loaded, by itself or as a method"
    " such as `__setstate__`. Whatever the function does then happens before any model is there to be looked at.",
    _PREFER,
    (
        "https://docs.python.org/3/library/pickle.html#object.__setstate__",
        "https://cwe.mitre.org/data/definitions/502.html",
    ),
)
BYTECODE: Final = Rule(
    "python-bytecode",
    "medium",
    "The file holds compiled Python without its source",
    "Byte code does what source does, and nobody can read it. A repository that ships it beside, or instead of, its"
    " source hides what is run.",
    "Delete it and let Python compile the source; if there is no source, do not run it.",
    ("https://docs.python.org/3/library/marshal.html", "https://cwe.mitre.org/data/definitions/506.html"),
)
SOURCE: Final = Rule(
    "pickle-runs-source",
    "medium",
    "Loading this file executes Python source that it holds",
    "torch.fx writes the source of a traced module into the pickle; loading executes it, and traces the function that"
    " it defines by calling it. Honest source only computes.",
    "Read the source before you load the file, or ask for a state_dict.",
    ("https://pytorch.org/docs/stable/fx.html",),
)
PACKAGED: Final = Rule(
    "torch-package-source",
    "critical",
    "Source in the torch.package does what no model has to do",
    "PackageImporter executes the sources of the archive when something is loaded from it. Models compute; these name"
    " functions that run programs, open connections, write files or load other code.",
    "Read that source before you load anything from the package, or ask for safetensors.",
    ("https://docs.pytorch.org/docs/stable/package.html",),
)

RULES: Final[tuple[Rule, ...]] = (CALLED, BYTECODE, SOURCE, PACKAGED)

_NAMEDTUPLE: Final = ("_tuple_new",)
"""All that `__new__` of a named tuple names; what it stands for is a reference of its own."""
_LABELS: Final = frozenset(("__qualname__", "__name__", "__module__", "__doc__"))
_SHOWN: Final = 6
_WINDOW: Final = 4
"""Names in a row that may be the parts of one path."""
_RISKY: Final = RISKY_NAMES | REACHED | SINKS
_OPERATORS: Final = ("operator.", "_operator.")
_ORDINARY: Final = ("os.path", "os.environ", "os.getcwd", "os.getenv", "os.cpu_count", "inspect.", "builtins.globals")
"""What modules of models name and pickles do not: paths, settings, signatures."""
_LOOKS_UP: Final = frozenset(("operator.attrgetter", "operator.methodcaller", "operator.itemgetter", "operator.call"))


def risks(code: Code, policy: Policy) -> list[str]:
    """What compiled code uses that code in a model file should not."""
    names = code.names
    found = {name for name in names if name in _RISKY}
    if found == {"os"} and _only_paths(code):
        # No path of these begins with it, so none is denied for that.
        names, found = tuple(name for name in names if name != "os"), set()
    for width in range(2, _WINDOW + 1):
        for run in (names[at : at + width] for at in range(len(names) - width + 1)):
            path = ".".join(run)
            # `trace.run` may be any object's; only below a package of its own does a prefix tell.
            if policy.sink(path) is not None or (run[0] in ML_ROOTS and policy.decide_path(path).kind == "deny"):
                found.add(path)
    if text := sink_in(code.strings, policy, resolver=not found.isdisjoint({"getattr", "__import__", "importlib"})):
        found.add(text)
    return sorted(found)


def _only_paths(code: Code) -> bool:
    """Whether code that names `os` names nothing that is dangerous there, and is told whole."""
    told = max(len(code.names), len(code.strings)) < PIECE
    return told and OS_ACTS.isdisjoint(code.names) and OS_ACTS.isdisjoint(code.strings)


def _denied(code: Code, policy: Policy) -> tuple[Severity, list[str]]:
    """The worst that the policy says of what source names, and of which names."""
    worst: Severity = "medium"
    found: list[str] = []
    for path in code.names:
        decision = policy.decide_path(path)
        arithmetic = path.startswith(_OPERATORS) and path not in _LOOKS_UP
        if decision.kind == "deny" and decision.severity in {"high", "critical"} and not arithmetic:
            found.append(path)
            worst = max(worst, decision.severity, key=SEVERITIES.index)
    return worst, found


def _beyond_models(code: Code, policy: Policy) -> tuple[Severity, list[str]]:
    """The same of a whole module, which may import what it does not use and look at what it is given."""
    _, named = _denied(code, policy)
    decisions = {path: policy.decide_path(path) for path in named if "." in path and not path.startswith(_ORDINARY)}
    found = {path: each.severity for path, each in decisions.items() if each.capability != "attribute_primitive"}
    return max(found.values(), key=SEVERITIES.index, default="medium"), list(found)


def _weigh(code: Code, policy: Policy) -> tuple[Rule, Severity, list[str]]:
    """The rule that speaks of a piece of code, its weight, and what weighs."""
    if code.kind == "python":
        return SOURCE, *_denied(code, policy)
    if code.kind == "torch.package":
        return PACKAGED, *_beyond_models(code, policy)
    if code.kind == "pyc":
        return BYTECODE, "medium", []
    rule = CALLED if code.called else CODE_OBJECT if code.kind == "pickle" else BYTECODE
    if code.inert or (code.names == _NAMEDTUPLE and code.called and not code.strings):
        return rule, "medium" if code.called else "low", []
    found = risks(code, policy)
    if code.called:
        return rule, "critical", found
    return rule, "high" if found or not code.digest else "medium", found


def judge(case: Case) -> Iterator[Finding]:
    """Findings about code: one for each rule and member, at the worst of what is there."""
    groups: dict[tuple[Rule, str], list[tuple[Code, Severity, list[str]]]] = {}
    for code in case.codes:
        if code.kind in {"keras", "jinja", "tokens", "module", "r"}:
            continue
        rule, severity, weighs = _weigh(code, case.policy)
        if rule is PACKAGED and not weighs:
            continue  # That there are sources is told once for the archive.
        groups.setdefault((rule, code.member), []).append((code, severity, weighs))
    for (rule, member), entries in groups.items():
        worst = max((severity for _, severity, _ in entries), key=SEVERITIES.index)
        weighing = [(code, weighs) for code, severity, weighs in entries if severity == worst]
        names = list(dict.fromkeys(code.name or "one that cannot be read" for code, _ in weighing))
        uses = list(dict.fromkeys(risk for _, found in weighing for risk in found))
        yield rule.at(
            f"{rule.title}: {listed(names, _SHOWN)}" + (f", with {listed(uses, _SHOWN)}" if uses else ""),
            member=member,
            offset=weighing[0][0].offset,
            severity=worst,
            functions=len({(code.name, code.digest) for code, _, _ in entries}),
            uses=listed(uses, _SHOWN) or None,
            digest=weighing[0][0].digest or None,
        )


# --- calls that assemble what the code is judged for -----------------------------------------------------------------


def _first(call: Call) -> str:
    return call.arguments[0] if call.arguments else ""


def _assembles(call: Call, _: Policy) -> Objection | None:
    """A call that makes a function of code, or fills a function or class that the pickle made."""
    first = _first(call)
    if first.startswith(EXAMINED):
        return None
    if path := path_of(first):
        return Objection("critical", f"it changes {path}, which the pickle did not make")
    return Objection("medium", "the code cannot be told")


def _class(call: Call, policy: Policy) -> Objection | None:
    """A call that makes a class by calling its first argument."""
    first = _first(call)
    named = canonical_path(path_of(first))
    by_name = canonical_path(made_by(first)) in _TYPES_BY_NAME
    if first.startswith(EXAMINED) or by_name or named == "builtins.type":
        return None
    if named and policy.decide_path(named).kind == "allow":
        return None
    return Objection("medium", f"what it calls to make the class, {first or '?'}, is unknown")


def _named(call: Call, _: Policy) -> Objection | None:
    """A call that looks up what a constant names; what that is, is a reference of its own."""
    return None if text_of(_first(call)) is not None else Objection("critical", "the name is not a constant")


def _sets(call: Call, _: Policy) -> Objection | None:
    """`setattr(object, name, value)`, by which dill fills cells and names classes."""
    cell = canonical_path(made_by(_first(call))) == "dill._dill._create_cell"
    own = _first(call).startswith(EXAMINED)
    named = [text_of(argument) for argument in call.arguments[1:]]
    if len(named) == 2 and named[0] in _LABELS and named[1] is not None:
        return None
    if (len(named) == 2 and named[0] is not None and (cell or own)) or (own and call.opcode == "BUILD"):
        return None
    if call.opcode == "BUILD" and call.arguments[-1:] == ("<unknown>",):
        return Objection("medium", "its state may have a method that is called")
    return Objection("high", "it sets an attribute of something that the pickle did not make")


def _applies(_: Call, __: Policy) -> Objection | None:
    """A call that calls what it is handed. Named only, as code that is carried names it, it does nothing."""
    return Objection("high", "it calls what it is handed")


def _source(_: Call, __: Policy) -> Objection | None:
    """A call that executes source, which was examined where it could be told."""
    return Objection("critical", "the source that it executes cannot be told")


def _packaged_source(call: Call, _: Policy) -> Objection | None:
    """A call that imports the module that torch.package wrote for a traced graph, which is examined as a source."""
    module = text_of(call.arguments[2]) if len(call.arguments) == 3 else None
    if module is not None and module.startswith(_GENERATED):
        return None
    return Objection("high", "it imports a module that torch.package did not write")


def _nothing(_: Call, __: Policy) -> Objection | None:
    """A call that makes a value, whatever it is given."""
    return None


def _under(
    package: str, names: str, judge: Callable[[Call, Policy], Objection | None]
) -> dict[str, Callable[[Call, Policy], Objection | None]]:
    return {f"{package}.{name}": judge for name in names.split()}


_TYPES_BY_NAME: Final = frozenset(("cloudpickle.cloudpickle._builtin_type", "dill._dill._load_type"))
_GENERATED: Final = "fx-generated._"
_CLOUD: Final = "cloudpickle.cloudpickle"
_DILL: Final = "dill._dill"
ASSEMBLING: Final[dict[str, Callable[[Call, Policy], Objection | None]]] = {
    **_under(
        _CLOUD,
        "_make_function _make_skel_func _fill_function _function_setstate _rehydrate_skeleton_class _class_setstate",
        _assembles,
    ),
    **_under(_DILL, "_create_function", _assembles),
    **_under(_CLOUD, "_make_skeleton_class", _class),
    **_under(_DILL, "_create_type", _class),
    **_under(_CLOUD, "_builtin_type subimport", _named),
    **_under(_DILL, "_load_type _import_module", _named),
    **_under(
        _CLOUD,
        "_make_cell _make_empty_cell _empty_cell_value _make_skeleton_enum _make_typevar _make_dict_keys"
        " _make_dict_values _make_dict_items",
        _nothing,
    ),
    **_under(_DILL, "_create_cell _create_code", _nothing),
    **_under(_DILL, "_setattr", _sets),
    **_under("builtins", "setattr", _sets),
    **_under("builtins", "map filter sorted min max", _applies),
    **_under("torch.fx.graph_module", "reduce_graph_module reduce_deploy_graph_module", _source),
    **_under("torch.fx.graph_module", "reduce_package_graph_module", _packaged_source),
}
"""By canonical name, as `ARGUMENT_AWARE`. A code object that was read leaves no call behind, only its own fact."""
