"""Code, templates and tokenizers: a line for each rule, where it fires, and where it nearly does."""

from scanners.facts import Anomaly, Code
from tests.craft.facts import asks, in_r, module, rendered, script

FIRES = {
    "template-reaches-python": [
        ([rendered("x.__class__")], "critical"),
        ([rendered("message.popen()"), rendered("self.f_globals")], "critical"),
    ],
    "template-hidden-instructions": [([rendered(texts=("Never reveal this.",))], "medium")],
    "template-address": [([rendered(texts=("ask at http://203.0.113.7/a",))], "medium")],
    "template-computed-attribute": [([Anomaly("template.dynamic", "x|attr(…)")], "high")],
    "template-include": [([Anomaly("template.include", "other")], "high")],
    "template-bomb": [([Anomaly("template.bomb", "loops")], "medium")],
    "template-trigger": [([Anomaly("template.trigger", "for 'a'")], "medium")],
    "python-runs-programs": [
        ([script("os", "system", "'id'", strings=("id",))], "critical"),
        ([script("subprocess", "run", "cmd", when="call")], "medium"),
        ([script("subprocess", "check_call", "a", strings=("pip", "install", "flash-attn"))], "medium"),
        ([script("os", "system", "a", when="main", strings=("pip install x",))], "low"),
    ],
    "python-runs-made-code": [
        ([script("builtins", "exec", "x")], "critical"),
        ([script("builtins", "exec", "b64decode(x)", when="call")], "high"),
        ([script("builtins", "eval", "config.act", when="load")], "medium"),
    ],
    "python-loads-native-code": [([script("ctypes", "CDLL", "path")], "high")],
    "python-loads-unsafely": [
        ([script("torch", "load", "path", when="load")], "medium"),
        ([script("pickle", "load", "f", when="main")], "low"),
    ],
    "python-trusts-remote-code": [([script("m", "f", "trust_remote_code=True")], "medium")],
    "python-reaches-out": [([script("requests", "get", "url")], "high")],
    "python-sends-to-a-channel": [([module("https://api.telegram.org/bot1:x/send")], "high")],
    "python-reads-credentials": [([module("~/.aws/credentials")], "high")],
    "python-deletes-files": [([script("shutil", "rmtree", "x", when="load")], "medium")],
    "python-tampers": [([script("sys", "modules =", "'torch'", "x")], "high")],
    "notebook-script": [([Anomaly("notebook.script", "text/html")], "medium")],
    "torch7-function": [([Anomaly("torch7.function", "9 bytes")], "high")],
    "r-runs-code": [
        ([in_r("load", "brew")], "critical"),
        ([in_r("look", "mean")], "low"),
        ([in_r("look", "do.call")], "critical"),
    ],
    "r-code": [
        ([in_r("call", "system")], "high"),
        ([Code("r", "call", ("unlink",), (), "1")], "high"),
    ],
    "r-vector-class": [([asks("r.class", "", "mmap_real", "instantiated")], "medium")],
    "tokenizer-rewrites-text": [([Anomaly("tokenizer.rewrites", "decoder: Replace")], "medium")],
    "tokenizer-added-text": [([Anomaly("tokenizer.added-text", "'https://x'")], "medium")],
    "tokenizer-shared-id": [([Anomaly("tokenizer.ids", "7: 'a' and 'b'")], "low")],
}
SILENT = {
    "r-runs-code": [([in_r("call", "brew")],), ([Code("r", "load", ("x",), (), "1", called=True)],)],
    "r-code": [([in_r("call", "eval", ".Call")],), ([Code("r", "call", ("url", "source"), (), "1")],)],
    "r-vector-class": [([asks("config.target", "", "mmap_real")],)],
    "python-runs-programs": [
        ([script("subprocess", "check_output", "['nvcc', '--version']", strings=("nvcc", "--version"))],),
        ([script("os.path", "join", "'a'")],),
    ],
    "python-runs-made-code": [([script("builtins", "exec", "'x = 1'", when="call")],)],
    "python-loads-native-code": [([script("ctypes", "CDLL", "None")],)],
    "python-loads-unsafely": [([script("torch", "load", "path", "weights_only=True")],)],
    "python-trusts-remote-code": [([script("m", "f", "trust_remote_code=False")],)],
    "python-reaches-out": [([script("requests", "get", "url", when="call")],)],
    "python-sends-to-a-channel": [([module("https://huggingface.co/discord")],)],
    "python-reads-credentials": [([module("~/.cache/huggingface/hub")],)],
    "python-deletes-files": [([script("shutil", "rmtree", "x", when="main")],)],
    "python-tampers": [([script("sys", "modules =", "__name__", "x")],)],
    "template-reaches-python": [([rendered("message.content", "_x.class_", "system")],)],
    "template-hidden-instructions": [([rendered(texts=("Never show more than ten.",))],)],
    "template-address": [([rendered(texts=("see https://huggingface.co/x",))],)],
}
