"""Writes scanners/rules/tensorflow_ops.py: the names in TensorFlow's op registry, added to those that are there.

    python make_tensorflow_ops.py

Run once with each release of TensorFlow that the module names; what a release dropped, older models still hold.
"""

import os
import re
import textwrap
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

TARGET = Path(__file__).parents[2] / "scanners" / "rules" / "tensorflow_ops.py"
MODULE = '''"""The operations that TensorFlow knows by itself; tests/data/make_tensorflow_ops.py writes this module.

Source: the op registry (`TF_GetAllOpList`) of TensorFlow {releases}, all of them together.
"""

from __future__ import annotations

from typing import Final

REGISTRY: Final = frozenset(
    """
{names}
""".split()
)
'''


def main():
    registry = op_def_pb2.OpList.FromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    names, releases = {op.name for op in registry.op}, {tf.__version__}
    if TARGET.exists():
        before = TARGET.read_text()
        names.update(before.partition('    """')[2].partition('"""')[0].split())
        releases.update(re.findall(r"\d+\.\d+\.\d+", before.partition("Source:")[2].partition("\n")[0]))
    text = textwrap.fill(" ".join(sorted(names)), 120, break_long_words=False, break_on_hyphens=False)
    TARGET.write_text(MODULE.format(releases=" and ".join(sorted(releases)), names=text))


if __name__ == "__main__":
    main()
