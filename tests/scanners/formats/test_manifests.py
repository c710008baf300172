"""Lists of packages and settings of tools: what they have fetched, from where, and what runs by itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.facts import Opens
from scanners.formats import manifests, python, text
from scanners.judge import complete, judge
from scanners.rules.policy import Policy
from tests.craft.reading import anomalies, referenced, scan, unread_reasons

SCANNERS = (python.SCANNER, manifests.SCANNER, text.SCANNER)


def read(source, name="requirements.txt"):
    return scan(source.encode() if isinstance(source, str) else source, name, scanners=SCANNERS)


def findings(outcome, name="requirements.txt"):
    found = judge(outcome.facts, path=name, format=outcome.format, policy=Policy.default())
    return {(finding.rule, finding.severity) for finding in found}


def sources(outcome):
    return {(fact.by, fact.path) for fact in outcome.facts if isinstance(fact, Opens)}


def test_requirements_are_stated():
    outcome = read("""\ufeff# words
torch==2.4.0  # comment
Diffusers[torch] >= 0.30 ; python_version > "3.8"
-e git+https://g.example/a#egg=a
my_pkg @ https://a.example/my.whl --hash=sha256:00
--extra-index-url=https://i.example/simple
-ihttps://j.example/simple
-r other.txt
git+https://h.example/b
./local
numpy \\
  >=1
""")
    assert referenced(outcome, "package") == {
        ("pip", "torch"),
        ("pip", "Diffusers"),
        ("pip", "my_pkg"),
        ("pip", "numpy"),
    }
    assert sources(outcome) == {
        ("--editable", "git+https://g.example/a#egg=a"), ("my_pkg", "https://a.example/my.whl"), ("local", "./local"),
        ("--extra-index-url", "https://i.example/simple"), ("--index-url", "https://j.example/simple"), ("", "git+https://h.example/b"),
    }  # fmt: skip
    assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize(
    ("source", "rule", "severity"),
    [
        ("x @ http://a.example/x.whl", "package-source", "high"),
        ("git+http://203.0.113.7/x", "package-source", "high"),
        ("git+https://github.com/someone/x", "package-source", "medium"),
        ("https://a.example/x.tar.gz", "package-source", "medium"),
        ("--extra-index-url https://a.example/simple\nx", "package-index", "medium"),
        ("--index-url http://a.example/simple\nx", "package-index", "high"),
        ("--trusted-host a.example\nx", "package-index", "medium"),
        ("trasnformers==4.0", "package-lookalike", "medium"),
    ],
)
def test_what_is_fetched_from_elsewhere_is_found(source, rule, severity):
    assert findings(read(source)) == {(rule, severity)}


@pytest.mark.parametrize(
    "source",
    [
        "torch\ntransformers>=4.40\naccelerate\ngradio==4.1\nhuggingface_hub\nsentencepiece\n",
        "--extra-index-url https://download.pytorch.org/whl/cu121\ntorch==2.4.0+cu121\n-r base.txt\n-e .\n",
        "git+https://github.com/someone/x@0123456789012345678901234567890123456789",
    ],
)
def test_honest_requirements_are_clean(source):
    outcome = read(source)
    assert findings(outcome) == set()
    assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize("name", ["base.txt", "requirements_cuda118.txt", "deps.bin", "requirements/dev.txt"])
def test_a_list_of_requirements_is_known_by_its_lines(name):
    outcome = read("torch==2.4\n# words\nnumpy>=1,<2\n", name)
    assert (outcome.format, referenced(outcome, "package")) == ("requirements", {("pip", "torch"), ("pip", "numpy")})


@pytest.mark.parametrize(
    "words", ["a\nb\nc\n", "the == of two\n== x ==\n", "one==1\nand some words\n", "- item\n- item\n"]
)
def test_words_are_no_requirements(words):
    assert read(words, "x.txt").format == "text"


@pytest.mark.parametrize(
    ("name", "source", "rule", "severity"),
    [
        (".gitmodules", '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c id\n', "git-place", "high"),
        (".gitmodules", "[submodule]\nurl = -u./payload\n", "git-place", "high"),
        (".gitmodules", "[submodule]\nupdate = !sh x\n", "git-place", "high"),
        (".gitmodules", "[submodule]\npath = ../../x\n", "git-place", "medium"),
        (".gitmodules", "[submodule]\nurl = https://github.com/a/b\n", "git-place", "low"),
        (".gitattributes", "*.bin filter=evil -text\n", "git-place", "low"),
        ("pip.conf", "[global]\nindex-url = http://203.0.113.7/simple\n", "package-index", "high"),
        (".npmrc", "registry=https://a.example/npm\n", "package-index", "medium"),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n    torch\n    x @ https://a.example/x.whl\n",
            "package-source",
            "medium",
        ),
    ],
)
def test_settings_of_tools_are_read(name, source, rule, severity):
    assert findings(read(source, name), name) == {(rule, severity)}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n# filter=x\n"),
        (".gitmodules", "[submodule]\npath = x\n"),
        ("setup.cfg", "[metadata]\nname = x\nurl = https://a.example\n[options]\ninstall_requires =\n    torch\n"),
        ("packages.txt", "ffmpeg\nlibsndfile1  # sound\n"),
        ("nspkg.pth", "/srv/x\n./y\n"),
    ],
)
def test_honest_settings_are_clean(name, source):
    outcome = read(source, name)
    assert findings(outcome, name) == set()
    assert complete(outcome.facts, outcome.account)


def test_what_a_path_file_runs_is_read_as_python():
    outcome = read("import os; os.system('id')\n/x\n", "evil.pth")
    assert anomalies(outcome) == {"python.path-file"}
    assert findings(outcome, "evil.pth") == {("python-path-file", "medium"), ("python-runs-programs", "critical")}


@pytest.mark.parametrize("data", [b"\x80", b"\x80\x02X\x00" + bytes(5 << 20), b"PK\x03\x04" + bytes(5 << 20)])
def test_a_checkpoint_or_its_beginning_is_no_list_of_paths(data):
    outcome = scan(data, "model.pth", scanners=(manifests.SCANNER,))
    assert outcome.format == "unknown"
    assert unread_reasons(outcome) == {"unknown"}


def test_a_list_beyond_the_limit_is_said():
    assert unread_reasons(read("a\n" * 20_001)) == {"limit"}


@given(
    lines=st.lists(st.text(max_size=30), max_size=10),
    name=st.sampled_from(["requirements.txt", ".gitmodules", "setup.cfg", "a.pth", "x"]),
)
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused(lines, name):
    outcome = read("\n".join(lines).encode() or b"a", name)
    assert outcome.account.unexplained == 0 or outcome.facts
