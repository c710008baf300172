"""Models of many libraries: what bends their files, and the code of R and Lua in them (threats.md 7.8 to 7.12)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent, listed, opening, worse_away

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import AnomalyCode, Code
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_REWRITE: Final = "Do not load it; ask the publisher for a file that the library itself wrote."
_CVE_R: Final = "https://nvd.nist.gov/vuln/detail/CVE-2024-27322"
_R: Final = "https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats"

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "model.bounds": Rule(
        "model-bounds",
        "medium",
        "A number in the file leads out of it, or is none that its library writes",
        "The reader is C or C++ and goes where the number says; most do not look whether that is inside of the file.",
        _REWRITE,
        ("https://cwe.mitre.org/data/definitions/125.html",),
    ),
    "model.trailing": Rule(
        "model-trailing",
        "low",
        "There are bytes behind the end of the model",
        "No reader of the format looks at them. It is a place to keep something that a second step picks up.",
        "Ask the publisher what they are.",
        ("https://attack.mitre.org/techniques/T1027/009/",),
    ),
    "model.path": Rule(
        "model-path",
        "low",
        "The model keeps paths of the machine that it was made on",
        "Nothing opens them when the model is loaded; they tell of whoever trained it, and a training that goes on from"
        " here uses them.",
        "Take the parameters out before you train with them.",
        ("https://lightgbm.readthedocs.io/en/stable/Parameters.html",),
    ),
    "model.command": Rule(
        "model-command",
        "medium",
        "A text in the model is a command, or calls what reaches programs",
        "Its format has names and numbers, and no loader runs a text of it. Whoever put it there has a second step in"
        " mind, or a reader that can be made to.",
        _REWRITE,
        ("https://attack.mitre.org/techniques/T1027/009/",),
    ),
    "msgpack.extension": Rule(
        "msgpack-extension",
        "medium",
        "The file holds values of a kind that no library of models writes",
        "What such a value becomes decides a function of the program that loads it; some make objects of it.",
        _REWRITE,
        ("https://flax.readthedocs.io/en/latest/api_reference/flax.serialization.html",),
    ),
    "torch7.function": Rule(
        "torch7-function",
        "high",
        "The model holds a function",
        "It is bytecode of Lua, which is loaded unchecked and reaches the whole process as soon as it is called.",
        "Do not load it; ask the publisher for the weights alone.",
        (
            "https://github.com/torch/torch7/blob/master/doc/serialization.md",
            "https://www.lua.org/manual/5.1/manual.html#pdf-loadstring",
        ),
    ),
}
"""The rule that speaks of each way to bend a file."""

AT_LOAD: Final = Rule(
    "r-runs-code",
    "critical",
    "Looking at what was loaded runs code of R",
    "A promise, or an active binding, is an expression that R evaluates as soon as its value is asked for. R before"
    " 4.4.0 loads one in the place of any value. A function called `.First` in a workspace runs when R starts with it.",
    "Do not load it. Report the repository.",
    (_CVE_R, _R),
)
CODE: Final = Rule(
    "r-code",
    "high",
    "Code of R in the file reaches the machine or other ones",
    "It is part of the model: predicting, printing or fitting again may call it.",
    "Read that code before you call anything on what was loaded.",
    (_R,),
)
CLASS: Final = Rule(
    "r-vector-class",
    "medium",
    "A vector in the file is made by a class that base R does not have for it",
    "R calls a function of a package, or maps a file that the vector names, while it loads.",
    _REWRITE,
    (_R,),
)
LISTS: Final = Rule(
    "faiss-lists",
    "medium",
    "The lists of the index lie in another file",
    "faiss opens the file that the index names, and maps it into memory.",
    "Check that the path stays beside the index, and audit that file too.",
    ("https://github.com/facebookresearch/faiss/wiki/Indexes-that-do-not-fit-in-RAM",),
)
OUTSIDE: Final = Rule(
    "hlo-custom-call",
    "medium",
    "The program has a function called that is none of XLA's own",
    "A custom call is native code that the program which loads this one has registered; a callback is Python.",
    "Find out which function it is, and who brings it.",
    ("https://openxla.org/stablehlo/spec#custom_call", "https://openxla.org/xla/custom_call"),
)
DIALECT: Final = Rule(
    "hlo-dialect",
    "medium",
    "The program has operations of a dialect that is none of XLA's own",
    "They have to come from native code that the compiler was built with.",
    "Find out which dialect it is, and who brings it.",
    ("https://openxla.org/stablehlo/spec",),
)

RULES: Final[tuple[Rule, ...]] = (*ANOMALIES.values(), AT_LOAD, CODE, CLASS, LISTS, OUTSIDE, DIALECT)

_REACHES: Final = frozenset(
    "system system2 shell shell.exec pipe fifo download.file unlink file.remove Sys.setenv Sys.chmod dyn.load"
    " library.dynam socketConnection serverSocket socketSelect url.show install.packages mcparallel mcfork"
    " rxexec .C .Call .External .Fortran file.edit browseURL setInternet2 curl_download curl_fetch_memory"
    " source sys.source url sourceCpp cppFunction evalCpp cfunction py_run_string py_run_file source_python"
    " install_github install_url install_git exec_wait exec_background exec_internal getURL postForm GET POST"
    " PUT".split()
)
"""What reaches programs, files, libraries and other machines (base, utils, parallel, curl, httr, Rcpp, reticulate)."""
_WORDS: Final = frozenset("GET POST PUT source url shell pipe fifo .C .Call .External .Fortran".split())
"""Those that are names of variables too: they count where they are called."""
_NATIVE: Final = frozenset((".C", ".Call", ".External", ".Fortran"))
"""What functions of every package call: it counts in what runs by itself."""
_RESOLVES: Final = frozenset(
    "eval evalq eval.parent parse str2lang str2expression do.call match.fun get mget get0 assign delayedAssign"
    " unserialize readRDS load attach loadNamespace requireNamespace library require rawToChar".split()
)
"""What makes code of something else: of no weight in what somebody calls, and enough in what runs by itself."""
_DIALECTS: Final = frozenset(
    "vhlo stablehlo chlo mhlo builtin func sdy mpmd shape arith math tensor quant cf scf linalg ub complex interpreter"
    " stablehlo_ext xla tf tfl".split()
)
_CALLED: Final = re.compile(
    r"lapack_\w+|cu(?:da|solver|blas|sparse|rand|dnn|fft)?_\w+|hip\w*_\w+|Sharding|SPMD\w+|annotate_device_placement|TopK"
    r"|tpu_custom_call|mosaic_gpu\w*|triton_kernel_call|mhlo\.(?:topk|erf|ragged_dot)|stablehlo\.dynamic_\w+|ApproxTopK|PartialReduce"
    r"|LayoutConstraint|shape_assertion|MoveTo(?:Host|Device)|\w*fft\w*|__(?:gpu|cu\w+|cub)\$\w+|Eigh|Qr"
    r"|ProductOfElementaryHouseholderReflectors"
)
"""Functions that XLA and jaxlib bring."""
_SHOWN: Final = 6


def _reached(code: Code) -> set[str]:
    called, named = set(code.calls), set(code.names)
    if code.called:
        return (called | named) & (_REACHES | _RESOLVES)
    return (called & _REACHES - _NATIVE) | (named & _REACHES - _WORDS)


def _r(case: Case) -> Iterator[Finding]:
    """One finding for each moment of each part."""
    groups: dict[tuple[str, str], list[Code]] = {}
    for code in case.codes:
        if code.kind == "r":
            groups.setdefault((code.member, code.name), []).append(code)
    for (member, moment), codes in groups.items():
        reached = sorted({name for code in codes for name in _reached(code)})
        calls = list(dict.fromkeys(name for code in codes for name in code.calls))
        if moment == "call":
            if reached:
                yield _said(CODE, member, codes[0], reached)
        elif reached or calls:
            # Functions keep promises of their own; the value of a model has no reason to be one.
            weight: Severity | None = None if reached or moment == "load" else "low"
            yield _said(AT_LOAD, member, codes[0], reached or calls, weight)


def _said(rule: Rule, member: str, code: Code, names: list[str], severity: Severity | None = None) -> Finding:
    return rule.at(
        f"{rule.title}: {listed(names, _SHOWN)}",
        member=member,
        offset=code.offset,
        severity=severity,
        callee=names[0],
    )


def _hlo(case: Case) -> Iterator[Finding]:
    """One finding for each rule: of all names, only those of XLA's own functions are told from plain words."""
    named = [reference for reference in case.references if reference.kind == "hlo.call"]
    back = [reference for reference in named if "callback" in reference.name.lower()]
    if back:
        names = ", ".join(reference.name for reference in back[:_SHOWN])
        yield OUTSIDE.at(f"{OUTSIDE.title}: {names}", member=back[0].member, severity="high", callee=back[0].name)
    elif named and not any(_CALLED.fullmatch(reference.name) for reference in named):
        names = ", ".join(reference.name for reference in named[:_SHOWN])
        yield OUTSIDE.at(f"{OUTSIDE.title}; its names are {names}", member=named[0].member, names=len(named))
    strange = {each.module: each for each in case.references if each.kind == "hlo.op" and each.module not in _DIALECTS}
    for dialect, reference in list(strange.items())[:_SHOWN]:
        yield DIALECT.at(
            f"{DIALECT.title}: {dialect}.{reference.name}",
            member=reference.member,
            callee=f"{dialect}.{reference.name}",
        )


def judge(case: Case) -> Iterator[Finding]:
    """Findings about layouts, and about code that is not Python's."""
    yield from bent(case, ANOMALIES)
    yield from _r(case)
    yield from _hlo(case)
    for reference in case.references:
        if reference.kind == "r.class":
            yield CLASS.at(f"{CLASS.title}: {reference.name}", member=reference.member, callee=reference.name)
    yield from opening(case, {"faiss.lists": LISTS}, worse_away)
