"""Makes the files of code/ here: functions and classes by value, and a module that torch.fx traced.

    for python in 3.8 3.11 3.13: python -m venv v && v/bin/pip install cloudpickle dill && v/bin/python make_code.py
    python -m venv v && v/bin/pip install torch==2.13.0 numpy && v/bin/python make_code.py

Files are named by library, Python and content. Nothing here is ever called or loaded; `system` only names something.
Releases: cloudpickle 3.1.2, dill 0.4.1 (0.4.0 for Python 3.8), torch 2.13.
"""

import sys
from pathlib import Path

OUT = Path(__file__).parent / "code"
SOURCE = """
def constant(value):
    def func(_):
        return value
    return func

def linear(initial):
    def func(progress: float) -> float:
        return progress * initial
    return func

class Net:
    def mean(self, rows):
        import numpy as np
        return np.mean(rows)

class Restored:
    def __setstate__(self, state):
        import os
        os.system("echo this is a test and never runs")

class New:
    def __new__(cls):
        return object.__new__(cls)

def system(command):
    import os
    return os.system(command)
"""


def objects():
    made = globals()  # dill writes a script's own names as such
    made["__file__"] = "sample.py"
    exec(compile(SOURCE, "sample.py", "exec"), made)
    restored = made["Restored"].__new__(made["Restored"])
    restored.weight = 1
    return {
        "lambda": eval(compile("lambda _: 3e-4", "sample.py", "eval"), made),
        "constant": made["constant"](3e-4),
        "linear": made["linear"](3e-4),
        "class": made["Net"],
        "instance": made["Net"](),
        "restored": restored,
        "new": made["New"](),
        "system": made["system"],
    }


def main():
    OUT.mkdir(exist_ok=True)
    try:
        import cloudpickle
        import dill
    except ImportError:
        return fx()
    version = "%d.%d" % sys.version_info[:2]
    for library in (cloudpickle, dill):
        for name, value in objects().items():
            (OUT / f"{library.__name__}-{version}-{name}.pkl").write_bytes(library.dumps(value, protocol=4))
    return None


def fx():
    import torch
    from torch import fx, nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 2)

        def forward(self, input):
            x = torch.relu(self.first(input)) + input
            return nn.functional.softmax(x.view(x.size(0), -1) * 2, dim=1)

    torch.manual_seed(0)
    torch.save(fx.symbolic_trace(Net()), OUT / "fx.pt")


if __name__ == "__main__":
    main()
