"""Compiles scanners/protos/*.proto into modules beside them; `make protos` runs it where grpcio-tools is installed.

What is committed is the compiler's descriptor set, not its Python: generated code is tied to a few releases of the
protobuf library, and a descriptor set to none.
"""

import base64
import tempfile
from pathlib import Path

PROTOS = Path(__file__).parents[2] / "scanners" / "protos"
_WIDTH = 116
_MODULE = '''"""The descriptors of {name}.proto; `make protos` writes this module."""

from __future__ import annotations

from typing import Final

DESCRIPTORS: Final = (
{lines}
)
"""A FileDescriptorSet (google/protobuf/descriptor.proto) in base64."""
'''


def main():
    from grpc_tools import protoc

    for source in sorted(PROTOS.glob("*.proto")):
        with tempfile.NamedTemporaryFile() as made:
            if protoc.main(["protoc", f"-I{PROTOS}", f"--descriptor_set_out={made.name}", source.name]):
                raise SystemExit(1)
            text = base64.b64encode(Path(made.name).read_bytes()).decode()
        lines = [f'    "{text[at : at + _WIDTH - 4]}"' for at in range(0, len(text), _WIDTH - 4)]
        source.with_suffix(".py").write_text(_MODULE.format(name=source.stem, lines="\n".join(lines)))


if __name__ == "__main__":
    main()
