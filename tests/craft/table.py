"""Writes docs/pickle.md and its like: what is said of every sample of an attack, and of every file of a library.

`python -m tests.craft.table` writes them; a test holds each against what the scanners say now.
"""

import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from scanners.budget import Limits
from scanners.findings import verdict
from scanners.judge import complete, judge
from scanners.routing import scan_blob
from scanners.rules.policy import Policy
from scanners.source import BytesSource
from tests.craft.attack import Attack
from tests.craft.attacks import ATTACKS, MISSING
from tests.craft.attacks_containers import CONTAINER_ATTACKS
from tests.craft.attacks_engines import ENGINE_ATTACKS
from tests.craft.attacks_gguf import GGUF_ATTACKS
from tests.craft.attacks_keras import KERAS_ATTACKS
from tests.craft.attacks_models import MODEL_ATTACKS
from tests.craft.attacks_onnx import ONNX_ATTACKS
from tests.craft.attacks_surface import SURFACE_ATTACKS
from tests.craft.attacks_tensorflow import TENSORFLOW_ATTACKS

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
NO_SAMPLES = frozenset((".md", ".py", ".toml"))
"""Files below tests/data that make or explain the samples."""
_SHOWN = 2
_WIDE = 110


@dataclass(frozen=True)
class Page:
    """One document: the attacks of a family of formats, and the honest files of it."""

    name: str
    title: str
    about: str
    attacks: dict[str, list[Attack]]
    missing: dict[str, str] = field(default_factory=dict)
    folder: str = ""
    """The honest files are those of this folder; "" for those of all folders that are no other page's."""

    @property
    def path(self):
        return ROOT / "docs" / f"{self.name}.md"

    def shows(self, name):
        """Whether this page shows the honest file of that name."""
        return name.startswith(f"{self.folder}/") if self.folder else name.partition("/")[0] not in FOLDERS


PAGES = (
    Page(
        "pickle",
        "Pickle: the attacks that are known, and what is said of them",
        "Advisories are of picklescan where nothing else is said.",
        ATTACKS,
        MISSING,
    ),
    Page(
        "keras",
        "Keras: the attacks that are known, and what is said of them",
        "A name in a package that nobody has reviewed is medium, as an unknown import of a pickle is: only Keras before"
        " 3.9 imports it. The honest files are models by Keras 3, Keras 2 and tf_keras.",
        KERAS_ATTACKS,
        folder="keras",
    ),
    Page(
        "tensorflow",
        "TensorFlow: what graphs may do, and what is said of it",
        "The ids are sections of the catalogue of threats. The honest files are what TensorFlow 2.15 and 2.21 write.",
        TENSORFLOW_ATTACKS,
        folder="tensorflow",
    ),
    Page(
        "gguf",
        "GGUF and the formats before it: how they are bent, and what is said of it",
        "The ids are sections of the catalogue of threats. The honest files are what gguf-py 0.19 writes.",
        GGUF_ATTACKS,
        folder="gguf",
    ),
    Page(
        "onnx",
        "ONNX: what models ask for, and what is said of it",
        "The ids are sections of the catalogue of threats. The honest files are what onnx 1.23 and ONNX Runtime 1.32"
        " write.",
        ONNX_ATTACKS,
        folder="onnx",
    ),
    Page(
        "engines",
        "OpenVINO, PMML, Core ML, PaddlePaddle, MXNet, TensorRT: what models ask for, and what is said of it",
        "The ids are sections of the catalogue of threats. The honest files are what OpenVINO 2026.4, nyoka 5.5,"
        " matplotlib 3.11, coremltools 9, PaddlePaddle 3.3 and MXNet 1.9 write.",
        ENGINE_ATTACKS,
        folder="engines",
    ),
    Page(
        "surface",
        "Beside the weights: what a repository can do, and what is said of it",
        "The ids are sections of the catalogue of threats. The honest files are those of twenty repositories in the shape"
        " of popular ones.",
        SURFACE_ATTACKS,
        folder="lookalikes",
    ),
    Page(
        "models",
        "Models of many libraries: how they are bent, and what is said of it",
        "The ids are sections of the catalogue of threats. The honest files are what the libraries of"
        " `tests/data/make_models.py` write.",
        MODEL_ATTACKS,
        folder="models",
    ),
    Page(
        "containers",
        "Archives, programs, documents, pictures and tables: what hides in them, and what is said of it",
        "The ids are sections of the catalogue of threats. The honest files are what Pillow, libsndfile, FFmpeg, fonttools,"
        " py7zr, reportlab, pypdf and pyarrow write.",
        CONTAINER_ATTACKS,
        folder="plain",
    ),
)
FOLDERS = {page.folder for page in PAGES if page.folder}


def said(data, name):
    """The verdict of a file, and its findings, worst first."""
    read = scan_blob(BytesSource(data), name, Limits())
    findings = judge(read.facts, path=name, format=read.format, policy=Policy.default())
    return verdict({f.severity for f in findings}, complete=complete(read.facts, read.account)), findings


def honest():
    """The files of the test data, by their path below it; those of the corpus have a test of their own."""
    paths = (path for path in DATA.rglob("*") if path.is_file() and path.suffix not in NO_SAMPLES)
    paths = (path for path in paths if "corpus" not in path.relative_to(DATA).parts)
    return {path.relative_to(DATA).as_posix(): path for path in sorted(paths) if "__pycache__" not in path.parts}


def explained():
    """Why a file is suspicious or worse, by a pattern of its path."""
    return tomllib.loads((DATA / "explained.toml").read_text())


def reasons(name):
    """The patterns that speak of a file."""
    return [pattern for pattern in explained() if fnmatchcase(name, pattern)]


def _code(text):
    """Text from a file as Markdown shows it inside of a table."""
    return f"`{text}`".replace("|", "\\|") if "`" not in text else f"`` {text} ``".replace("|", "\\|")


def _clipped(text, most=_WIDE):
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _findings(findings):
    shown = [f"{f.severity} {f.rule}: {_code(_clipped(ascii(f.message)[1:-1]))}" for f in findings[:_SHOWN]]
    more = len(findings) - _SHOWN
    return "<br>".join([*shown, *([f"and {more} more"] if more > 0 else [])])


def _row(*cells):
    return f"| {' | '.join(cells)} |"


def _heading(*cells):
    return [_row(*cells), _row(*["---"] * len(cells))]


def _attacks(page):
    for title, attacks in page.attacks.items():
        yield from ["", f"## {title}", ""]
        yield from _heading("id", "what it is", "sample", "verdict", "findings")
        for attack in attacks:
            answer, findings = said(attack.data, attack.name)
            sample = f"{_code(attack.name)}, {len(attack.data):,} bytes<br>{_code(_clipped(repr(attack.data[:64])[2:-1], 48))}"
            missed = "<br>" + page.missing[attack.label] if attack.label in page.missing else ""
            yield _row(attack.id, attack.about, sample, answer, _findings(findings) + missed)


def _honest(page):
    yield from ["", "## Files that libraries wrote", ""]
    yield from _heading("file", "verdict", "why")
    told = explained()
    for name, path in honest().items():
        if not page.shows(name):
            continue
        answer, findings = said(path.read_bytes(), path.name)
        why = [told[pattern] for pattern in reasons(name)] if findings else []
        yield _row(_code(name), answer, "<br>".join([*why, *([_findings(findings)] if findings else [])]))


def document(page):
    """The page as it should be."""
    attacks = [attack for group in page.attacks.values() for attack in group]
    found = f"{len(attacks) - len(page.missing):,}" if page.missing else "all"
    about = (
        f"{len(attacks):,} samples, of which {found} get the verdict and the finding that they"
        " should. Each is made by readable code below `tests/craft/`, names what it would call, and is never loaded."
        f" {page.about} `make docs` writes this page, and a test fails where"
        " it no longer tells the truth."
    )
    return "\n".join([f"# {page.title}", "", about, *_attacks(page), *_honest(page), ""])


if __name__ == "__main__":
    for each in PAGES:
        each.path.write_text(document(each))
