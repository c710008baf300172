"""Makes the files of torch/ here, with torch and safetensors themselves.

    python -m venv v && v/bin/pip install torch==2.13.0 safetensors numpy && v/bin/python tests/data/make_torch.py

Every file is small, honest and committed; the suite reads them and installs neither library.
"""

import pickle
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

OUT = Path(__file__).parent / "torch"


def main():
    OUT.mkdir(exist_ok=True)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model(torch.randn(5, 4)).sum().backward()
    optimizer.step()
    state = model.state_dict()
    torch.save(state, OUT / "state_dict.pt")
    torch.save(model, OUT / "whole_module.pt")
    torch.save(optimizer.state_dict(), OUT / "optimizer.pt")
    torch.save(
        {
            "model": state,
            "epoch": 3,
            "rng": torch.get_rng_state(),
            "half": torch.ones(3, dtype=torch.bfloat16),
            "quantised": torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8),
            "sparse": torch.eye(3).to_sparse(),
            "shared": [state["0.weight"], state["0.weight"].t()],
        },
        OUT / "checkpoint.ckpt",
    )
    torch.save(state, OUT / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(OrderedDict(a=torch.arange(6)), OUT / "protocol4.pt", pickle_protocol=4)
    (OUT / "plain_pickle.pkl").write_bytes(pickle.dumps({"weight": torch.arange(4.0)}))
    save_file(state, OUT / "model.safetensors", metadata={"format": "pt"})
    save_file({}, OUT / "empty.safetensors")
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(OUT / "script.pt"))


if __name__ == "__main__":
    main()
