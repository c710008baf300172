"""Models of other engines that do harm: paths that lead to nothing, names that nobody has."""

import json

from tests.craft.attack import several
from tests.craft.attacks_xml import HIGH, SUSPICIOUS, XML_ATTACKS
from tests.craft.engines import (
    attr,
    caffe,
    caffe_layer,
    cntk_model,
    coreml,
    custom,
    linked,
    mil,
    mil_text,
    op,
    package,
    pir,
    pir_op,
    program,
    prototxt,
    symbol,
)
from tests.craft.engines import layer as coreml_layer
from tests.craft.pickles import asm, system
from tests.craft.tensorflow import field, number
from tests.craft.xml import constant, document, layer, net, pmml

PICKLE = asm(system(), "STOP")
ELF = b"\x7fELF\2\1\1" + bytes(9) + b"\3\0>\0"
PE = b"MZ" + bytes(58) + b"\x40\0\0\0" + b"PE\0\0"
ENGINE_ATTACKS = XML_ATTACKS | {
    "OpenVINO": [
        *several(
            "7.2",
            {
                "an operator of an extension": net(layer("Exec", version="extension")),
                "an operator in a body": net(layer("Loop", f"<body><layers>{layer('Exec', version='acme')}</layers></body>")),
            },
            **SUSPICIOUS, rule="openvino-custom-operator", name="model.xml",
        ),
        *several(
            "7.2",
            {
                "a place that is negative": net(constant(offset=-8)),
                "a place that is no number": net(constant(offset="0x10")),
                "a size beyond 64 bits": net(constant(size="9" * 30)),
                "a size that is not that of the shape": net(constant(size=25)),
            },
            **SUSPICIOUS, rule="openvino-bounds", name="model.xml",
        ),
        *several(
            "7.2",
            {
                "kernels for the graphics card": document(
                    '<CustomLayer name="Relu" type="SimpleGPU" version="1"><Kernel entry="k"><Source filename="k.cl"/>'
                    "</Kernel></CustomLayer>"
                ),
            },
            rule="openvino-kernel", severity="high", name="custom_layers.xml",
        ),
        *several(
            "7.2",
            {
                "a library in a layer": net(layer("Exec", '<data library="libexec.so"/>', "extension")),
                "a list of plugins": document(
                    '<ie><plugins><plugin name="CPU" location="C:\\x\\plugin.DLL"/></plugins></ie>'
                ),
            },
            rule="openvino-library", severity="high", name="plugins.xml",
        ),
    ],
    "PMML": [
        *several(
            "7.5",
            {
                "a script in an extension": pmml("<Extension name='x'><script>marker()</script></Extension>"),
                "code in the text of an extension": pmml("<Extension>java.lang.Runtime.getRuntime()</Extension>"),
                "a class that runs programs in an extension": pmml("<Extension>java.lang.ProcessBuilder</Extension>"),
                "code in an attribute of an extension": pmml('<Extension name="init" value="import os"/>'),
            },
            **SUSPICIOUS, rule="pmml-extension-script", name="model.pmml",
        ),
        *several(
            "7.5",
            {"a function that is a class": pmml('<DerivedField><Apply function="com.acme.Exec"/></DerivedField>')},
            **SUSPICIOUS, rule="pmml-function", name="model.pmml",
        ),
    ],
    "Core ML": [
        *several(
            "7.3",
            {
                "a custom model": coreml(555, custom("Exec")),
                "a custom layer": coreml(500, coreml_layer(500, custom("Exec"))),
                "a custom layer of a classifier": coreml(403, coreml_layer(500, custom("Exec"))),
                "a custom layer in a branch": coreml(500, coreml_layer(605, field(1, coreml_layer(500, custom("Exec"))))),
                "a custom layer in a loop": coreml(500, coreml_layer(615, field(4, coreml_layer(500, custom("Exec"))))),
                "a custom layer in a pipeline": coreml(202, field(1, coreml(500, coreml_layer(500, custom("Exec"))))),
                "a custom model in a pipeline of a classifier": coreml(200, field(1, field(1, coreml(555, custom("Exec"))))),
                "an operation of a program": coreml(502, mil("custom_layer", class_name="Exec")),
                "an operation of a compiled model": (mil_text(), {"name": "model.mil"}),
                "a name that is long": coreml(555, custom("E" * 9000)),
                "no name": coreml(555, custom("")),
                "a model that has no description": number(1, 4) + field(555, custom("Exec")),
            },
            **SUSPICIOUS, rule="coreml-custom-class", name="model.mlmodel",
        ),
        *several(
            "7.3",
            {"a model that stands for another": coreml(556, linked("Other", "$(BUNDLE_MAIN):/nowhere"))},
            **SUSPICIOUS, rule="coreml-linked-model", name="model.mlmodel",
        ),
        *several(
            "7.3",
            {
                "weights outside of the package": coreml(502, mil("const", path="@model_path/../../secret")),
                "weights by an absolute path": coreml(502, mil("const", path="/nowhere/secret")),
                "weights of a compiled model": (mil_text("../../secret"), {"name": "model.mil"}),
                "weights of a compiled model, in the words of old programs": (
                    mil_text("/nowhere", "tensor<string, []>"), {"name": "x"}
                ),
                "weights in a list": coreml(502, mil("const", path="../secret", nested=True)),
                "an item outside of the package": (package("../../nowhere"), {"name": "Manifest.json"}),
                "an item by an absolute path": (package("/nowhere"), {"name": "Manifest.json"}),
            },
            **HIGH, rule="coreml-path", name="model.mlmodel",
        ),
        *several(
            "2.6",
            {
                "a pickle in the metadata": coreml(900, b"", metadata=field(100, field(1, "a") + field(2, PICKLE))),
                "a pickle in a parameter of a custom model": coreml(
                    555, custom("X", field(30, field(1, "a") + field(2, field(60, PICKLE))))
                ),
                "a long pickle": coreml(900, b"", metadata=field(100, field(2, PICKLE + bytes(9000)))),
            },
            name="model.mlmodel",
        ),
    ],
    "PaddlePaddle": [
        *several(
            "7.6",
            {
                "a function of Python": program(op("py_func", attr("forward_callable_id", i=0))),
                "a function of Python in another block": program(op("relu"), more=field(1, op("py_func"))),
                "a function of Python, in JSON": (pir(pir_op("1.py_func")), {"name": "inference.json"}),
                "under no name": (program(op("py_func")), {"name": "x"}),
            },
            **HIGH, rule="engine-python", name="model.pdmodel",
        ),
        *several(
            "7.6",
            {
                "a port": program(op("listen_and_serv", attr("endpoint", s="0.0.0.0:80"))),
                "values that are sent": program(op("send")),
                "values that are fetched": program(op("recv")),
                "a key that is fetched": program(op("c_gen_nccl_id")),
            },
            **HIGH, rule="engine-network", name="model.pdmodel",
        ),
        *several(
            "7.6",
            {
                "a file that is written": program(op("save", attr("file_path", s="weights"))),
                "files that are written, in JSON": (
                    pir(pir_op("1.save_combine", file_path="weights")), {"name": "inference.json"}
                ),
                "a file that is read, elsewhere": program(op("load_combine", attr("file_path", s="/nowhere/secret"))),
                "a picture that is read, elsewhere": program(op("read_file", attr("filename", s="../secret"))),
                "a list of files": program(op("read_file", attr("file_names", strings=["../secret"]))),
                "a path that is long": program(op("load", attr("file_path", s="a/" * 5000))),
            },
            **HIGH, rule="engine-file", name="model.pdmodel",
        ),
        *several(
            "7.6",
            {"a file beside the program": program(op("load", attr("file_path", s="weights")))},
            **SUSPICIOUS, rule="engine-file", name="model.pdmodel",
        ),
        *several(
            "7.6",
            {
                "an operator of a library": pir(pir_op("3.exec")),
                "an operator of a dialect that nobody knows": pir(pir_op("acme.exec")),
                "an operator in a region of another": pir(pir_op("2.if", regions=[{"blocks": [{"ops": [pir_op("3.exec")]}]}])),
            },
            **SUSPICIOUS, rule="engine-custom-operator", name="inference.json",
        ),
    ],
    "Caffe and CNTK": [
        *several(
            "7.12",
            {
                "a layer of Python": (
                    prototxt("python_param { module: 'rpn.proposal_layer' layer: 'ProposalLayer' }"),
                    {"severity": "medium", "verdict": "suspicious"},
                ),
                "a layer of Python in a network with weights": (
                    caffe(caffe_layer(), caffe_layer("Python", python=("acme.layers", "Layer", "{}"))),
                    {"severity": "medium", "verdict": "suspicious", "name": "model.caffemodel"},
                ),
                "a layer that calls a program": prototxt("python_param { module: 'os' layer: 'system' param_str: 'x' }"),
                "a layer that calls a program, in escapes": prototxt(
                    r"python_param: < module: '\157' 's' layer: 'sy\x73tem' >"
                ),
                "a class of the user": (
                    cntk_model(module="acme", **{"class": "Layer"}),
                    {"severity": "medium", "verdict": "suspicious", "name": "model.dnn"},
                ),
                "a class of the user that calls a program": (
                    cntk_model(module="os", **{"class": "system"}), {"name": "model.dnn"}
                ),
            },
            severity="critical", rule="config-target", name="deploy.prototxt",
        ),
        *several(
            "7.12",
            {
                "a statement in place of a class": cntk_model(module="os", **{"class": "system; system('echo')"}),
                "a statement in place of a module": cntk_model(
                    module="os import system; system('echo') #", **{"class": "x"}
                ),
            },
            severity="critical", rule="config-target", name="model.cmf",
        ),
        *several(
            "7.12",
            {
                "a library of native code": cntk_model(module="../libexec.so", deserialize_method="CreateExec"),
                "a library of native code, under no name": (
                    cntk_model(module="libexec", deserialize_method="x"), {"name": "x"}
                ),
            },
            **HIGH, rule="engine-library", name="model.dnn",
        ),
        *several(
            "7.12",
            {
                "a file that is written": prototxt("hdf5_output_param { file_name: '/nowhere/x.h5' }", "HDF5Output"),
                "a file that is written, by a network with weights": (
                    caffe(caffe_layer("HDF5Output", hdf5_output=("x.h5",))), {"name": "model.caffemodel"}
                ),
            },
            **HIGH, rule="engine-file", name="train.prototxt",
        ),
    ],
    "MXNet": [
        *several(
            "7.7",
            {
                "a function at an address": symbol({"op": "_Native", "attrs": {"info": "0x7f0000000000"}}),
                "the same of arrays": symbol({"op": "_NDArray", "param": {"info": "140737488355328"}}),
                "inside of another graph": symbol({"op": "_foreach", "subgraphs": [json.loads(symbol({"op": "_Native"}))]}),
            },
            **HIGH, rule="engine-python", name="model-symbol.json",
        ),
        *several(
            "7.7",
            {
                "an operator in Python": symbol({"op": "Custom", "attrs": {"op_type": "exec"}}),
                "an operator in Python, as it was written before 1.0": symbol({"op": "Custom", "attr": {"op_type": "exec"}}),
                "an operator of TVM": symbol({"op": "_TVMBridge"}),
            },
            **SUSPICIOUS, rule="engine-custom-operator", name="model-symbol.json",
        ),
        *several(
            "7.7",
            {"a library": symbol({"op": "_custom", "attrs": {"library": "libexec.so"}})},
            **HIGH, rule="engine-library", name="model-symbol.json",
        ),
    ],
    "TensorRT": [
        *several(
            "7.4",
            {
                "an engine": b"ftrt" + bytes(2000),
                "an engine under no name": (b"ftrt" + bytes(2000), {"name": "x"}),
                "an engine behind its description": (b"\2\0\0\0{}ftrt" + bytes(2000), {"name": "x"}),
                "a program for the card": b"ftrt" + bytes(100) + ELF.replace(b">", b"\xbe") + bytes(2000),
            },
            **SUSPICIOUS, rule="tensorrt-engine", name="model.engine",
        ),
        *several(
            "7.4",
            {
                "a library for the machine": b"ftrt" + bytes(100) + ELF + bytes(2000),
                "a library for Windows": b"ftrt" + bytes(100) + PE + bytes(2000),
                "a library at the end": b"ftrt" + bytes(40 << 20) + ELF,
            },
            **HIGH, rule="tensorrt-native-code", name="model.plan",
        ),
    ],
}  # fmt: skip
