"""Python source of repositories: what it does counts by when it does it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary import python_module
from scanners.facts import Call, Code
from scanners.formats import python, text
from scanners.judge import complete, judge
from scanners.rules.policy import Policy
from tests.craft import sources
from tests.craft.reading import referenced, scan, unread_reasons


def read(source, name="modeling.py"):
    data = source.encode() if isinstance(source, str) else source
    return scan(data, name, scanners=(python.SCANNER, text.SCANNER))


def findings(outcome):
    found = judge(outcome.facts, path="modeling.py", format=outcome.format, policy=Policy.default())
    return {(finding.rule, finding.severity) for finding in found}


@pytest.mark.parametrize(("source", "rule", "severity"), sources.ATTACKS.values(), ids=sources.ATTACKS)
def test_what_attackers_write_is_found(source, rule, severity):
    assert (rule, severity) in findings(read(source))


@pytest.mark.parametrize("source", sources.HONEST.values(), ids=sources.HONEST)
def test_what_honest_authors_write_is_clean(source):
    outcome = read(source)
    assert findings(outcome) == set()
    assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize(
    "source",
    [
        "import os\ndef f(): os.makedirs('a', exist_ok=True)\nos.path.join('a', 'b')",
        "import re\nre.compile('a')",
        "model.eval()\nself.exec('a')",
        "x = 'exec(1)'",
        "import requests\nrequests.get('https://huggingface.co/api/models/a/b')",
        "import requests\ndef f(url): return requests.get(url)",
        "import ctypes\nctypes.CDLL('libc.so.6')",
        "import numpy as np\nnp.load('a.npy')",
        "import yaml\nyaml.load('a', Loader=yaml.SafeLoader)",
        "import torch\ntorch.load('a', weights_only=True)",
        "import os\nos.environ['A'] = 'b'",
        "import shutil\ndef f(): shutil.rmtree('a')",
        "'''~/.ssh/id_rsa'''",
        "import os\nos.system('python setup.py sdist bdist_wheel')\nos.system('twine upload dist/*')",
        "class system: pass\nsystem('id')",
    ],
)
def test_near_misses_are_silent(source):
    assert findings(read(source)) == set()


def test_what_a_setup_has_an_installation_call_weighs_as_if_it_ran_now():
    source = (
        "import os\nfrom setuptools import setup\nfrom setuptools.command.install import install\n"
        "class X(install):\n    def run(self): os.system('id')\nsetup(name='x', cmdclass={'install': X})"
    )
    for path, severity in (("setup.py", "critical"), ("sub/setup.py", "critical"), ("modeling.py", "medium")):
        [finding] = judge(read(source, path).facts, path=path, format="python", policy=Policy.default())
        assert (finding.rule, finding.severity) == ("python-runs-programs", severity)
        assert finding.evidence.get("trigger") == ("build" if severity == "critical" else None)
    plain = "import os\nfrom setuptools import setup\ndef f(): os.system('id')\nsetup(name='x')"
    [finding] = judge(read(plain, "setup.py").facts, path="setup.py", format="python", policy=Policy.default())
    assert finding.severity == "medium"


def test_what_a_module_imports_names_and_calls_is_stated():
    outcome = read("import a.b as c\nfrom d import e\nc.f(1, 'x', k='y' + 'z')\ndef g(): e.h()")
    assert referenced(outcome, "python.import") == {("a", "b"), ("d", "e")}
    named = {(fact.name, name) for fact in outcome.facts if isinstance(fact, Code) for name in fact.names}
    assert {("import", "a.b.f"), ("call", "d.e.h")} <= named
    [call] = [fact for fact in outcome.facts if isinstance(fact, Call) and fact.name == "f"]
    assert (call.module, call.opcode, call.arguments) == ("a.b", "import", ("1", "'x'", "k='yz'"))
    assert (call.text, call.offset) == ("line 3: a.b.f(1, 'x', k='yz')", 32)


def test_other_repositories_that_a_module_loads_are_stated():
    outcome = read("from transformers import AutoModel\nAutoModel.from_pretrained('org/name')\nopen('a/b')")
    assert referenced(outcome, "hub.repo") == {("org", "name")}
    outcome = read(
        "import f\nf.load_dataset('a/b')\nf.from_pretrained('c/d', revision='v1')\nf.snapshot_download('e/f', repo_type='dataset')"
    )
    assert referenced(outcome, "hub.repo") == {("datasets/a", "b"), ("c", "d@v1"), ("datasets/e", "f")}


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("print 'python 2'", "broken"), ("(" * 1000, "broken"), ("x = " + "9" * 10_000, "broken"),
        ("-" * 200_000 + "1", "broken"), ("#" * (2 << 20), "limit"),
    ],
    ids=range(5),
)  # fmt: skip
def test_what_cannot_be_read_is_said(source, why):
    assert unread_reasons(read(source)) == {why}


def test_a_first_line_hands_a_text_to_python_under_any_name():
    assert read("#!/usr/bin/env python3\nimport os\nos.system('id')", "run").format == "python"


def test_more_calls_than_are_stated_are_said():
    outcome = read("import a\n" + "\n".join(f"a.f({number})" for number in range(2_500)))
    assert unread_reasons(outcome) == {"limit"}


PIECE = st.sampled_from(
    ["import os\n", "def f(x=os.a):\n os.b(x)\n", "class A(B):\n def __init__(s): f()\n", "f()\n", "if __name__ == '__main__':\n f()\n",
     "lambda: os.c\n", "x = [os.d for _ in y]\n", "try:\n f()\nexcept E: pass\n", "@f\ndef g(): pass\n", "del os.e[0]\n", "é = 'ü'; os.f(é)\n"]
)  # fmt: skip


@given(pieces=st.lists(PIECE, max_size=8))
@settings(max_examples=100, deadline=None)
def test_every_call_has_one_moment_and_lies_where_it_says(pieces):
    source = "".join(pieces).encode()
    for done in python_module.read(source).calls:
        written = source[done.offset :].decode()
        assert written.startswith(("os", "del", "f("))
        assert done.when in python_module.ORDER


@given(data=st.one_of(st.binary(max_size=200), st.text(alphabet="abos.()[]{}:=,'\"\\\n @#*", max_size=100)))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_said_to_be_no_source(data):
    outcome = read(data)
    assert complete(outcome.facts, outcome.account) or outcome.facts
