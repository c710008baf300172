"""What the rules about Keras configurations say, and which releases of Keras each of them reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule

if TYPE_CHECKING:
    from scanners.findings import Severity

_NVD: Final = "https://nvd.nist.gov/vuln/detail/"
_GRAMMAR: Final = "https://keras.io/api/models/model_saving_apis/serialization_utils/"
_SAFE: Final = "https://keras.io/api/models/model_saving_apis/model_saving_and_loading/"
_WEIGHTS: Final = "Do not load it; ask the publisher for weights alone, and build the model from code that you read."


def _rule(name: str, severity: Severity, title: str, why: str, remedy: str, *references: str) -> Rule:
    links = tuple(f"{_NVD}{each}" if each.startswith("CVE-") else each for each in references)
    return Rule(f"keras-{name}", severity, title, why, remedy, links)


LAMBDA: Final = _rule(
    "lambda",
    "high",
    "A Lambda layer carries compiled Python",
    "Keras unmarshals the byte code and makes a function of it, which runs when the model is rebuilt or called. It can"
    " do what any program can. `safe_mode` refuses it in newer Keras, and only in the `.keras` format.",
    "Ask the publisher to write the function as a layer of its own, or as operations of Keras.",
    *("CVE-2024-3660", "CVE-2025-9905", "CVE-2025-9906", "CVE-2026-12481", _SAFE),
)
LAMBDA_FUNCTION: Final = _rule(
    "lambda-function",
    "medium",
    "A Lambda layer calls a function that it names",
    "Keras looks the function up by its name, in old releases by importing any module, and calls it with the arguments"
    " of the configuration.",
    "Look at what the function does, or ask for a model without it.",
    *("CVE-2025-1550", _GRAMMAR),
)
MODULE: Final = _rule(
    "module",
    "medium",
    "The configuration names something that is not Keras' own",
    "Keras before 3.9 imports whatever module a configuration names and takes from it what it asks for; with a class"
    " or function of Python's own, or of a package that is installed, that is code of the file's choice.",
    "Read what it names before you load it; update Keras to 3.11.3 or newer.",
    *("CVE-2025-1550", _GRAMMAR),
)
GADGET: Final = _rule(
    "gadget",
    "high",
    "The configuration names a part of Keras that is no part of a model",
    "Functions of Keras that fetch or open files, load models or switch safe mode off resolve like layers do, and a"
    " Lambda layer calls them with arguments of the file's choice.",
    "Do not load it.",
    *("CVE-2025-8747", "CVE-2025-9906", _GRAMMAR),
)
OPERATION: Final = _rule(
    "tensorflow-function",
    "medium",
    "A layer calls a function of TensorFlow that does more than compute",
    "Layers of Keras 2 that stand for operations call whatever TensorFlow exports under the name in the configuration.",
    _WEIGHTS,
    "https://www.tensorflow.org/api_docs/python/tf/io",
)
PATH: Final = _rule(
    "path",
    "medium",
    "A layer reads a file that the configuration names",
    "The vocabulary of a lookup layer may be a path or an address, which TensorFlow opens while the model is loaded:"
    " a file of this machine ends up in the model, or a request goes out.",
    "Do not load it; ask for a model that holds its vocabulary itself.",
    *("CVE-2025-12058", "https://github.com/advisories/GHSA-mq84-hjqx-cwf2"),
)
TORCH: Final = _rule(
    "torch-module",
    "high",
    "A layer wraps a torch module, which is a pickle",
    "TorchModuleWrapper keeps what `torch.save` wrote as base64 and loads it with `weights_only=False`.",
    "Do not load it with Keras before 3.11.3, and better not at all.",
    *("CVE-2025-49655", _SAFE),
)
SAVED_MODEL: Final = _rule(
    "saved-model",
    "high",
    "A layer loads a SavedModel from somewhere else",
    "The graph that it loads was not examined here, and a graph reads and writes files.",
    "Audit the SavedModel that it names, or do not load the file.",
    *("CVE-2026-1462", "https://keras.io/api/layers/backend_specific_layers/tfsm_layer/"),
)
FOREIGN: Final = _rule(
    "foreign-function",
    "medium",
    "A layer calls functions of JAX or Flax that it names",
    "JaxLayer and FlaxLayer keep functions by name or as code, and call them when they are built.",
    "Look at what they name.",
    "https://keras.io/api/layers/backend_specific_layers/jax_layer/",
)
CUSTOM: Final = _rule(
    "custom",
    "low",
    "The configuration asks for classes of its writer's own",
    "Keras finds them only where the loading program has registered them: the code is asked for, and is not here.",
    "Read the code that you are told to register.",
    _GRAMMAR,
)
YAML: Final = _rule(
    "yaml",
    "critical",
    "The YAML of a model calls Python",
    "`model_from_yaml` of TensorFlow before 2.6 loads with a loader that imports and calls what tags name.",
    "Do not load it; Keras has given up YAML.",
    *("CVE-2021-37678", "https://github.com/advisories/GHSA-r6jx-9g48-2r5r"),
)
DUPLICATE: Final = _rule(
    "duplicate",
    "high",
    "An object of the configuration says twice what it is",
    "Readers of JSON disagree about which of two equal keys counts; Python takes the last. Nothing writes such a"
    " thing, but whoever wants to show one class to a scanner and another to Keras.",
    "Do not load it.",
    "https://bishopfox.com/blog/json-interoperability-vulnerabilities",
)

RULES: Final = (
    *(LAMBDA, LAMBDA_FUNCTION, MODULE, GADGET, OPERATION, PATH, TORCH, SAVED_MODEL, FOREIGN, CUSTOM, YAML, DUPLICATE),
)

REACH: Final[dict[str, str]] = {
    LAMBDA.id: "any release with safe_mode=False; tf.keras before 2.13 always (CVE-2024-3660); 3.0 to 3.10 where the"
    " file switches safe mode off (CVE-2025-9906); 3.14.0 outside of load_model (CVE-2026-12481)",
    LAMBDA_FUNCTION.id: "3.0 to 3.8 import any module (CVE-2025-1550)",
    MODULE.id: "3.0 to 3.8 (CVE-2025-1550)",
    GADGET.id: "3.0 to 3.10 (CVE-2025-8747, CVE-2025-9906)",
    OPERATION.id: "tf.keras and tf_keras",
    PATH.id: "before 3.12 (CVE-2025-12058), and tf.keras",
    TORCH.id: "3.11.0 to 3.11.2 (CVE-2025-49655); later releases with safe_mode=False",
    SAVED_MODEL.id: "before 3.13.2 (CVE-2026-1462); later releases with safe_mode=False",
    YAML.id: "TensorFlow before 2.6 (CVE-2021-37678)",
}
"""The releases that act on what a rule finds, of Keras where nothing else is said."""
REACH_HDF5: Final = "tf.keras always, and Keras 3.0 to 3.11.2 also with safe_mode=True (CVE-2025-9905)"
"""The same for Lambda layers in HDF5, where nobody looks at `safe_mode`."""
