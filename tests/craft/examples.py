"""reports/examples.json: what each rule says of the first file that its test fires it with.

python -m tests.craft.examples
"""

import json
from pathlib import Path

from tests.craft.fires import FIRES, found

PAGE = Path(__file__).parents[2] / "reports" / "examples.json"
BEYOND = {
    "name-collides": "Two files have one name on some systems: 'a/Config.json' is another",
    "file-wrong-hash": "The file's bytes are not those that the Hub's hash names: its bytes are not those of sha256:9f86d081884c…",
    "hub-repo-missing": "The file names a repository that is not there: gone/model",
    "hub-repo-renamed": "The file names a repository that has moved: old/model is base/model",
    "hub-repo-registered-later": "The file names a repository that is younger than the file: base/model is of 2026-05-01, the file of 2026-02-01",
    "dataset-script": "The dataset has a script that loads it: squad.py",
    "space-app-disguised": "The Space starts a program that is not named like one: assets/notes.txt",
    "bytecode-without-source": "Compiled Python is here and its source is not: model/__pycache__/core.cpython-311.pyc",
    "config-code-missing": "The configuration names code that is not there: modeling_x.py",
    "template-differs": "The chat template is not that of the files beside it: it differs from that of tokenizer_config.json, and says always, recommend, shop",
    "tokenizer-differs": "Two files of the tokenizer give one number to different tokens: 8: '<|end|>' and '</s>', of tokenizer.json",
    "file-other-lfs-pointer": "Git has another pointer for the file than the one that the Hub lists: another",
    "file-submodule": "The Hub lists something that is neither a file nor a folder",
    "hub-repo-reached": "through base/model: pytorch_model.bin: posix.system('id')",
}


def examples():
    """The message of each rule's first finding, by its id."""
    said = {}
    for rule, (first, *_) in FIRES.items():
        facts, _, path, fmt = first if len(first) == 4 else (*first, "model.pkl", "pickle")
        said[rule] = found(facts, rule, path, fmt)[0].message
    return said | BEYOND


def main():
    """Write them anew."""
    PAGE.write_text(json.dumps(examples(), indent=1, sort_keys=True, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
