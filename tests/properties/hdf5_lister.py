"""What h5py makes of HDF5 files: run by hdf5_oracle.py in an interpreter that has h5py, and by nothing else.

Each line of standard input is a command, and each is answered by one line of JSON:

    write SEED PATH    writes a file of anything, chosen by the seed
    list PATH          all that is reachable: the objects by their addresses, with links, texts and files
"""

import json
import random
import sys

import h5py
import numpy as np

TEXTS = ["", "short", "ö" * 40, '{"class_name": "A", "config": {}}', "x" * 5000, "y" * 70_000]


# --- writing ---------------------------------------------------------------------------------------------------------


def write(seed, path):
    choose = random.Random(seed)
    low = choose.choice(["earliest", "v108", "v110", "v112", "v114", "latest"])
    high = "v108" if low == "earliest" and choose.random() < 0.5 else "latest"
    more = {"userblock_size": choose.choice([512, 4096])} if choose.random() < 0.2 else {}
    if low not in {"earliest", "v108"} and choose.random() < 0.3:
        more |= {"fs_strategy": choose.choice(["page", "fsm", "aggregate"]), "fs_persist": choose.random() < 0.5}
    with h5py.File(path, "w", libver=(low, high), track_order=choose.random() < 0.3, **more) as file:
        made = [file]
        for number in range(choose.choice([1, 5, 30])):
            _add(choose, choose.choice(made), made, f"n{number}")
        for name in list(file)[: choose.choice([0, 0, 2])]:
            del file[name]


def _add(choose, group, made, name):
    kind = choose.choice(["group"] * 4 + ["dataset"] * 6 + ["soft", "external", "hard", "type", "many", "attributes"])
    try:
        if kind == "group":
            made.append(group.create_group(name, track_order=choose.random() < 0.3))
            _attributes(choose, made[-1], choose.choice([0, 1, 3, 12]))
        elif kind == "dataset":
            _attributes(choose, _dataset(choose, group, name), choose.choice([0, 1, 12]))
        elif kind == "soft":
            group[name] = h5py.SoftLink(f"/{name}/{choose.choice(TEXTS[:3])}x")
        elif kind == "external":
            group[name] = h5py.ExternalLink(f"{name}.h5", "/a")
        elif kind == "hard":
            group[name] = choose.choice(made)
        elif kind == "type":
            group[name] = np.dtype([("a", "<i4"), ("b", "S3")])
        elif kind == "attributes":
            _attributes(choose, group, 20)
        else:
            inner = group.create_group(name, track_order=choose.random() < 0.5)
            for number in range(choose.choice([9, 40, 700])):
                inner[f"link {number}"] = h5py.SoftLink(f"/{number}")
    except (OSError, ValueError, RuntimeError, TypeError):
        return


def _attributes(choose, thing, count):
    for number in range(count):
        text = choose.choice(TEXTS[:5] if choose.random() < 0.9 else TEXTS)
        value = choose.choice(
            [text, np.bytes_(text.encode()[:60_000]), [text, "b"], 3, np.arange(5), np.array([b"ab", b"c"]),
             h5py.Empty("f4"), thing.file.ref, np.void(b"\1\2"), np.array([thing.file.ref] * 2, dtype=h5py.ref_dtype)]
        )  # fmt: skip
        thing.attrs[f"a{number}"] = value


def _dataset(choose, group, name):
    kind = choose.random()
    shape = choose.choice([(3,), (40, 3), (200, 1), (2, 3, 4)])
    if kind < 0.1:
        return group.create_dataset(name, shape, "f4", external=[(f"{name}.raw", 0, h5py.h5f.UNLIMITED)])
    if kind < 0.2:
        layout = h5py.VirtualLayout(shape=(4, 5), dtype="i4")
        for row in range(choose.choice([1, 4])):
            layout[row] = h5py.VirtualSource(choose.choice([".", f"{name}-{row}.h5"]), "d", shape=(5,))
        return group.create_virtual_dataset(name, layout)
    if kind < 0.4:
        return group.create_dataset(name, data=choose.choice([choose.choice(TEXTS), ["a", "bcd"] * 9, [b"ab", b"c"]]))
    if kind < 0.5:
        ragged = group.create_dataset(name, (3,), dtype=h5py.vlen_dtype(choose.choice(["<i4", "u1"])))
        ragged[1] = np.arange(9)
        return ragged
    more = {}
    if choose.random() < 0.7:
        more["chunks"] = tuple(max(1, each // choose.choice([1, 2, 7])) for each in shape)
        if choose.random() < 0.5:
            more["maxshape"] = tuple(choose.choice([None, each * 2]) for each in shape)
        if choose.random() < 0.5:
            more["compression"] = choose.choice(["gzip", "lzf"])
        more["shuffle"] = choose.random() < 0.3
        more["fletcher32"] = choose.random() < 0.3
    return group.create_dataset(name, data=np.ones(shape, choose.choice(["f4", "u1", "i8"])), **more)


# --- listing ---------------------------------------------------------------------------------------------------------


def listed(path):
    try:
        file = h5py.File(path, "r")
    except (OSError, RuntimeError, ValueError) as error:
        return {"refused": str(error)}
    found = {"links": [], "texts": [], "files": []}
    with file:
        todo, seen = [file["/"]], set()
        while todo and len(seen) < 3000:
            thing = todo.pop()
            try:
                address = h5py.h5o.get_info(thing.id).addr
            except (OSError, RuntimeError, ValueError):
                continue
            if address not in seen:
                seen.add(address)
                _object(file, thing, address, found, todo)
    return found


def _guarded(read, *of):
    try:
        return read(*of)
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, LookupError, MemoryError, OverflowError):
        return None


def _object(file, thing, address, found, todo):
    names = _guarded(list, thing.attrs) or []
    for name in names:
        _say(file, address, _guarded(thing.attrs.__getitem__, name), found, todo)
    if isinstance(thing, h5py.Group):
        for name in _guarded(list, thing) or []:
            _guarded(_link, thing, name, address, found, todo)
    elif isinstance(thing, h5py.Dataset):
        found["files"] += [each[0] for each in _guarded(lambda: thing.external) or []]
        sources = (_guarded(thing.virtual_sources) or []) if _guarded(lambda: thing.is_virtual) else []
        found["files"] += [each.file_name for each in sources if each.file_name != "."]
        plain = not sources and not _guarded(lambda: thing.external)
        small = _guarded(lambda: thing.nbytes) or 0
        if plain and 0 < small < 65_536 and _guarded(lambda: thing.compression) != "lzf":
            _say(file, address, _guarded(lambda: thing[()]), found, todo)


def _link(group, name, address, found, todo):
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        found["files"].append(link.filename)
        found["links"].append([address, name])
    elif isinstance(link, h5py.SoftLink):
        found["links"].append([address, name])
    else:
        inner = group[name]
        found["links"].append([address, name])
        todo.append(inner)


def _say(file, address, value, found, todo):
    if isinstance(value, str | bytes):
        text = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        found["texts"].append([address, text.strip(b"\0 ").hex()])
    elif isinstance(value, h5py.Reference) and value:
        inner = _guarded(file.__getitem__, value)
        if inner is not None:
            todo.append(inner)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "OSV" and value.size < 5000:
        for each in value.ravel().tolist():
            _say(file, address, each, found, todo)
    elif isinstance(value, tuple):
        for each in value:
            _say(file, address, each, found, todo)


def main():
    for line in sys.stdin:
        verb, *rest = line.rstrip("\n").split(" ", 2)
        try:
            answer = write(int(rest[0]), rest[1]) if verb == "write" else listed(rest[0])
        except Exception as error:  # noqa: BLE001 - whatever NumPy and h5py make of bent files
            answer = {"refused": repr(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
