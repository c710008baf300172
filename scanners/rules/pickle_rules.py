"""The rules about what a pickle names and calls, as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule

if TYPE_CHECKING:
    from scanners.rules.policy_table import Capability

_PYTHON = "https://docs.python.org/3/library/pickle.html#restricting-globals"
_ATTACKS = "https://arxiv.org/abs/2508.19774"
_FORMAT = "https://huggingface.co/docs/safetensors"
_PREFER = "Ask the publisher for safetensors, which holds tensors and nothing else."

RUNS_CODE: Final = Rule(
    "pickle-runs-code",
    "critical",
    "Loading this file runs code of its author's choosing",
    "The pickle calls, or keeps for a later call, something that runs Python code, starts a program, loads machine"
    " code or unpickles something unseen. It happens while the file is loaded, with all the rights of whoever loads"
    " it, and before any model is there to be looked at.",
    f"Do not load it. If it was loaded already, treat that machine and its credentials as taken. {_PREFER}",
    (_PYTHON, "https://cwe.mitre.org/data/definitions/502.html", "https://atlas.mitre.org/techniques/AML.T0011.000"),
)
RESOLVES: Final = Rule(
    "pickle-resolves-names",
    "high",
    "Loading this file looks code up by names that are data",
    "Importing a module by a text, or taking attributes off objects, is how a pickle reaches functions that it never"
    " spells, past every list of forbidden names. Honest model files name their classes plainly.",
    f"Do not load it unless you can explain the call in the message. {_PREFER}",
    (_PYTHON, _ATTACKS, "https://github.com/advisories/GHSA-vvpj-8cmc-gx39"),
)
REACHES: Final = Rule(
    "pickle-reaches-out",
    "high",
    "Loading this file reaches the network, the file system or this machine's particulars",
    "A model file has no need to open connections or files while it is being loaded. Such calls leak what is on the"
    " machine, or put there what a later step runs.",
    f"Do not load it where there are data or credentials worth taking. {_PREFER}",
    (_PYTHON, "https://nvd.nist.gov/vuln/detail/CVE-2025-46417"),
)
TAMPERS: Final = Rule(
    "pickle-tampers-scanner",
    "critical",
    "The file reaches into a model scanner",
    "It names the inside of a tool that looks for malicious models. There is no honest reason for that.",
    "Do not load it, and report the repository to the Hub.",
    ("https://github.com/trailofbits/fickling",),
)
DENIED: Final = Rule(
    "pickle-denied-locally",
    "high",
    "The file uses a name that your configuration denies",
    "Your own policy lists this name under `deny`.",
    "See the reason in your configuration.",
)
CODE_OBJECT: Final = Rule(
    "pickle-code-object",
    "medium",
    "The pickle carries functions or classes in compiled form",
    "cloudpickle and dill store functions by value: their byte code travels in the file, and whoever loads the file"
    " gets functions that no package ever shipped. They often are harmless lambdas, and nobody can tell by the name.",
    "Load it only if you trust the publisher as much as you trust code that you install from them.",
    ("https://github.com/cloudpipe/cloudpickle#cloudpickle", "https://cwe.mitre.org/data/definitions/502.html"),
)
COMPUTED: Final = Rule(
    "pickle-computed-call",
    "medium",
    "Loading this file calls something that the pickle computes",
    "What is called is not a name in the file but the result of another call, such as a method of an object that was"
    " just built. Chains of such calls reach anything.",
    f"Do not load it unless you can explain the call in the message. {_PREFER}",
    (_ATTACKS,),
)
SINK_STRING: Final = Rule(
    "pickle-sink-string",
    "critical",
    "A dangerous function is named in a text that is handed to a call",
    "The pickle passes the name of a function that runs programs or code, as text, to something that may look it up."
    " That is how attacks get past scanners which only look at what a pickle imports.",
    "Do not load it.",
    ("https://github.com/advisories/GHSA-vvpj-8cmc-gx39", _ATTACKS),
)
UNKNOWN_CALL: Final = Rule(
    "pickle-unknown-call",
    "medium",
    "Loading this file calls functions that nobody has reviewed",
    "These functions are on neither list: not known to be dangerous, not known to be harmless. The call is made while"
    " the file is loaded, with arguments that the file chooses.",
    "Look the functions up. If you know them to be harmless, add them to `policy.allow` in config.yaml.",
    (_PYTHON, _ATTACKS),
)
UNKNOWN_IMPORT: Final = Rule(
    "pickle-unknown-import",
    "medium",
    "Loading this file imports names that nobody has reviewed",
    "Importing a module runs its code, and making an instance may run more. The names are on neither list. Classes of"
    " well-known machine learning packages that are only instantiated weigh less.",
    "Look the modules up, also in the repository itself. If you trust them, add the names to `policy.allow`.",
    (_PYTHON, _FORMAT),
)
UNSEEN_ARGUMENTS: Final = Rule(
    "pickle-unseen-arguments",
    "medium",
    "A callee that depends on its arguments is called in more ways than were kept",
    "Some functions are harmless or not by what they are given. Of this one the file makes more different calls than"
    " were kept for judging, so some were not judged.",
    "Look at the file with a pickle disassembler, or do without it.",
)

RULES: Final[tuple[Rule, ...]] = (
    RUNS_CODE,
    RESOLVES,
    REACHES,
    TAMPERS,
    DENIED,
    CODE_OBJECT,
    COMPUTED,
    SINK_STRING,
    UNKNOWN_CALL,
    UNKNOWN_IMPORT,
    UNSEEN_ARGUMENTS,
)

BY_CAPABILITY: Final[dict[Capability, Rule]] = {
    "exec_code": RUNS_CODE,
    "process": RUNS_CODE,
    "native": RUNS_CODE,
    "deserialize": RUNS_CODE,
    "import_or_resolve": RESOLVES,
    "attribute_primitive": RESOLVES,
    "network": REACHES,
    "file_write_delete": REACHES,
    "env_info": REACHES,
    "tamper": TAMPERS,
    "code_object": CODE_OBJECT,
    "custom": DENIED,
}
"""The rule that speaks of a denied name."""
