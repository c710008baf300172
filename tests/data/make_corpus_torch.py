"""Makes corpus/torch-*: state dicts, optimizers, whole modules, data sets, tensors of all kinds. Release: 2.13.0."""

import argparse
import io
import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import torch
from corpus_writing import Folder
from torch import nn
from torch.nn.utils import parametrizations
from torch.utils import data

__file__ = "make_corpus_torch.py"  # Whole modules carry it, and the folder that it is in is nobody's business.
TYPES = "float32 float64 float16 bfloat16 int8 int16 int32 int64 uint8 uint16 bool complex64 float8_e4m3fn float8_e5m2".split()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(OrderedDict(a=nn.Linear(2, 3), b=nn.ReLU(), c=nn.Linear(3, 1)))
        self.register_buffer("mean", torch.zeros(2))

    def forward(self, x):
        return self.body(x - self.mean)


def tensors():
    ones = torch.ones(2, 3)
    for kind in TYPES:
        yield kind, torch.zeros(4, dtype=getattr(torch, kind))
    yield "views", {"base": (base := torch.arange(12.0)), "view": base[2:6].view(2, 2), "transposed": ones.t()}
    yield "parameter", nn.Parameter(ones)
    yield "parameter_frozen", nn.Parameter(ones, requires_grad=False)
    yield "parameter_with_state", setattr(p := nn.Parameter(ones), "note", "text") or p
    yield "buffer", nn.Buffer(ones)
    yield "sparse_coo", torch.eye(3).to_sparse()
    yield "sparse_csr", torch.eye(3).to_sparse_csr()
    yield "quantised", torch.quantize_per_tensor(ones, 0.1, 0, torch.qint8)
    yield "quantised_by_channel", torch.quantize_per_channel(ones, torch.tensor([0.1, 0.2]), torch.tensor([0, 0]), 0, torch.qint8)
    yield "nested", torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    yield "meta", torch.empty(2, device="meta")
    yield "storage", [torch.FloatStorage(3), torch.UntypedStorage(4)]
    yield "scalars", [torch.float32, torch.device("cpu"), torch.Size([1, 2]), torch.per_tensor_affine]
    yield "random", [torch.get_rng_state(), torch.Generator().get_state()]
    yield "finfo", [torch.finfo(torch.float32).max, torch.tensor(1.5), torch.tensor([])]


def optimizers():
    for kind in "Adam AdamW SGD RMSprop Adagrad Adadelta Adamax NAdam RAdam ASGD Rprop LBFGS".split():
        model = nn.Linear(2, 1)
        optimizer = getattr(torch.optim, kind)(model.parameters(), lr=0.1)

        def closure(model=model, optimizer=optimizer):
            optimizer.zero_grad()
            loss = model(torch.ones(3, 2)).sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        yield f"state_of_{kind}", optimizer.state_dict()
        if kind in {"Adam", "SGD"}:
            yield f"whole_{kind}", optimizer
    schedulers = torch.optim.lr_scheduler
    sgd = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1, momentum=0.9)
    made = [
        schedulers.StepLR(sgd, 2),
        schedulers.CosineAnnealingLR(sgd, 5),
        schedulers.OneCycleLR(sgd, 0.1, total_steps=5),
        schedulers.ReduceLROnPlateau(sgd),
        schedulers.LambdaLR(sgd, [float]),
        schedulers.SequentialLR(sgd, [schedulers.ConstantLR(sgd), schedulers.LinearLR(sgd)], [2]),
    ]
    yield "state_of_schedulers", [scheduler.state_dict() for scheduler in made[:4]]
    yield "whole_schedulers", made[:2]
    yield "scaler", torch.amp.GradScaler("cpu").state_dict()


def modules():
    yield "linear", nn.Linear(2, 2)
    yield "conv", nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.1), nn.LazyLinear(2))
    yield "recurrent", nn.ModuleList([nn.LSTM(2, 2), nn.GRU(2, 2, bidirectional=True), nn.RNNCell(2, 2)])
    yield "transformer", nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 1)
    yield "attention", nn.MultiheadAttention(4, 2)
    yield "activations", nn.Sequential(nn.GELU(), nn.SiLU(), nn.LeakyReLU(), nn.PReLU(), nn.Softmax(-1), nn.Hardtanh())
    yield "norms", nn.ModuleDict({"layer": nn.LayerNorm(4), "group": nn.GroupNorm(2, 4), "instance": nn.InstanceNorm1d(4), "rms": nn.RMSNorm(4)})
    yield "embedding", nn.ModuleList([nn.Embedding(4, 2), nn.EmbeddingBag(4, 2)])
    yield "losses", [nn.CrossEntropyLoss(weight=torch.ones(2)), nn.MSELoss(), nn.BCEWithLogitsLoss(), nn.TripletMarginLoss()]
    yield "parameter_list", nn.ParameterList([nn.Parameter(torch.ones(1))])
    yield "spectral_norm", nn.utils.spectral_norm(nn.Linear(2, 2))
    yield "weight_norm", nn.utils.weight_norm(nn.Linear(2, 2))
    yield "averaged", torch.optim.swa_utils.AveragedModel(nn.Linear(2, 2))
    yield "own", Net()
    yield "data_parallel", nn.DataParallel(nn.Linear(2, 2))
    yield "dynamically_quantised", torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(2, 2)), {nn.Linear})


def others():
    model = Net()
    yield "parametrized_state", parametrizations.weight_norm(nn.Linear(2, 2)).state_dict()
    yield "datasets", [data.TensorDataset(torch.ones(2, 1), torch.zeros(2)), data.Subset(data.TensorDataset(torch.ones(3)), [0, 2])]
    yield "loader", data.DataLoader(data.TensorDataset(torch.ones(2)), batch_size=1, shuffle=True)
    yield "arguments", argparse.Namespace(lr=0.1, output=Path("out"), device=torch.device("cpu"), dtype=torch.float16)
    yield "checkpoint", {
        "model": model.state_dict(),
        "optimizer": torch.optim.AdamW(model.parameters()).state_dict(),
        "epoch": 3,
        "args": argparse.Namespace(lr=0.1),
        "best": np.float64(0.5),
        "history": defaultdict(list, loss=[1.0, 0.5]),
        "rng": {"torch": torch.get_rng_state(), "numpy": np.random.RandomState(0).get_state()},
    }
    yield "distributions", [torch.distributions.Normal(0.0, 1.0), torch.distributions.Categorical(torch.ones(3))]
    yield "functions", [torch.nn.functional.relu, torch.relu, torch.sigmoid, torch.tanh]
    yield "numpy_inside", {"array": np.arange(3), "object": np.array(["a", None], dtype=object)}


def main():
    torch.manual_seed(0)
    out = Folder("torch", torch.__version__)
    for name, value in [*tensors(), *optimizers(), *modules(), *others()]:
        torch.save(value, out(f"{name}.pt"))
    for name, value in modules():
        if name in {"linear", "recurrent", "own"}:
            out.pickle(name, value, (2, 4))
        if name in {"linear", "own"}:
            # With the source of its class, which is long.
            torch.save(value, out(f"{name}.legacy.pth"), _use_new_zipfile_serialization=False)
    for name, value in tensors():
        if name in {"float32", "bfloat16", "views", "parameter", "sparse_coo"}:
            torch.save(value, out(f"{name}.legacy.pt"), _use_new_zipfile_serialization=False)
            out.pickle(name, value, (2, 4))
    checkpoint = dict(others())["checkpoint"]
    torch.save(checkpoint, out("checkpoint.p4.ckpt"), pickle_protocol=4)
    torch.save(checkpoint, out("checkpoint.legacy.ckpt"), _use_new_zipfile_serialization=False)
    out.bytes("checkpoint.pkl", pickle.dumps(checkpoint))
    buffer = io.BytesIO()
    torch.save({"weights": torch.ones(2)}, buffer)
    out.pickle("bytes_of_a_file", {"model": buffer.getvalue()})
    torch.jit.script(nn.Linear(2, 2)).save(str(out("scripted.pt")))
    torch.jit.trace(Net(), torch.ones(1, 2)).save(str(out("traced.pt")))
    out.check()


if __name__ == "__main__":
    main()
