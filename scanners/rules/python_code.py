"""Python source of a repository: what it does, weighed by when it does it.

A model's code computes. At import and while a model is loaded or asked (`import`, `load`) nobody has seen yet what it
does, so there programs, code that is made on the way and connections weigh most; in functions that only a user calls
(`call`), or that run as a program (`main`), they may have a reason. What asks the machine for its compilers and devices
is left alone. Which paths are watched: the sinks of bandit's blacklists and plugins, by their documented purpose.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from scanners.findings import SEVERITIES, Rule, Severity
from scanners.rules.case import KEYS, is_prose, lowered, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanners.facts import Call
    from scanners.findings import Finding
    from scanners.rules.case import Case

_READ: Final = "Read that part of the source before you let it run; pin the commit that you read."
_CUSTOM: Final = "https://huggingface.co/docs/transformers/custom_models"


def _rule(name: str, severity: Severity, title: str, why: str, *references: str) -> Rule:
    return Rule(f"python-{name}", severity, title, why, _READ, references or (_CUSTOM,))


PROGRAMS: Final = _rule(
    "runs-programs",
    "critical",
    "The source starts programs",
    "A model has no business with other programs. At import or while it is loaded nobody is asked before they start.",
    "https://cwe.mitre.org/data/definitions/78.html",
)
CODE: Final = _rule(
    "runs-made-code",
    "critical",
    "The source runs code that is made while it runs",
    "What `exec` and its like are given cannot be read beforehand: it is decoded, fetched or put together on the way.",
    "https://cwe.mitre.org/data/definitions/95.html",
)
NATIVE: Final = _rule(
    "loads-native-code",
    "high",
    "The source loads or builds machine code",
    "A library that lies in the repository, or that is compiled on the way, does what it likes unread.",
    "https://cwe.mitre.org/data/definitions/114.html",
)
UNPICKLES: Final = _rule(
    "loads-unsafely",
    "medium",
    "The source loads files in a way that lets them run code",
    "It unpickles, or reads YAML with a loader that calls what the file names: the files that it loads are programs.",
    "https://docs.pytorch.org/docs/stable/generated/torch.load.html",
    "https://cwe.mitre.org/data/definitions/502.html",
)
TRUSTS: Final = _rule(
    "trusts-remote-code",
    "medium",
    "The source agrees to run code of other repositories",
    "`trust_remote_code=True` runs whatever the other repository holds on that day.",
)
NETWORK: Final = _rule(
    "reaches-out",
    "high",
    "The source talks to other machines before anybody calls it",
    "Loading a model needs the files of the model. What goes elsewhere may tell who loads it, or bring more code.",
    "https://cwe.mitre.org/data/definitions/829.html",
)
SENDS: Final = _rule(
    "sends-to-a-channel",
    "high",
    "The source holds the address of a chat channel or a paste site",
    "Stolen data is sent to such places, and second steps are fetched from them.",
    "https://attack.mitre.org/techniques/T1567/",
)
CREDENTIALS: Final = _rule(
    "reads-credentials",
    "high",
    "The source names files that keep keys and passwords",
    "A model needs none of them.",
    "https://attack.mitre.org/techniques/T1552/001/",
)
DELETES: Final = _rule(
    "deletes-files",
    "medium",
    "The source deletes files while it is imported or loaded",
    "What it deletes depends on where it runs.",
)
TAMPERS: Final = _rule(
    "tampers",
    "high",
    "The source replaces parts of Python or of other packages",
    "Whatever runs later in the same process runs with what it put there.",
    "https://attack.mitre.org/techniques/T1574/",
)

RULES: Final[tuple[Rule, ...]] = (
    PROGRAMS,
    CODE,
    NATIVE,
    UNPICKLES,
    TRUSTS,
    NETWORK,
    SENDS,
    CREDENTIALS,
    DELETES,
    TAMPERS,
)

_EARLY: Final = frozenset(("import", "load"))
_WHEN: Final = {
    "import": "at import",
    "load": "while it is loaded or asked",
    "main": "when it is run as a program",
    "call": "when somebody calls it",
}
_SHOWN: Final = 3
_COMMANDS: Final = re.compile(r"(?:setuptools|distutils)\.(?:command\b|Command\Z|cmd\b)")
"""What a setup.py imports that brings commands of its own."""

_PROGRAMS: Final = re.compile(
    r"(?:os|posix|nt)\.(?:system|popen\d?|startfile|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?)"
    r"|subprocess\.(?:Popen|run|call|check_call|check_output|getoutput|getstatusoutput)|commands\.\w+|pty\.spawn"
    r"|asyncio\.create_subprocess_\w+|asyncio\.subprocess\.\w+|_posixsubprocess\.\w+|pexpect\.\w+|sh\.\w+|plumbum\..+"
)
_CODE: Final = re.compile(
    r"builtins\.(?:exec|eval|execfile)|runpy\.\w+|code\.\w+|imp\.load_\w+|timeit\.\w+|types\.CodeType"
    r"|importlib\.machinery\.\w+Loader|marshal\.loads?"
)
_NATIVE: Final = re.compile(
    r"ctypes\.(?:(?:cdll|windll|oledll|pydll)\..+|[CPWO]\w*(?:DLL|Dll))|cffi\..*dlopen|_ctypes\.dlopen|ctypes\.util\.dlopen"
    r"|torch\.(?:ops|classes)\.load_library"
)
_BUILDS: Final = re.compile(r"torch\.utils\.cpp_extension\.load\w*|numpy\.f2py\.compile|cffi\..*(?:verify|compile)")
_UNPICKLES: Final = re.compile(
    r"(?:pickle|cPickle|_pickle|pickle5|dill|cloudpickle|torch\.package\.\w+)\.(?:loads?|Unpickler)|joblib\.load|torch\.load"
    r"|torch\.hub\.load\w*|pandas\.read_pickle|pd\.read_pickle|shelve\.open|numpy\.load|jsonpickle\.(?:decode|loads?)"
    r"|yaml\.(?:load|load_all|unsafe_load|unsafe_load_all|full_load)"
)
_NETWORK: Final = re.compile(
    r"requests\.(?!exceptions|adapters|utils)\w+(?:\..+)?|urllib\d?\.(?:request\.)?(?:urlopen|urlretrieve|build_opener)"
    r"|httpx\.\w+|aiohttp\.ClientSession|urllib3\.\w*(?:Manager|request)\w*|http\.client\.HTTPS?Connection"
    r"|socket\.(?:socket|create_connection)|ftplib\.\w+|smtplib\.\w+|telnetlib\.\w+|paramiko\.\w+|websockets?\.\w+"
    r"|wget\.download|webbrowser\.open\w*|xmlrpc\.client\.\w+"
)
_DELETES: Final = re.compile(r"shutil\.rmtree|os\.(?:remove|unlink|rmdir|removedirs)")
_REPLACES: Final = re.compile(
    r"(?:sys\.modules|sys\.meta_path|builtins(?:\.\w+)?|pickle\.\w+|torch\.(?:load|serialization\.\w+)|subprocess\.\w+"
    r"|socket\.\w+|os\.(?!environ)\w+|importlib\.\w+) =|sys\.(?:settrace|setprofile|meta_path\.\w+|addaudithook)"
)

_HARMLESS: Final = re.compile(
    r"(?:[\w./-]*/)?(?:nvcc|nvidia-smi|rocm-smi|rocminfo|git|ffmpeg|ffprobe|sox|ninja|gcc|g\+\+|c\+\+|clang\+*|which|where"
    r"|uname|lscpu|sysctl|cmake|make|hostname|ldconfig|nproc|free|df)(?:\s[^;&|`$<>]*)?"
    r"|python3? setup\.py(?: [\w-]+)+|twine upload [\w/*.-]+"
)
_INSTALLS: Final = re.compile(
    r"(?:.*[\s/])?(?:uv )?(?:pip3?|conda|mamba)(?: -[mq])? install\b.*|.*-m pip install\b.*", re.DOTALL
)
FETCHES: Final = re.compile(
    r"(?:curl|wget|iwr|invoke-webrequest|certutil)\b.*(?:\||;|&&).*\b(?:ba|z|da)?sh\b|/dev/tcp/|base64 -{1,2}d"
    r"|powershell.*-e|\bmshta\b|\biex\b",
    re.IGNORECASE | re.DOTALL,
)
_DECODES: Final = re.compile(
    r"b64|b32|b16|b85|a85|decode\(|decompress|fromhex|unhexlify|\bchr\(|urlopen|requests\.|\.text\b|\.content\b|getattr\("
    r"|__import__|marshal|rot_?13|\[::-1\]|\^"
)
_LITERAL: Final = re.compile(r"[rbuRBU]{0,2}(['\"]).*\1", re.DOTALL)
_PLAIN: Final = re.compile(r"[\w.]+(?:\[[\w.'\"]+\])?")
_READS_FILE: Final = re.compile(r"(?:compile\()?open\(|(?:\w+\.)*read\(|\w*Path\(")
_SYSTEM: Final = re.compile(
    r"None|['\"](?:lib(?:c|m|cuda|cudart|nvrtc|dl|pthread|gomp)\b.*|kernel32|user32|ntdll|msvcrt)['\"]"
)
_OWN: Final = re.compile(
    r"https?://(?:[\w-]+\.)*(?:huggingface\.co|hf\.co|hf-mirror\.com|localhost|127\.0\.0\.1)(?:[:/]|\Z)"
)
_CHANNELS: Final = re.compile(
    r"discord(?:app)?\.com/api/webhooks|api\.telegram\.org/bot|hooks\.slack\.com/services|pastebin\.com/|webhook\.site"
    r"|\.ngrok(?:-free)?\.(?:io|app)|transfer\.sh|requestbin|pipedream\.net|oast\.|burpcollaborator|interact\.sh"
)


class _Seen(NamedTuple):
    rule: Rule
    severity: Severity


def _programs(call: Call) -> Severity | None:
    words = " ".join(call.strings)
    command = call.strings[0] if call.strings else ""
    if FETCHES.search(words):
        return "critical"
    if _INSTALLS.fullmatch(words):
        return "medium" if call.opcode in _EARLY else "low"
    if _HARMLESS.fullmatch(command) and not re.search(r"[;&|`$<>]", words):
        return None
    return "critical" if call.opcode in _EARLY else "medium"


def _code(call: Call) -> Severity | None:
    given = call.arguments[0] if call.arguments else ""
    early = call.opcode in _EARLY
    if call.module == "marshal" or _DECODES.search(given):
        return "critical" if early else "high"
    if _LITERAL.fullmatch(given):
        return "low" if early else None
    if (call.name == "eval" and _PLAIN.fullmatch(given)) or _READS_FILE.match(given) or call.module != "builtins":
        return "medium"
    return "critical" if early else "medium"


def _native(call: Call) -> Severity | None:
    if call.arguments and _SYSTEM.fullmatch(call.arguments[0]):
        return None
    return "high" if call.opcode in _EARLY else "medium"


def _unpickles(call: Call) -> Severity | None:
    if "weights_only=True" in call.arguments or (call.name == "load" and call.module == "numpy" and not _pickles(call)):
        return None
    if call.module == "yaml" and any("Safe" in argument for argument in call.arguments):
        return None
    early = call.opcode in _EARLY
    if early and call.arguments and _DECODES.search(call.arguments[0]) and "open(" not in call.arguments[0]:
        return "critical"
    return "medium" if early else "low"


def _pickles(call: Call) -> bool:
    return "allow_pickle=True" in call.arguments


def _network(call: Call) -> Severity | None:
    if call.opcode not in _EARLY or (call.strings and _OWN.match(call.strings[0])):
        return None
    return "high" if call.opcode == "import" else "medium"


def _deletes(call: Call) -> Severity | None:
    return "medium" if call.opcode in _EARLY else None


def _tampers(call: Call) -> Severity | None:
    if call.arguments[:1] == ("__name__",):
        return None  # A module that takes its own place, as those do that import late.
    return "high" if call.opcode in _EARLY else "low"


_WATCHED: Final[tuple[tuple[re.Pattern[str], Rule, Callable[[Call], Severity | None]], ...]] = (
    (_PROGRAMS, PROGRAMS, _programs),
    (_CODE, CODE, _code),
    (_NATIVE, NATIVE, _native),
    (_BUILDS, NATIVE, lambda _: "medium"),
    (_UNPICKLES, UNPICKLES, _unpickles),
    (_NETWORK, NETWORK, _network),
    (_DELETES, DELETES, _deletes),
    (_REPLACES, TAMPERS, _tampers),
)


def _seen(call: Call) -> Iterator[_Seen]:
    path = f"{call.module}.{call.name}" if call.module else call.name
    for pattern, rule, weigh in _WATCHED:
        if pattern.fullmatch(path) and (severity := weigh(call)) is not None:
            yield _Seen(rule, severity)
    if "trust_remote_code=True" in call.arguments:
        yield _Seen(TRUSTS, "medium" if call.opcode in _EARLY else "low")


def judge(case: Case) -> Iterator[Finding]:
    """Findings about Python source: one for each rule, part and moment, at the worst of what is there."""
    groups: dict[tuple[Rule, str, str], list[tuple[Severity, Call]]] = {}
    # What a model card shows, somebody has to copy.
    # A vocabulary is called .txt too, and its words are evaluated.
    prose = is_prose(case.path) and case.format != "text.rwkv"
    # Sources of a torch.package have a judge of their own, who knows that they run at load.
    packaged = {code.member for code in case.codes if code.kind == "torch.package"}
    setup = moment(case.path) == "build"
    commands = setup and any(_COMMANDS.match(f"{each.module}.{each.name}") for each in case.references)
    for call in case.scripts:
        if call.member in packaged:
            continue
        if commands and call.opcode == "call":
            # Methods of a command: an installation calls them.
            call = msgspec.structs.replace(call, opcode="load")  # noqa: PLW2901 - the same call, at its moment
        for rule, severity in _seen(call):
            groups.setdefault((rule, call.member, call.opcode), []).append((severity, call))
    for (rule, member, when), found in groups.items():
        worst = max((severity for severity, _ in found), key=SEVERITIES.index)
        if prose and worst == "low":
            continue
        calls = [call for severity, call in found if severity == worst]
        shown = "; ".join(call.text for call in calls[:_SHOWN])
        more = f"; and {len(calls) - _SHOWN} more" if len(calls) > _SHOWN else ""
        yield rule.at(
            f"{rule.title}, {_WHEN[when]}: {shown}{more}",
            member=member,
            offset=calls[0].offset,
            severity=lowered(worst) if prose else worst,
            when=when,
            trigger="build" if setup else None,
            callee=".".join(part for part in (calls[0].module, calls[0].name) if part),
        )
    for rule, pattern in ((SENDS, _CHANNELS), (CREDENTIALS, KEYS)):
        texts: dict[str, dict[str, None]] = {}
        for code in case.codes:
            if code.kind == "module":
                texts.setdefault(code.member, {}).update((text, None) for text in code.strings if pattern.search(text))
        for member, named in texts.items():
            if named:
                yield rule.at(f"{rule.title}: {', '.join(list(named)[:_SHOWN])}", member=member)
