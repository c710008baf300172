"""torch's own readers with recorders in place of all that a file names: lines in and out as in unpicklers.py.

Of a pickle (no option): the weights-only unpickler, told that everything is allowed. Of a file (`--files`): `torch.load`,
whole and weights-only, with its own archive reader and its own `persistent_load`; but TorchScript is not loaded.
"""

import io
import pickle
import sys
import types
from pathlib import Path

import torch
import torch._weights_only_unpickler as weights_only

sys.path.insert(0, str(Path(__file__).parent))
import recorders  # these stand beside this script, which runs with `-I`
import unpicklers

places = []


class Everything:
    """All names, and all that they stand for, are allowed."""

    def __contains__(self, _):
        return True

    def __getitem__(self, _):
        return recorders.found(places[-1])

    def values(self):
        return self


def reading_name(readline, read=weights_only._read_global_instruction):
    """As torch reads a name; noted as it is spelled, since torch maps the names of Python 2 whatever the protocol."""
    lines = []
    name = read(lambda: lines.append(readline()) or lines[-1])
    places[:] = [tuple(line[:-1].decode() for line in lines)]
    recorders.note("ask", places[-1])
    return name


class WeightsOnly(unpicklers.Persists, weights_only.Unpickler):
    pass


class Whole(unpicklers.InC):
    """What torch subclasses: its own `persistent_load` is set on the instance."""


def load_script(*_, **__):
    raise pickle.UnpicklingError


def load_file(data, only_weights):
    recorders = types.SimpleNamespace(
        Unpickler=Whole, load=lambda file, **more: Whole(file, **more).load(), __name__="recorders"
    )
    torch.load(io.BytesIO(data), "cpu", None if only_weights else recorders, weights_only=only_weights)


def warm_up():
    """Import all that the readers import late, before the process is sealed."""
    for legacy in (True, False):
        file = io.BytesIO()
        torch.save({"a": torch.zeros(1), "b": [torch.nn.Linear(1, 1)]}, file, _use_new_zipfile_serialization=not legacy)
        for data in (file.getvalue(), file.getvalue()[:-9], b"words", b""):
            for only_weights in (True, False):
                try:
                    load_file(data, only_weights)
                except Exception:  # noqa: BLE001 - half of it is made to fail
                    continue


def refuse(event, _arguments):
    if event.partition(".")[0] in unpicklers.REFUSED:
        raise PermissionError(event)


weights_only._read_global_instruction = reading_name
weights_only._get_allowed_globals = Everything
weights_only._blocklisted_modules = []
torch.jit.load = load_script
unpicklers.MEMORY = 1 << 34
unpicklers.refuse = refuse
unpicklers.READERS = (
    {"torch": lambda data: load_file(data, False), "torch, only weights": lambda data: load_file(data, True)}
    if "--files" in sys.argv
    else {"torch, only weights": lambda data: unpicklers.once_each(WeightsOnly, data)}
)
unpicklers.warnings.simplefilter("ignore")
warm_up()
recorders.heard.clear()
unpicklers.main()
