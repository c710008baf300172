"""Makes executorch/*.pte: what ExecuTorch's exporter writes, plain, with a delegate, and before its segments.

ExecuTorch 1.5 on torch 2.13:

    python -m venv /tmp/v && /tmp/v/bin/pip install executorch==1.5.1 torchao
    cd tests/data && /tmp/v/bin/python make_executorch.py
"""

from pathlib import Path

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import ExecutorchBackendConfig, to_edge, to_edge_transform_and_lower
from torch import nn

OUT = Path(__file__).parent / "executorch"


class Net(nn.Module):
    """A layer, and a branch that depends on the data."""

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 3)

    def forward(self, x):
        return torch.softmax(self.lin(x), -1) + 1


def main():
    OUT.mkdir(exist_ok=True)
    torch.manual_seed(0)
    exported = torch.export.export(Net().eval(), (torch.ones(2, 4),))
    (OUT / "plain.pte").write_bytes(to_edge(exported).to_executorch().buffer)
    lowered = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()])
    (OUT / "xnnpack.pte").write_bytes(lowered.to_executorch().buffer)
    config = ExecutorchBackendConfig(extract_delegate_segments=False)
    (OUT / "xnnpack_inline.pte").write_bytes(lowered.to_executorch(config).buffer)


if __name__ == "__main__":
    main()
