"""Templates and tokens that differ between the files of one repository, each of which another program takes.

llama.cpp takes the template of the GGUF file, transformers that of chat_template.jinja before that of
tokenizer_config.json; fast tokenizers are made from tokenizer.json, slow ones from tokenizer_config.json. How one file
of many is poisoned: https://www.pillar.security/blog/llm-backdoors-at-the-inference-level.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.facts import TEXT_LIMIT, Code
from scanners.findings import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scanners.facts import Fact
    from scanners.findings import Finding

TEMPLATE: Final = Rule(
    "template-differs",
    "medium",
    "The chat template is not that of the files beside it",
    "Programs take the template of the file that they load, and the Hub shows one of them: what is shown need not be"
    " what the model is told. Quantizers mend templates too; where the words are the same, it weighs little.",
    "Compare the two, and use a file whose template you have read.",
    ("https://www.pillar.security/blog/llm-backdoors-at-the-inference-level",),
)
TOKENS: Final = Rule(
    "tokenizer-differs",
    "low",
    "Two files of the tokenizer give one number to different tokens",
    "tokenizer.json is what most programs take, tokenizer_config.json what people read.",
    "Ask the publisher to save the tokenizer again.",
    ("https://huggingface.co/docs/transformers/main_classes/tokenizer",),
)

RULES: Final[tuple[Rule, ...]] = (TEMPLATE, TOKENS)

_MEMBERS: Final = frozenset(("", "chat_template.jinja", "chat_template@default.jinja", "tokenizer.chat_template.jinja"))
"""Where in a file the template is that is taken if none is asked for by name."""
_FILES: Final = ("tokenizer_config.json", "chat_template.jinja", "chat_template.json", "processor_config.json")
"""Files that have the template of a model, the one that is compared with first."""
_QUANTIZED: Final = re.compile(
    r"(?:\A|[._-])(?:\d{5}-of-\d{5}|ud-|i1-|i?q\d|tq\d|(?:bf|fp?)(?:16|32)|fp8|mxfp\d|imat).*", re.DOTALL
)
"""The end of a GGUF file's name, by which those of one model differ."""
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_NEW: Final = 3
"""Words that only one of two templates has, from which on it says something else."""
_SHOWN: Final = 5


class _Template(NamedTuple):
    path: str
    digest: str
    words: frozenset[str]


def telling(facts: Iterable[Fact]) -> Iterator[Fact]:
    """The facts of a file that are compared with those of others."""
    for fact in facts:
        if isinstance(fact, Code) and (
            (fact.kind == "jinja" and fact.member in _MEMBERS) or (fact.kind == "tokens" and not fact.member)
        ):
            yield fact


def judge(told: Mapping[str, Iterable[Fact]]) -> Iterator[tuple[str, Finding]]:
    """Findings about files, by path, of which `telling` told these facts."""
    shown: dict[str, list[_Template]] = {}
    models: dict[str, list[_Template]] = {}
    tokens: dict[str, dict[str, dict[str, str]]] = {}
    for path in sorted(told):
        codes = [fact for fact in told[path] if isinstance(fact, Code)]
        folder, _, name = path.rpartition("/")
        if any(code.kind == "tokens" for code in codes):
            tokens.setdefault(folder, {})[path] = dict(_numbered(codes))
        elif name.lower().endswith(".gguf"):
            models.setdefault(_QUANTIZED.sub("", name.lower().removesuffix(".gguf")), []).extend(_read(path, codes))
        if name in _FILES:
            shown.setdefault(folder, []).extend(_read(path, codes))
    for templates in shown.values():
        templates.sort(key=lambda one: _FILES.index(one.path.rpartition("/")[2]))
        yield from _differing(templates[1:], templates[:1])
    for templates in models.values():
        (usual, _), *_ = Counter(one.digest for one in templates).most_common(1) or [("", 0)]
        most = [one for one in templates if one.digest == usual][:1]
        for one in templates:
            yield from _differing([one], _above(one.path, shown) or most)
    for files in tokens.values():
        yield from _renumbered(files)


def _read(path: str, codes: list[Code]) -> list[_Template]:
    """The template of a file; none where it has none."""
    said = [code for code in codes if code.kind == "jinja"]
    words: set[str] = set()
    for text in (text for code in said for text in code.strings):
        # A piece of a long text begins and ends within words, which its neighbours have whole.
        words.update(_WORD.findall(text.lower())[1:-1] if len(text) >= TEXT_LIMIT else _WORD.findall(text.lower()))
    digest = " ".join(sorted({code.digest for code in said}))
    return [_Template(path, digest, frozenset(words))] if said else []


def _above(path: str, shown: Mapping[str, list[_Template]]) -> list[_Template]:
    """The templates of the folder of a file, or of the nearest one above that has any."""
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        if templates := shown.get(folder):
            return templates
    return []


def _differing(templates: list[_Template], others: list[_Template]) -> Iterator[tuple[str, Finding]]:
    """Those of the templates that are none of the others."""
    for one in templates:
        if others and one.digest not in {other.digest for other in others}:
            new, gone = sorted(one.words - others[0].words), sorted(others[0].words - one.words)
            says = f", and says {', '.join(new[:_SHOWN])}" if new else ""
            says += f", and does not say {', '.join(gone[:_SHOWN])}" if gone else ""
            yield (
                one.path,
                TEMPLATE.at(
                    f"{TEMPLATE.title}: it differs from that of {others[0].path}{says}",
                    severity=None if len(new) + len(gone) >= _NEW else "low",
                    other=others[0].path,
                    words=len(new) + len(gone),
                ),
            )


def _numbered(codes: list[Code]) -> Iterator[tuple[str, str]]:
    for text in (text for code in codes if code.kind == "tokens" for text in code.strings):
        number, _, token = text.partition(" ")
        yield number, token


def _renumbered(files: Mapping[str, dict[str, str]]) -> Iterator[tuple[str, Finding]]:
    (first, known), *others = files.items()
    for path, tokens in others:
        new = [number for number, token in tokens.items() if known.get(number, token) != token]
        if new:
            which = ", ".join(f"{each}: {tokens[each]!r} and {known[each]!r}" for each in new[:_SHOWN])
            yield path, TOKENS.at(f"{TOKENS.title}: {which}, of {first}", other=first, tokens=len(new))
