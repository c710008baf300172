"""TorchScript is read by its tokens: every way to an operator is stated, honest code says nothing odd."""

import pickle
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scanners.binary.torchscript import Broken, Script, chains
from scanners.budget import Budget, Limits
from scanners.facts import Reference
from scanners.scanner import Scan
from scanners.source import BytesSource
from tests.craft.reading import referenced, scan, unread_reasons
from tests.craft.torch_archives import MODULE, method, script


def stated(*files):
    """Kind, module and name of all that these files of code, (name, bytes), ask for."""
    own = Scan(0, Budget(Limits()), route=lambda source, child: child.account.examined(0, source.size) or "")
    reader = Script(own)
    for name, data in files:
        reader.read(BytesSource(data), name)
    reader.state()
    return {
        (fact.kind.removeprefix("torch."), fact.module, fact.name) for fact in own.facts if isinstance(fact, Reference)
    }


def code(text):
    return stated(("a/code/__torch__.py", text.encode()))


def test_operators_of_a_plain_module():
    assert code(MODULE) == {("script", "aten", "mul"), ("script", "aten", "add")}


@pytest.mark.parametrize(
    ("line", "module", "name"),
    [
        ("torch.save(x, 'f')", "aten", "save"),
        ("torch . \\\n save(x, 'f')", "aten", "save"),
        ("y = [torch. # so\n save(x, 'f')]", "aten", "save"),
        ("y = torch.from_file", "aten", "from_file"),
        ("ops.aten.save(x, 'f')", "aten", "save"),
        ("ops.mylib.run(x)", "mylib", "run"),
        ("ops.my.lib.run(x)", "my.lib", "run"),
        ("(x).save('f')", "Tensor", "save"),
        ("x.save('f')", "Tensor", "save"),
        ("self.w.save('f')", "Tensor", "save"),
        ("(torch.mul(x, x)).save('f')", "Tensor", "save"),
        ("'{}'.format(x)", "Tensor", "format"),
        ("(self).forward(x, )", "self", "forward"),
        ("y = rpc_sync('w', self.forward, (x,))", "prim", "rpc_sync"),
        ("y : __torch__.torch.classes.lib.Thing = x", "torch.classes.lib", "Thing"),
        ("t = torch", "local", "torch"),
        ("o = ops.aten", "local", "ops.aten"),
        ("y = getattr(torch, 'save')", "local", "torch"),
        ("getattr(x, 'save')('f')", "local", "a value"),
        ("fs[0](x)", "local", "a value"),
        ("f('f')", "local", "f"),
    ],
)
def test_every_way_to_an_operator_is_stated(line, module, name):
    assert ("script", module, name) in code(method(line))


@pytest.mark.parametrize(
    "line",
    [
        "_0 = 'torch.save(x, 1)'", '_0 = """torch.save(x) \\""" ops.a.b(x)"""', "# torch.save(x, 'f')", "y = int(x)",
        "y = getattr(self, '0')", "if not (x): pass", "y = x\n    (y, ) = (x, )", "y = self.scale", "y = 1.5e-05",
        "f = __torch__.helper\n    y = f(x)", "y = annotate(List[int], [])",
    ],
)  # fmt: skip
def test_what_reaches_nothing_is_not_stated(line):
    assert code(method(line)) == code(MODULE)


def test_a_variable_that_stands_for_more_than_a_function_of_the_archive_is_stated():
    assert ("script", "local", "f") in code(method("f = __torch__.helper", "f, y = x.save, 1", "f('f')"))


@pytest.mark.parametrize("name", ["__setstate__", "__init__", "__len__"])
def test_code_that_runs_at_load_is_told_apart(name):
    assert ("script.load", "aten", "save") in code(method("torch.save(x, 'f')", name=name))


def test_what_is_called_at_load_runs_at_load():
    helper = "def helper(x: Tensor) -> NoneType:\n  ops.aten.save(x, 'f')\n  return None\n"
    restoring = method("_0 = __torch__.helper(x, )", name="__setstate__")
    found = stated(("a/code/__torch__.py", restoring.encode()), ("a/code/__torch__/h.py", helper.encode()))
    assert ("script.load", "aten", "save") in found
    assert ("script", "aten", "mul") in found


def test_instructions_for_mobiles_name_operators_and_classes():
    program = (
        "__torch__.Net.forward",
        ("operators", (("aten::save", ""), ("mylib::run", "out"))),
        "List[__torch__.torch.classes.lib.Thing]",
    )
    found = stated(("a/bytecode.pkl", pickle.dumps(program, protocol=2)))
    assert found == {("script", "aten", "save"), ("script", "mylib", "run"), ("script", "torch.classes.lib", "Thing")}


def test_an_opcode_behind_a_name_does_not_belong_to_it():
    text = b"X" + struct.pack("<I", 10) + b"aten::save" + b"q\x00"
    assert stated(("a/bytecode.pkl", text)) == {("script", "aten", "save")}


@pytest.mark.parametrize("text", ["x = 'open", "x = 1 $ 2", "é = 1", 'x = "a\nb"'])
def test_what_is_no_token_breaks_the_reading(text):
    with pytest.raises(Broken):
        list(chains(text))


def test_what_stood_before_the_break_is_kept():
    own = Scan(0, Budget(Limits()))
    reader = Script(own)
    assert not reader.read(BytesSource(b"torch.save(x, 'f')\n$"), "a/code/m.py")
    reader.state()
    assert [type(fact).__name__ for fact in own.facts] == ["Unread", "Reference"]


def test_a_flood_of_names_ends_the_reading_and_keeps_what_came_before(monkeypatch):
    monkeypatch.setattr("scanners.binary.torchscript._CHAINS_MOST", 20)
    outcome = scan(
        script(("__torch__.py", method("torch.save(x, 'f')", *(f"y{n} = x{n}" for n in range(20))))), "model.pt"
    )
    assert unread_reasons(outcome) == {"limit"}
    assert ("aten", "mul") in referenced(outcome, "torch.script")


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("a/code/__torch__.py", True), ("A/CODE/__torch__/x/y.PY", True), ("a/bytecode.pkl", True), ("a/code/m.py.debug_pkl", False),
        ("a/extra/m.py", False), ("code/m.py", False), ("a/b/code/m.py", False),
    ],
)  # fmt: skip
def test_only_records_below_code_are_code(name, runs):
    assert Script.runs(name) is runs


@given(st.text(alphabet=" \n().,=[]abtorchsve1", max_size=40), st.text(alphabet=" \n().,=#'\"\\[]ab", max_size=20))
def test_nothing_in_front_or_behind_hides_a_call(before, behind):
    try:
        found = [chain.parts[-2:] for chain, _ in chains(f"{before}\ntorch.save(x, 'f')\n{behind}")]
    except Broken as broken:
        assume(broken.offset > len(before))
        return
    assert ("torch", "save") in found
