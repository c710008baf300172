"""NumPy arrays: in files of their own, between the opcodes of joblib's pickles, and beside them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.facts import TEXT_LIMIT
from scanners.findings import Rule
from scanners.rules.case import listed, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Anomaly, AnomalyCode
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_NPY: Final = "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"
_ALLOW_PICKLE: Final = "https://nvd.nist.gov/vuln/detail/CVE-2019-6446"
_JOBLIB: Final = "https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle.py"
_REWRITE: Final = "Ask the publisher to write the array again with numpy.save."

EXTERNAL: Final = Rule(
    "joblib-external-file",
    "medium",
    "Loading this pickle loads another file too",
    "joblib before 0.10 kept each array in a file of its own, and today's joblib still loads such files, pickles among"
    " them. Where the name leads out of the folder, it may be any file of the machine.",
    "Ask the publisher to write the model again with a current joblib, or better as safetensors.",
    ("https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle_compat.py", _ALLOW_PICKLE),
)
OBJECT: Final = Rule(
    "npy-object",
    "low",
    "The array holds Python objects, so a pickle stands in its place",
    "NumPy loads it only with `allow_pickle=True`, and then it is as dangerous as any pickle. What is in the pickle was"
    " examined as well and is judged by itself.",
    "Load it without `allow_pickle`, or not at all.",
    (_NPY, _ALLOW_PICKLE),
)
TRAILING: Final = Rule(
    "npy-trailing",
    "low",
    "There are bytes behind the array",
    "NumPy reads as much as the header says and leaves the rest to whoever reads on.",
    "Ask the publisher what they are.",
    (_NPY,),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "npy.header": Rule(
        "npy-header",
        "medium",
        "The array's header is not as NumPy writes it",
        "NumPy refuses it or takes a long time over it; other readers go on and may go wrong.",
        _REWRITE,
        (_NPY,),
    ),
    "npy.shape": Rule(
        "npy-shape",
        "medium",
        "The array claims more elements than there are",
        "A program that makes room for them first runs out of memory, and one that does not check reads past the end.",
        "Download the file again; if it is broken at its source, do not load it.",
        (_NPY, "https://cwe.mitre.org/data/definitions/789.html"),
    ),
    "npy.trailing": TRAILING,
    "npy.object": OBJECT,
    "joblib.array": Rule(
        "joblib-array",
        "medium",
        "An array stands among the opcodes, and where it ends cannot be told",
        "joblib reads raw bytes there and opcodes behind them. It writes the array's type and shape as constants; here"
        " something else stands in their place, so what follows may be hidden among the numbers.",
        "Do not load it; ask the publisher to write it again with joblib.dump, or better as safetensors.",
        (_JOBLIB,),
    ),
    "joblib.external-file": EXTERNAL,
}
"""The rule that speaks of each way to bend an array."""

RULES: Final[tuple[Rule, ...]] = tuple(ANOMALIES.values())

_SHOWN: Final = 4
"""Files named in one message."""
_LEAVES: Final = re.compile(r"[\\/]|[A-Za-z]:|(?:.*[\\/])?\.\.(?:[\\/]|\Z)", re.DOTALL)
"""A path that is absolute, or that leads upwards anywhere."""


def judge(case: Case) -> Iterator[Finding]:
    """Findings about arrays."""
    files: dict[tuple[str, Severity], list[Anomaly]] = {}
    for fact in case.anomalies:
        rule = ANOMALIES.get(fact.code)
        if rule is EXTERNAL:
            # One that is no constant, or too long to be kept whole, may lead anywhere.
            away = not 0 < len(fact.detail) < TEXT_LIMIT or _LEAVES.match(fact.detail) is not None
            files.setdefault((fact.member, "high" if away else "medium"), []).append(fact)
        elif rule is not None:
            known = rule is TRAILING and case.knows_behind(fact)
            yield rule.at(
                told(rule, fact), member=fact.member, offset=fact.offset, severity="medium" if known else None
            )
    for (member, severity), facts in files.items():
        names = sorted({repr(fact.detail) for fact in facts})
        yield EXTERNAL.at(
            f"loading it loads {listed(names, _SHOWN)}",
            member=member,
            offset=facts[0].offset,
            severity=severity,
            file=facts[0].detail,
            files=len(names),
        )
