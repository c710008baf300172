"""TorchScript, torch.export archives, packages and checkpoints in pieces, piece by piece."""

import json

from tests.craft.archives import Part, archive, described
from tests.craft.tensors import torch_archive, torch_parts

MODULE = """\
class Net(Module):
  __parameters__ = ["w", ]
  __buffers__ = []
  w : Tensor
  training : bool
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
    _0 = torch.mul(x, self.w)
    return torch.add(_0, 1)
"""


def script(*files, **more):
    """A TorchScript archive with these files of code, (path below code/, text)."""
    code = [described(Part(f"archive/code/{path}", text.encode())) for path, text in files]
    return archive(*torch_parts(**more), described(Part("archive/constants.pkl", b"\x80\x02).")), *code, zip64=True)


def method(*lines, name="forward"):
    """A module whose method does this."""
    return (
        MODULE
        + f"  def {name}(self: __torch__.Net, x: Tensor) -> Tensor:\n"
        + "".join(f"    {each}\n" for each in lines)
    )


def meta(*sizes, dtype=7, strides=None, offset=0):
    """A tensor_meta of a config: contiguous, of floats."""
    if strides is None:
        strides = [1]
        for size in reversed(sizes[1:]):
            strides.insert(0, strides[0] * size)
    return {
        "dtype": dtype,
        "sizes": [{"as_int": size} for size in sizes],
        "strides": [{"as_int": stride} for stride in strides[: len(sizes)]],
        "storage_offset": {"as_int": offset},
    }


def payload(path, tensor_meta, *, pickled=False):
    return {"path_name": path, "is_param": True, "use_pickle": pickled, "tensor_meta": tensor_meta}


def exported(*more, weights=(), graph=None):
    """A torch.export archive: weights are (path, meta or None, bytes, further keys of its config)."""
    config = {
        f"w{number}": payload(path, described_as) | extra
        for number, (path, described_as, _, extra) in enumerate(weights)
    }
    parts = [
        Part("m/models/model.json", json.dumps(graph or {"graph": {"nodes": []}}).encode()),
        Part("m/data/weights/model_weights_config.json", json.dumps({"config": config}).encode()),
        *(Part(f"m/data/weights/{path}", raw) for path, _, raw, _ in weights),
        *more,
        Part("m/archive_format", b"pt2"),
        Part("m/archive_version", b"0"),
    ]
    return archive(*map(described, parts), zip64=True)


def package(*sources, pickle=b"N."):
    """A torch.package with these sources, (path, text)."""
    parts = [
        *(Part(f"p/{path}", text.encode()) for path, text in sources),
        Part("p/net/net.pkl", pickle),
        Part("p/.data/extern_modules", b"torch\n"),
        Part("p/.data/python_version", b"3.11.7"),
        Part("p/.data/version", b"6\n"),
    ]
    return archive(*map(described, parts), zip64=True)


def chain(*items):
    """A file of a distributed checkpoint: one torch archive behind the other."""
    return b"".join(torch_archive(item) if isinstance(item, tuple) else item for item in items)
