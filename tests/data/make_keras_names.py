"""Writes scanners/rules/keras_names.py and keras_arithmetic.py: what Keras and TensorFlow call their own.

    python tests/data/make_keras_names.py FOLDER...

Each FOLDER holds installed packages. Their sources are parsed and nothing is imported, so releases for different
Pythons do. The committed tables were made of keras 3.15.1, 3.10.0, 3.7.0 and 2.15.0, tf_keras 2.21.0,
keras_hub 0.32.0, keras_cv 0.9.0, tensorflow_addons 0.23.0 and tensorflow 2.21.0 and 2.15.1.
"""

import ast
import re
import sys
import textwrap
from pathlib import Path

RULES = Path(__file__).parents[2] / "scanners" / "rules"
MODELLING = frozenset(
    "applications constraints distillation dtype_policies engine feature_column initializers layers legacy losses"
    " metrics mixed_precision models optimizers ops premade_models quantizers random regularizers rnn samplers seq2seq"
    " tokenizers".split()
)
"""Parts of the packages of which configurations name classes."""
EXPORTED_ONLY = frozenset(("keras_hub",))
"""Of a package of so many classes, those that it exports."""
OUTSIDE = "FeatureSpace SeedGenerator Functional DTypePolicy FloatDTypePolicy QuantizedDTypePolicy Model Sequential"
CALLED = frozenset(
    "activations backend constraints initializers losses metrics nn ops quantizers random regularizers layers".split()
)
"""Namespaces of Keras of which configurations and Lambda layers name functions."""
SPACES = "math nn linalg image strings signal sparse random ragged sets bitwise quantization dtypes".split()
"""Namespaces of TensorFlow whose functions compute."""
ACTS = frozenset(
    "Assert assert_rank device eval function get_logger get_file import_graph_def init_scope load_library"
    " load_op_library manual_variable_initialization name_scope numpy_function print print_tensor py_func py_function"
    " register_tensor_conversion_function deserialize get serialize enable_unsafe_deserialization set_session"
    " get_session clear_session disable_tf_random_generator disable_v2_dtype_behavior"
    " enable_tf_random_generator enable_v2_behavior enable_v2_dtype_behavior set_learning_phase".split()
)
"""Functions among them that do more than compute."""
HEADER = '"""{title}\n\nMade by tests/data/make_keras_names.py of {made_of}.\n"""\n\nfrom __future__ import annotations\n\nfrom typing import Final\n'


def sources(package):
    """The modules of a package that are no tests: path inside of it, and tree."""
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package).with_suffix("").parts
        if not re.search(r"_test$|^test|conftest", path.stem) and not {"tests", "benchmarks"} & set(inside):
            yield [part for part in inside if part not in {"src", "_tf_keras"}], ast.parse(path.read_text())


def exported(node):
    """The dotted names under which a definition is exported."""
    calls = [each for each in node.decorator_list if isinstance(each, ast.Call) and "export" in ast.unparse(each.func)]
    return [each.value for call in calls for each in ast.walk(call) if isinstance(each, ast.Constant) and each.value]


def of_keras(package):
    """Names of classes, and of functions, that a package of the Keras family defines."""
    classes, functions = set(), set()
    for inside, tree in sources(package):
        for node in tree.body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef) or node.name.startswith("_"):
                continue
            names = [name for name in exported(node) if isinstance(name, str)]
            if isinstance(node, ast.FunctionDef):
                functions |= {name.rpartition(".")[2] for name in names if CALLED & set(name.split(".")[1:2])}
            elif inside and inside[0] in MODELLING and (names or package.name not in EXPORTED_ONLY):
                classes |= {node.name, *(name.rpartition(".")[2] for name in names)}
    return classes, functions


def of_tensorflow(package):
    """The functions of each namespace of the public interface that computes."""
    spaces = {}
    for space in ["", *SPACES]:
        path = package / "_api" / "v2" / "compat" / "v2" / space / "__init__.py"
        names = {
            alias.asname or alias.name
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.ImportFrom) and node.module and "_api" not in node.module
            for alias in node.names
        }
        spaces[space] = {name for name in names if name.islower() and not name.startswith("_")} - ACTS
    return spaces


def version(package):
    """The release of an installed package."""
    found = sorted(package.parent.glob(f"{package.name}*-[0-9]*.dist-info"))
    return f"{package.name} {found[0].name.removesuffix('.dist-info').partition('-')[2]}"


def table(name, names, doc):
    """A frozenset of words as source."""
    words = textwrap.wrap(" ".join(sorted(names)), 110, break_long_words=False, break_on_hyphens=False)
    lines = "\n".join(f'    "{" " if number else ""}{line}"' for number, line in enumerate(words))
    return f'\n{name}: Final = frozenset(\n{lines}.split()\n)\n"""{doc}"""\n'


def main(folders):
    classes, functions, made_of = set(OUTSIDE.split()), set(), []
    spaces = {}
    for folder in map(Path, folders):
        for package in sorted(folder.iterdir()):
            if package.name in {"keras", "tf_keras", "keras_hub", "keras_cv", "tensorflow_addons"}:
                more, called = of_keras(package)
                classes, functions = classes | more, functions | called
                made_of.append(version(package))
            if package.name == "tensorflow":
                for space, names in of_tensorflow(package).items():
                    spaces.setdefault(space, set()).update(names)
                made_of.append(version(package))
    made = ", ".join(sorted(set(made_of)))
    head = HEADER.format(title="Classes and functions that the Keras family calls its own.", made_of=made)
    head = "\n".join(part for line in head.splitlines() for part in (textwrap.wrap(line, 118) or [""])) + "\n"
    (RULES / "keras_names.py").write_text(
        head
        + table("CLASSES", classes, "Classes of layers, models, losses, metrics, optimizers and their like.")
        + table("FUNCTIONS", functions - ACTS, "Functions that compute: activations, losses, metrics, operations.")
    )
    head = HEADER.format(title="Functions of TensorFlow's public interface that compute.", made_of=made)
    head = "\n".join(part for line in head.splitlines() for part in (textwrap.wrap(line, 118) or [""])) + "\n"
    (RULES / "keras_arithmetic.py").write_text(
        head
        + table("TOP", spaces[""], "Directly below the package.")
        + table("BELOW", {n for s in SPACES for n in spaces[s]} - spaces[""], f"In {', '.join(SPACES)} alone.")
    )


if __name__ == "__main__":
    main(sys.argv[1:])
