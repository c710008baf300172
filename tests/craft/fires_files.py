"""Files as a whole, and their names: a line for each rule, where it fires, and where it nearly does."""

from scanners.facts import Anomaly, Opens, Unread
from tests.craft.facts import ref

FIRES = {
    "native-code": [
        ([Anomaly("file.native-code", "elf")], "critical", "pytorch_model.bin", "elf"),
        ([Anomaly("file.native-code", "elf")], "critical", "LICENSE", "elf"),
        ([Anomaly("file.native-code", "elf", "m/extra/a.so")], "critical", "model.pt", "torch.zip"),
        ([Anomaly("file.native-code", "elf")], "high", "libcuda.so.12", "elf"),
        ([Anomaly("file.native-code", "pe", "pkg/a.pyd")], "high", "pkg-1.0-py3-none-any.whl", "zip"),
    ],
    "file-flood": [([Anomaly("file.flood", "over 20000 names")], "high")],
    "file-lfs-pointer": [([Anomaly("file.lfs-pointer")], "low")],
    "file-link": [
        ([Opens("file.link", "../../model.bin")], "medium", "sub/model.safetensors", "text"),
        ([Opens("file.link", "/data/model.bin")], "medium", "model.bin", "text"),
        ([Opens("file.link", "/proc/self/environ")], "high", "vocab.txt", "text"),
        ([Opens("file.link", "../../.ssh/id_rsa")], "high", "notes", "text"),
        ([Opens("file.link", "sub/../../.git/config")], "high", "sub/a", "text"),
    ],
    "pdf-script": [([Anomaly("pdf.script", "JavaScript")], "medium")],
    "pdf-launch": [([Anomaly("pdf.launch")], "high")],
    "file-script": [([Anomaly("file.script", "script that a double click runs")], "medium")],
    "file-macros": [([Anomaly("file.macros", "macros of Visual Basic")], "high")],
    "llamafile-argument": [([Anomaly("llamafile.argument", "--host 0.0.0.0", ".args")], "medium")],
    "file-beside": [([Anomaly("file.beside", "900 bytes", "", 4000)], "low")],
    "file-polyglot": [
        ([Anomaly("file.polyglot", "zip, pickle")], "medium"),
        ([Anomaly("file.polyglot", "zip, pickle"), ref("os", "system")], "high"),
    ],
    "name-hides": [([], "medium", "m\u043edel.bin", "pickle")],
    "name-disguises-program": [([], "high", "model.bin.exe", "text")],
    "name-leads-away": [([], "high", "..\\model.txt", "text")],
    "name-python-runs": [([], "high", "sitecustomize.py", "text")],
    "name-unfit": [([], "low", "aux.txt", "text")],
    "file-type-mismatch": [
        ([], "high", "model.safetensors", "pickle"),
        ([], "high", "MODEL.SAFETENSORS", "torch.zip"),
        ([], "high", "model.bin", "elf"),
        ([Unread("no-reader", "a shell script")], "high", "model.pt", "text"),
        ([], "medium", "model.safetensors", "zip"),
        ([], "medium", "config.json", "pickle"),
        ([], "medium", "logo.png", "elf"),
        ([], "medium", "model.pt", "7z"),
        ([], "low", "model.gguf", "safetensors"),
        ([], "low", "model.bin", "png"),
    ],
}
SILENT = {
    "file-link": [
        ([Opens("file.link", "../model.bin")], "sub/model.safetensors", "text"),
        ([Opens("file.link", "/data/work_dirs/epoch_12.pth")], "last_checkpoint", "text"),
        ([Opens("file.link", "../../x")], "notes.txt", "text"),
    ],
    "name-hides": [([], "модель.txt", "text")],
    "name-disguises-program": [([], "setup.exe", "text")],
    "name-leads-away": [([], "sub/..model.txt", "text")],
    "name-python-runs": [([], "site.py", "text")],
    "name-unfit": [([], "auxiliary.txt", "text")],
    "file-type-mismatch": [
        ([], "model.safetensors", "safetensors"),
        ([], "model.safetensors", "git.lfs-pointer"),
        ([], "model.safetensors", "unknown"),
        ([], "pytorch_model.bin", "torch.zip"),
        ([], "model.safetensors.index.json", "json"),
        ([], "model.bin", "safetensors"),
        ([Unread("no-reader", "a shell script")], "run.sh", "text"),
        ([], "libcuda.so", "elf"),
        ([], "args.yaml", "yaml"),
    ],
}
