"""Makes what honest libraries write that looks most like an attack: code by value, graphs as source, getters by name.

Releases: cloudpickle 3.1.2, dill 0.4.1, torch 2.15.0, stable-baselines3 2.9.2, statsmodels 0.15.0,
spaCy 3.8.18, pytorch-lightning 2.6.6, numpy 2.4.6.
"""

import dataclasses
import functools
import operator
import os
import pickle
import re
import string
import tempfile
import typing
from importlib.metadata import version
from pathlib import Path

import numpy as np
from corpus_writing import Folder

if __file__ != Path(__file__).name:
    # Functions carry the file that they are from, and the folder that it is in is nobody's business.
    path, __file__ = Path(__file__), Path(__file__).name
    exec(compile(path.read_text(), __file__, "exec"))
    raise SystemExit


@dataclasses.dataclass
class Settings:
    rate: float = 0.1
    layers: list = dataclasses.field(default_factory=list)

    def describe(self):
        return f"{self.rate}: {self.layers}"


@dataclasses.dataclass(frozen=True, order=True)
class Frozen:
    x: int
    y: typing.Optional[str] = None


class Stack(typing.Generic[typing.TypeVar("T")]):
    def top(self):
        return None


class Scaler:
    def __init__(self, factor):
        self.factor = factor

    def scale(self, value):
        return value * self.factor


def clean(text):
    text = re.sub(r"\s+", " ", text.lower().strip())
    return "".join(c for c in text if c not in string.punctuation)


def base_name(path):
    return os.path.splitext(os.path.basename(path))[0]


@functools.lru_cache(maxsize=None)
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


NAMED = {"sum": sum, "max": max, "min": min, "sorted": sorted, "add": operator.add, "mean": np.mean}
GETTERS = [operator.itemgetter(1), operator.attrgetter("real"), operator.methodcaller("lower")]
VALUES = {
    "settings": Settings(),
    "frozen": Frozen(1),
    "scrubber": clean,
    "paths": base_name,
    "cached": fibonacci,
    "method": Scaler(2).scale,
    "named": NAMED,
    "getters": GETTERS,
}


def code():
    import cloudpickle
    import dill

    clouds, dills = Folder("cloudpickle", version("cloudpickle")), Folder("dill", version("dill"))
    for name, value in VALUES.items():
        clouds.bytes(f"{name}.p4.pkl", cloudpickle.dumps(value, 4))
        dills.bytes(f"{name}.p4.pkl", dill.dumps(value, 4))
    clouds.bytes("generic.p4.pkl", cloudpickle.dumps(Stack(), 4))
    dills.bytes("settings_alone.p4.pkl", dill.dumps(Settings(), 4, recurse=True))
    plain = Folder("python", "3.11")
    plain.pickle("named", {name: value for name, value in NAMED.items() if name != "mean"}, (2, 4))
    plain.pickle("looked_up", GETTERS, (2, 4))


def torch():
    import torch.fx
    from torch import nn

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Sequential(nn.Linear(2, 2), nn.ReLU())

        def forward(self, x):
            return self.head(torch.flatten(torch.relu(x), 1)) + x.mean(dim=1, keepdim=True)

    out = Folder("torch", version("torch"))
    nested = torch.fx.symbolic_trace(nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU(), nn.Dropout(0.1))))
    torch.save(nested, out("fx_nested.pt"))
    torch.save(torch.fx.symbolic_trace(Residual()), out("fx_residual.pt"))
    torch.save(nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.ModuleList([nn.ReLU()])}), out("dictionary.pt"))
    torch.save(nn.DataParallel(nn.Linear(1, 1)), out("parallel.pt"))
    torch.save(torch.distributions.Normal(torch.zeros(1), torch.ones(1)), out("distribution.pt"))


def sb3():
    import torch
    from stable_baselines3 import PPO

    kwargs = {"net_arch": [4], "activation_fn": torch.nn.ReLU}
    model = PPO("MlpPolicy", "CartPole-v1", device="cpu", policy_kwargs=kwargs, learning_rate=lambda left: left * 1e-3)
    model.policy.save(Folder("sb3", version("stable-baselines3"))("policy_alone.pth"))


def statsmodels():
    import pandas as pd
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    out = Folder("statsmodels", version("statsmodels"))
    x = np.random.RandomState(0).rand(30, 2)
    frame = pd.DataFrame({"y": x[:, 0] + 0.1, "a": x[:, 0], "c": ["u", "v"] * 15})
    smf.mixedlm("y ~ a", frame, groups=frame["c"]).fit().save(out("mixed.pkl"))
    sm.GLM(frame["y"], x, family=sm.families.Gamma(sm.families.links.Log())).fit().save(out("gamma.pkl"))


def spacy():
    import joblib
    import spacy

    joblib.dump(spacy.blank("xx"), Folder("spacy", version("spacy"))("blank.joblib"), compress=3)


def lightning():
    import pytorch_lightning as pl
    import torch

    class Model(pl.LightningModule):
        def __init__(self, rate=0.1, layers=(1, 2), act=torch.nn.ReLU):
            super().__init__()
            self.save_hyperparameters()
            self.linear = torch.nn.Linear(1, 1)

        def training_step(self, batch, _):
            return self.linear(batch[0]).sum()

        def configure_optimizers(self):
            optimizer = torch.optim.AdamW(self.parameters())
            return [optimizer], [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)]

    out = Folder("lightning", version("pytorch-lightning"))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.zeros(2, 1)))
    with tempfile.TemporaryDirectory() as folder:
        callbacks = [pl.callbacks.ModelCheckpoint(dirpath="checkpoints")]
        trainer = pl.Trainer(
            max_epochs=1, logger=False, enable_progress_bar=False, accelerator="cpu", default_root_dir=folder, callbacks=callbacks
        )
        trainer.fit(Model(), loader)
    trainer.save_checkpoint(out("scheduled.ckpt"))


def numpy():
    out = Folder("numpy", version("numpy"))
    with tempfile.TemporaryDirectory() as folder:
        array = np.memmap(Path(folder) / "array", dtype="f4", mode="w+", shape=(4,))
        out.bytes("memmap.p4.pkl", pickle.dumps(array, 4))


def main():
    for make in (code, torch, sb3, statsmodels, spacy, lightning, numpy):
        make()


if __name__ == "__main__":
    main()
