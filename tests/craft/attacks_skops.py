"""What files of skops do that name more than a model: its nodes import, call and give state as pickles do."""

from tests.craft.attack import several
from tests.craft.pickles import HARMLESS
from tests.craft.skops import (
    constant,
    function,
    instance,
    mapping,
    method,
    node,
    operator,
    partial,
    schema,
    sequence,
    skops,
)

COMMAND = constant(HARMLESS)
MODEL = "sklearn.linear_model._logistic:LogisticRegression"
HIDDEN = schema(function("numpy:log1p")).replace(b'"numpy"', b'"posix", "__module__": "numpy"')
LATE = mapping(**{f"a{n}": constant(n) for n in range(100)})
LATE["key_types"]["content"][-1] = node("Type", "builtins:eval")

SKOPS = [
    *several(
        "skops",
        {
            "a function in the place of a ufunc": skops(instance("sklearn.preprocessing._function_transformer:FunctionTransformer", func=function("posix:system"))),
            "a partial of a function": skops(partial(function("posix:system"), COMMAND)),
            "a class that is called for its content": skops(node("ConstructorFromReduce", "subprocess:Popen", content=sequence(COMMAND))),
            "a list of a class of its own": skops(node("List", "subprocess:Popen", content=[COMMAND])),
            "a loss that is none": skops(node("Loss", "builtins:exec", __reduce__={"args": sequence(COMMAND)}, content=mapping())),
            "an array that a function takes": skops(node("NdArray", "os:system", type="json", content=[COMMAND], shape=sequence(constant(1)))),
            "a type of keys, behind many others": skops(LATE),
            "a state whose text is executed": skops(instance("scipy.stats._distn_infrastructure:rv_generic", _parse_arg_template=constant("__import__('os').system('x')"))),
            "a factory of defaults": skops(node("DefaultDict", "collections:defaultdict", content={"main": mapping(), "default_factory": function("builtins:exec")})),
            "a name that comes twice": skops(HIDDEN.replace(b'"posix"', b'"numpy"', 1).replace(b'"__module__": "numpy"', b'"__module__": "posix"', 1)),
            "a name that comes twice, the other one last": skops(HIDDEN),
            "a node that newer releases may know": skops(node("Future", "posix:system", inner=[COMMAND])),
            "text of two bytes a character": skops(schema(function("posix:system")).decode().encode("utf-16")),
            "a source of bits": skops(node("RandomGenerator", "numpy.random._generator:Generator", content={"bit_generator": mapping(bit_generator=constant("__builtins__")), "seed_seq": mapping()})),
        },
        name="model.skops",
    ),
    *several(
        "skops CVE-2025-54412",
        {
            "an operator that shows another name": (skops(operator("sklearn.linear_model:call", function("builtins:len"))), {"rule": "skops-mismatch", "severity": "high"}),
            "an operator that calls": skops(operator("operator:call", function("posix:system"), COMMAND)),
            "an operator that looks a method up": (skops(operator("operator:methodcaller", constant("system"), COMMAND)), {"rule": "pickle-sink-string"}),
        },
        name="model.skops",
    ),
    *several(
        "skops CVE-2025-54413",
        {
            "a method that shows another class": (skops(method(instance(MODEL), "fit", "builtins:str")), {"rule": "skops-mismatch", "severity": "high"}),
            "a method of a method": (skops(method(method(instance(MODEL), "fit"), "__globals__", MODEL)), {"rule": "pickle-resolves-names"}),
        },
        name="model.skops",
    ),
    *several("skops CVE-2024-37065", {"a name that only `trusted=True` lets pass": skops(sequence(instance("builtins:eval"), kind="list"))}, name="model.skops"),
]  # fmt: skip
