"""Makes the archives of torch/archives/ here that are more than a pickle and its tensors, with torch itself.

    python -m venv v && v/bin/pip install torch==2.13.0 numpy && v/bin/python tests/data/make_torch_archives.py

Every file is small, honest and committed; the suite reads them and installs no torch.
"""

import sys
import tempfile
import zipfile
from pathlib import Path

import torch
import torch.distributed.checkpoint as dcp
from torch import nn
from torch._export.serde.serialize import serialize
from torch.ao import quantization
from torch.package import PackageExporter

OUT = Path(__file__).parent / "torch" / "archives"
PACKAGED = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 2)

    def forward(self, x):
        return torch.relu(self.lin(x))
"""


class Gate(nn.Module):
    """Control flow, constants of every kind, and a submodule."""

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(3, 2)
        self.steps = [1, 2, 3]
        self.scale: float = 0.5
        self.names = {"a": 1}
        self.register_buffer("mask", torch.arange(3.0))

    def forward(self, x, hint: str | None = None):
        y = self.lin(x * self.mask)
        if hint is not None and len(hint) > 3:
            raise ValueError(f"no torch.save(y, '/tmp/x') of {hint}")
        for step in self.steps:
            y = y + step if step in self.names.values() else y - torch.tensor([1.0, 2.0])
        return torch.softmax(y, dim=-1) * self.scale


class Restored(nn.Module):
    """Methods of its own for saving and restoring."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.times: int = 1

    @torch.jit.export
    def __getstate__(self):
        return (self.weight, self.times, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[torch.Tensor, int, bool]):
        self.weight = state[0]
        self.times = state[1]
        self.training = state[2]

    def forward(self, x):
        return x * self.weight + self.times


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.lin = nn.LSTM(4, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.lin(self.lstm(x)[0])


class Picture(nn.Module):
    def __init__(self):
        super().__init__()
        self.into, self.conv, self.relu, self.out = quantization.QuantStub(), nn.Conv2d(1, 2, 3), nn.ReLU(), quantization.DeQuantStub()

    def forward(self, x):
        return self.out(self.relu(self.conv(self.into(x))))


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 2)

    def forward(self, x):
        return torch.relu(self.lin(x))


class Exported(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(3, 2)
        self.tied = nn.Parameter(self.lin.weight)
        self.register_buffer("shift", torch.ones(2))

    def forward(self, x):
        some = torch.ones((x.shape[0] * 3 + 1) // 2, max(x.shape[0], 3)).sum()
        return self.lin(x) * some + self.shift + torch.tensor([1.0, 2.0]) + self.tied.sum()


def script():
    torch.jit.script(Gate()).save(OUT / "scripted.pt", _extra_files={"labels.txt": "cat\ndog\n"})
    plain = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()).eval()
    torch.jit.trace(plain, torch.randn(1, 1, 5, 5)).save(OUT / "traced.pt")
    torch.jit.script(Restored()).save(OUT / "restored.pt")
    dynamic = quantization.quantize_dynamic(Sequence().eval(), {nn.LSTM, nn.Linear}, dtype=torch.qint8)
    torch.save(dynamic, OUT / "quantised_whole.pt")
    torch.jit.script(dynamic).save(OUT / "quantised_dynamic.pt")
    model = Picture().eval()
    model.qconfig = quantization.default_qconfig
    quantization.fuse_modules(model, ["conv", "relu"], inplace=True)
    quantization.prepare(model, inplace=True)
    model(torch.randn(1, 1, 5, 5))
    quantization.convert(model, inplace=True)
    torch.jit.script(model).save(OUT / "quantised_static.pt")
    torch.jit.script(Gate())._save_for_lite_interpreter(str(OUT / "mobile.ptl"))
    torch.jit.script(model)._save_for_lite_interpreter(str(OUT / "mobile_quantised.ptl"))
    torch.jit.script(Gate())._save_for_lite_interpreter(str(OUT / "mobile_flat.ptl"), _use_flatbuffer=True)
    torch.save(torch.fx.symbolic_trace(Named()), OUT / "fx_graph_module.pt")


def exported():
    rows = torch.export.Dim("rows", min=2, max=64)
    program = torch.export.export(Exported(), (torch.randn(4, 3),), dynamic_shapes={"x": {0: rows}})
    torch.export.save(program, OUT / "exported.pt2")
    artifact = serialize(program)
    with zipfile.ZipFile(OUT / "exported_before_2_6.pt2", "w") as old:
        # What torch.export.save wrote in torch 2.1 to 2.5.
        old.writestr("serialized_exported_program.json", artifact.exported_program)
        old.writestr("serialized_state_dict.pt", artifact.state_dict)
        old.writestr("serialized_constants.pt", artifact.constants)
        old.writestr("serialized_example_inputs.pt", artifact.example_inputs)
        old.writestr("version", "8.14")


def package():
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tinynet.py").write_text(PACKAGED)
        sys.path.insert(0, folder)
        import tinynet

        with PackageExporter(str(OUT / "packaged.pt")) as exporter:
            exporter.intern("tinynet")
            exporter.extern("torch.**")
            exporter.save_pickle("net", "net.pkl", tinynet.Net())
            exporter.save_text("config", "labels.txt", "cat\ndog\n")
        with PackageExporter(str(OUT / "packaged_graph.pt")) as exporter:
            exporter.extern(["torch.**", "tinynet"])
            exporter.save_pickle("net", "net.pkl", torch.fx.symbolic_trace(tinynet.Net()))


def optimizers():
    model = nn.Linear(2, 2)
    for kind in (torch.optim.SGD, torch.optim.Adagrad, torch.optim.RMSprop):
        optimizer = kind(model.parameters(), lr=0.1)
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        torch.save(optimizer.state_dict(), OUT / f"{kind.__name__.lower()}.pt")
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 5)
    torch.save({"optimizer": optimizer, "schedule": schedule.state_dict()}, OUT / "optimizer_whole.pt")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    script()
    exported()
    package()
    optimizers()
    state = {"w": torch.randn(3, 4), "opt": {"step": torch.tensor(3.0), "lr": 0.1, "name": "adam"}}
    dcp.save(state, checkpoint_id=OUT / "checkpoint", no_dist=True)


if __name__ == "__main__":
    main()
