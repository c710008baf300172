"""Callees that are as harmless as their arguments: both sides of each exception."""

import pytest

from scanners.facts import Call, Reference
from scanners.judge import judge
from scanners.rules.pickle_arguments import ARGUMENT_AWARE, made_by, path_of, sink_in, text_of
from scanners.rules.policy import Policy

POLICY = Policy.default()


def worst(module, name, *arguments, opcode="REDUCE", strings=(), more=()):
    shown = Call(module, name, opcode, f"{module}.{name}({', '.join(arguments)})", arguments, tuple(strings), 1, "", 5)
    findings = judge([shown, *more], path="m.pkl", format="pickle", policy=POLICY)
    return findings[0].severity if findings else None


@pytest.mark.parametrize(
    ("module", "name", "arguments", "severity"),
    [
        ("_codecs", "encode", ("'abc'", "'latin1'"), None),
        ("_codecs", "encode", ("<text of 90000>", "'UTF-8'"), None),
        ("_codecs", "encode", ("'abc'",), None),
        ("_codecs", "encode", ("'abc'", "'rot13'"), "high"),
        ("_codecs", "encode", ("'abc'", "?"), "high"),
        ("codecs", "encode", ("'abc'", "'hex'"), "high"),
        ("builtins", "eval", ("'data'", "{'data': numpy.core.multiarray._reconstruct(numpy.ndarray)}"), None),
        ("__builtin__", "eval", ("'data'", "{'data': ?}"), None),
        ("builtins", "eval", ("'data'", "{'other': ?}"), "critical"),
        ("builtins", "eval", ("'data'", "{'data': ?}", "{}"), "critical"),
        ("builtins", "eval", ("'data()'", "{'data': ?}"), "critical"),
        ("builtins", "eval", ("?", "{'data': ?}"), "critical"),
        ("builtins", "exec", ("'data'", "{'data': ?}"), "critical"),
        ("builtins", "getattr", ("torch.nn.modules.linear.Linear(?)", "'forward'"), None),
        ("__builtin__", "getattr", ("collections.OrderedDict()", "'items'"), None),
        ("builtins", "getattr", ("builtins.dict", "'fromkeys'"), None),
        ("builtins", "getattr", ("my.Net(?)", "'forward'"), "medium"),
        ("builtins", "getattr", ("my.Net", "'forward'"), "medium"),
        ("builtins", "getattr", ("'abc'", "'upper'"), "medium"),
        ("builtins", "getattr", ("<persistent ('x',)>", "'y'"), "medium"),
        ("builtins", "getattr", ("os", "'system'"), "critical"),
        ("builtins", "getattr", ("numpy._core.multiarray._reconstruct(numpy.ndarray)", "'tofile'"), "high"),
        ("builtins", "getattr", ("numpy._core.multiarray._reconstruct(numpy.ndarray)", "'tolist'"), None),
        ("builtins", "getattr", ("pandas.core.frame.DataFrame()", "'to_pickle'"), "high"),
        ("builtins", "getattr", ("pandas.core.frame.DataFrame()", "'to_dict'"), None),
        ("builtins", "getattr", ("xgboost.sklearn.XGBModel()", "'load_model'"), "high"),
        ("builtins", "getattr", ("torch.nn.modules.module.Module", "'save'"), "high"),
        ("operator", "methodcaller", ("'lower'",), "medium"),
        ("operator", "methodcaller", ("'to_csv'", "'/tmp/x'"), "high"),
        ("operator", "methodcaller", ("'__class__'",), "high"),
        ("operator", "methodcaller", ("?",), "high"),
        ("operator", "attrgetter", ("'savefig'",), "high"),
        ("operator", "add", ("1", "2"), "high"),
        ("functools", "lru_cache", ("None", "False"), None),
        ("functools", "lru_cache", ("my.function",), "high"),
        ("dill._dill", "_eval_repr", ("'exit()'",), "critical"),
        ("builtins", "getattr", ("sys.modules", "'get'"), "critical"),
        ("builtins", "getattr", ("collections.OrderedDict()", "'__class__'"), "critical"),
        ("builtins", "getattr", ("collections.OrderedDict()", "'Popen'"), "critical"),
        ("builtins", "getattr", ("collections.OrderedDict()", "?"), "critical"),
        ("builtins", "getattr", ("?", "'x'"), "critical"),
        ("builtins", "getattr", ("importlib.import_module('os')", "'x'"), "critical"),
        ("builtins", "getattr", (), "critical"),
        ("builtins", "getattr", ("torch.nn.modules.linear.Linear", "'__new__'"), None),
        ("builtins", "getattr", ("my.Net", "'__new__'"), "medium"),
        ("builtins", "getattr", ("os.system", "'__new__'"), "critical"),
        ("builtins", "getattr", ("dill._dill._load_type('object')", "'__new__'"), "medium"),
        ("builtins", "getattr", ("my.make()", "'__init__'"), "critical"),
        ("builtins", "iter", ("[1, 2]",), None),
        ("builtins", "iter", ("my.read", "None"), "high"),
        ("builtins", "property", ("<examined function>", "None", "my.Net"), None),
        ("builtins", "property", ("?",), "high"),
        ("functools", "reduce", ("_operator.or_", "(builtins.int,)"), None),
        ("functools", "reduce", ("operator.add", "(1,)"), "high"),
        ("functools", "reduce", ("my.find", "(1,)"), "high"),
        ("operator", "getitem", ("typing.List", "builtins.int"), None),
        ("operator", "getitem", ("sys.modules", "?"), "high"),
        ("operator", "getitem", ("my.table", "'x'"), "high"),
        ("numpy", "memmap", ("'/etc/passwd'",), "high"),
        ("numpy", "vectorize", ("my.find",), "high"),
        ("spacy.tokens.doc", "unpickle_doc", ("?", "<examined pickle>", "b'x'"), None),
        ("spacy.tokens.doc", "unpickle_doc", ("?", "b'x'", "<examined pickle>"), "critical"),
        ("spacy.vocab", "unpickle_vocab", ("?", "?", "?", "None", r"b'\x80\x05}\x94.'"), None),
        ("spacy.vocab", "unpickle_vocab", ("?", "?", "?", "None"), "critical"),
        ("functools", "partial", ("builtins.int",), None),
        ("functools", "partial", ("<examined function>",), None),
        ("functools", "partial", ("functools.partial(numpy.add, 1)", "2"), None),
        ("functools", "partial", ("my.make()",), "medium"),
        ("functools", "partial", ("?",), "high"),
        ("functools", "partial", (), "high"),
        ("copyreg", "_reconstructor", ("torch.nn.modules.linear.Linear", "builtins.object", "None"), None),
        ("copy_reg", "_reconstructor", ("torch.nn.modules.linear.Linear", "builtins.object", "None"), None),
        ("copyreg", "_reconstructor", ("?", "builtins.object", "None"), "high"),
        ("copyreg", "__newobj__", ("None",), "high"),
        (
            "torch._tensor",
            "_rebuild_from_type_v2",
            ("torch._utils._rebuild_tensor_v2", "torch.Tensor", "()", "{}"),
            None,
        ),
        ("torch._tensor", "_rebuild_from_type_v2", ("my.make", "torch.Tensor", "()", "{}"), "medium"),
        ("torch._tensor", "_rebuild_from_type_v2", ("?", "torch.Tensor", "()", "{}"), "high"),
        ("torch._utils", "_rebuild_wrapper_subclass", ("torch.Tensor", "?"), None),
        ("torch._utils", "_rebuild_wrapper_subclass", ("?",), "high"),
        ("numpy.core", "_ufunc_reconstruct", ("'scipy.special'", "'expit'"), None),
        ("numpy._core", "_ufunc_reconstruct", ("'numpy'", "'add'"), None),
        ("numpy.core", "_ufunc_reconstruct", ("'os'", "'system'"), "critical"),
        ("numpy.core", "_ufunc_reconstruct", ("'numpy'", "'__builtins__'"), "critical"),
        ("numpy.core", "_ufunc_reconstruct", ("'numpyx'", "'add'"), "critical"),
        ("numpy.core", "_ufunc_reconstruct", ("?", "'add'"), "critical"),
        ("builtins", "type", ("None",), None),
        ("builtins", "type", ("'X'", "()", "{}"), "high"),
        ("operator", "itemgetter", ("1", "'a'"), "low"),
        ("operator", "itemgetter", ("?",), "high"),
        ("operator", "attrgetter", ("'weight'",), None),
        ("operator", "attrgetter", ("'__globals__'",), "high"),
        ("operator", "attrgetter", ("'a.b'",), "high"),
        ("operator", "attrgetter", ("'system'",), "high"),
        ("operator", "attrgetter", ("?",), "high"),
        ("zoneinfo", "ZoneInfo._unpickle", ("'Europe/Berlin'", "1"), None),
        ("zoneinfo", "ZoneInfo.other", ("'Europe/Berlin'",), "medium"),
        ("re", "_compile", ("'a'", "32"), None),
        ("logging", "getLogger", ("'x'",), None),
        ("uuid", "UUID", (), None),
        ("uuid", "_get_command_stdout", ("'id'",), "critical"),
        ("__main__", "make", ("1",), "medium"),
    ],
)
def test_arguments_decide(module, name, arguments, severity):
    assert worst(module, name, *arguments) == severity


def test_the_words_that_dill_evaluates_are_constants():
    assert worst("dill._dill", "_eval_repr", "'NotImplemented'", strings=("NotImplemented",)) is None


@pytest.mark.parametrize("used_as", ["imported", "argument", "resolved"])
@pytest.mark.parametrize(("module", "name"), [("_operator", "add"), ("builtins", "max"), ("__builtin__", "map")])
def test_what_only_computes_may_be_named_and_handed_on(module, name, used_as):
    assert judge([Reference("pickle.global", module, name, used_as)], path="m", format="pickle", policy=POLICY) == ()


@pytest.mark.parametrize("name", ["methodcaller", "call", "setitem", "attrgetter"])
def test_what_looks_up_or_calls_may_not(name):
    (finding,) = judge(
        [Reference("pickle.global", "operator", name, "argument")], path="m", format="pickle", policy=POLICY
    )
    assert finding.severity == "high"


MEMMAP = Reference("pickle.global", "numpy", "memmap", "argument", "", 1)


def test_an_array_that_was_a_file_is_made_in_memory():
    assert worst("numpy.core.multiarray", "_reconstruct", "numpy.memmap", "(0,)", "b'b'", more=[MEMMAP]) is None
    assert worst("my.tools", "make", "numpy.memmap", "'/etc/passwd'", more=[MEMMAP]) == "high"
    assert worst("numpy", "memmap", "'/etc/passwd'") == "high"


def test_a_cached_function_is_wrapped_and_not_called():
    wraps = Call("", "functools.lru_cache(None, False)", "REDUCE", "", ("<examined function>",))
    assert judge([wraps], path="m", format="pickle", policy=POLICY) == ()
    calls = Call("", "functools.lru_cache(None, False)(my.function)", "REDUCE", "", ("'x'",))
    assert judge([calls], path="m", format="pickle", policy=POLICY)[0].severity == "high"


def test_a_vectorized_function_is_in_its_state():
    assert worst("numpy", "vectorize", opcode="NEWOBJ") is None


def test_a_class_is_made_by_type_also_without_a_call():
    assert worst("builtins", "type", "'X'", opcode="NEWOBJ") == "high"


def test_a_denied_callable_inside_an_honest_callee_is_found():
    handed = Reference("pickle.global", "os", "system", "argument", "", 4)
    assert worst("functools", "partial", "os.system", more=[handed]) == "critical"


def test_a_loader_is_as_harmless_as_what_it_loads():
    load = ("torch.storage", "_load_from_bytes")
    assert worst(*load, "<examined pickle>") is None
    assert worst(*load, "b'\\x80\\x02'") == "critical"
    assert worst(*load, "<examined pickle>", "<examined pickle>") == "critical"
    assert worst(*load, "'<examined pickle>'") == "critical"
    # One examined constant speaks for its own call and for no other.
    another = Call(*load, "REDUCE", "", ("?",), (), 1, "", 9)
    assert worst(*load, "<examined pickle>", more=[another]) == "critical"


def test_a_user_may_deny_what_is_harmless_by_its_arguments():
    policy = POLICY.extended(deny=[("functools.partial", "never")])
    facts = [Call("functools", "partial", "REDUCE", "functools.partial(int)", ("builtins.int",), (), 1, "", 5)]
    assert [f.rule for f in judge(facts, path="m", format="pickle", policy=policy)] == ["pickle-denied-locally"]
    facts = [Reference("pickle.global", "functools", "partial", "imported")]
    assert [f.rule for f in judge(facts, path="m", format="pickle", policy=policy)] == ["pickle-denied-locally"]


def test_every_argument_aware_callee_is_written_canonically_and_not_simply_allowed():
    for name in ARGUMENT_AWARE:
        assert POLICY.decide_path(name).kind != "allow", name


def test_arguments_are_read_as_they_are_written():
    assert path_of("os.system") == "os.system"
    assert path_of("None") == path_of("'os'") == path_of("f(x)") == path_of("<bytes of 3>") == ""
    assert made_by("a.b(c(d))") == "a.b"
    assert made_by("'a('") == ""
    assert text_of("'it\\'s'") == "it's"
    assert text_of("'cut\\…'") == "cut\\…"
    assert text_of("'broken") is None
    assert text_of("b'x'") is None


@pytest.mark.parametrize(
    ("strings", "resolver", "text"),
    [
        (("os.system",), False, "os.system"),
        (("posix", "system"), False, "posix:system"),
        (("system",), False, ""),
        (("system",), True, "system"),
        (("os",), False, ""),
        (("subprocess", "run"), False, "subprocess:run"),
        (("weights", "train", "eval"), False, ""),
    ],
)
def test_words_are_sinks_only_in_company(strings, resolver, text):
    assert sink_in(strings, POLICY, resolver=resolver) == text
