"""What a text of Python source names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary.python_source import MOST, names


def paths(source, used=None):
    return {path for path, how in names(source) if used in (None, how)}


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ("import os\nos.system('x')", "os.system"),
        ("import os.path as p\np.join('x')", "os.path.join"),
        ("from os import system as s\ns('x')", "os.system"),
        ("from . import a\na()", ".a"),
        ("from ..b import c\nc()", "..b.c"),
        ("import os\nf = os.system\ng = f\ng('x')", "os.system"),
        ("import os\n(f := os.system)('x')\nf('y')", "os.system"),
        ("__import__('os').system('x')", "os.system"),
        ("import importlib as i\ni.import_module('o' + 's').system('x')", "os.system"),
        ("import os\ngetattr(os, 'sys' + f'tem')('x')", "os.system"),
        ("import sys\nsys.modules['os'].system('x')", "os.system"),
        ("import os\nos.__dict__['system']('x')", "os.system"),
        ("import os\nvars(os)['system']('x')", "os.system"),
        ("__builtins__['eval']('1')", "builtins.eval"),
        ("exec('1')", "builtins.exec"),
        ("def f(exec=exec):\n    exec('1')", "builtins.exec"),
        ("import a, b\n(a if x else b).c()", "b.c"),
        ("().__class__.__base__.__subclasses__()", "?.__class__.__base__.__subclasses__"),
        ("import os\ngetattr(os, name)()", "os.?"),
    ],
)
def test_a_call_is_named_by_what_it_reaches(source, called):
    assert called in paths(source, "called")


@pytest.mark.parametrize("name", ["'0'", "'re' + 'lu'"])
def test_an_attribute_by_a_constant_name_is_one(name):
    assert "builtins.getattr" not in paths(
        f"def forward(self, x):\n    return getattr(getattr(self, {name}), {name})(x)"
    )


@pytest.mark.parametrize(
    "call", ["getattr(self, name)", "getattr(self, 'x', y)", "f(getattr)", "getattr(self, *names)"]
)
def test_an_attribute_by_any_other_name_is_a_call(call):
    assert "builtins.getattr" in paths(f"def forward(self, x):\n    return {call}")


def test_what_is_only_read_or_imported_is_named_too():
    assert "os.environ" in paths("import os\nx = os.environ", "read")
    assert paths("import os", "imported") == {"os"}
    assert "torch.device" in paths("from torch import device", "imported")


def test_a_variable_that_is_called_as_a_builtin_is_none():
    assert not {path for path in paths("def forward(self, input):\n    x = input + 1\n    return x") if "input" in path}


@pytest.mark.parametrize("source", ["def", "x = ", "\0", "(" * 500, "-" * 50_000 + "1", "x" * (MOST + 1)])
def test_what_is_no_source_is_refused(source):
    with pytest.raises(ValueError, match=r"source|characters"):
        names(source)


def test_escapes_that_python_warns_of_are_read_silently():
    assert names(r"x = '\d'") == ()


def test_a_long_chain_of_attributes_costs_no_more_than_its_text():
    source = "\n".join("x" + ".a" * 800 for _ in range(50))
    assert max(map(len, paths(source))) < 200


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="abos.()[]'=:, \n+", max_size=60))
def test_any_text_is_read_or_refused(source):
    try:
        found = names(source)
    except ValueError:
        return
    assert list(found) == sorted(found)
