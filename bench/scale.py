"""What a sweep of the whole Hub takes: each kind of repo measured, then all of them against the Hub's quotas.

    .venv/bin/python bench/scale.py [--repos N] [--each N] [--cores N] [--seed N]

It writes the tables of docs/scale.md. Measured on the loopback Hub: requests, bytes, processor seconds and the growth
of the history for one repo of each kind. Assumed, because nothing public says it: how many repos are of which kind,
what share of their blobs others have as well, and how many repos move in a night. Those stand in `KINDS` and `Assumed`.
"""

import argparse
import json
import os
import pickle
import random
import resource
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import page

sys.path.insert(0, str(page.ROOT))

from audit.demo.archive import state_dict, tensor, torch_archive
from audit.demo.blobs import SparseContent
from audit.demo.world import World
from tests.hub import one, serve

PAGE = page.ROOT / "docs" / "scale.md"
WINDOW = 300
"""Seconds of a window of the Hub's quotas (hub-docs, rate-limits)."""
PLANS = {
    "anonymous": (500, 3_000),
    "free": (1_000, 5_000),
    "PRO": (2_500, 12_000),
    "Team": (3_000, 20_000),
    "Enterprise": (6_000, 50_000),
    "Enterprise Plus": (10_000, 100_000),
}
"""Requests of the API and of the resolvers in a window, by plan (hub-docs, rate-limits, as of 2026-08)."""


class Assumed(NamedTuple):
    """What is not public, and so is assumed."""

    shared: float = 0.3
    """Of the files, those whose blob was read in an earlier repo: they cost nothing."""
    moved: float = 0.01
    """Of the repos, those that are pushed to in a night."""
    bandwidth: float = 60e6
    """Bytes a second that one machine fetches."""
    page: int = 500
    """Repos that one page of the listing shows."""


class Cost(NamedTuple):
    """One repo's share of everything that can run out."""

    api: float
    resolvers: float
    bytes: float
    seconds: float
    """Of one core."""
    history: float
    """Bytes in the database."""


def header(tensors, rows):
    """A safetensors file whose data is all zero."""
    at, entries = 0, {}
    for number in range(tensors):
        length = rows * 4096 * 2
        name = f"model.layers.{number // 9}.self_attn.part{number % 9}.weight"
        entries[name] = {"dtype": "BF16", "shape": [rows, 4096], "data_offsets": [at, at + length]}
        at += length
    said = json.dumps(entries).encode()
    said += b" " * (-len(said) % 8)
    return SparseContent(8 + len(said) + at, ((0, struct.pack("<Q", len(said)) + said),))


def vocabulary(words, salt):
    """A tokenizer.json in its shape: a table of words and a list of merges."""
    names = [f"{salt}{number:x}" for number in range(words)]
    model = {"type": "BPE", "vocab": {name: at for at, name in enumerate(names)}}
    model["merges"] = [[one[:2], one[2:]] for one in names]
    return json.dumps({"version": "1.0", "added_tokens": [], "model": model}).encode()


def gguf(words, tensors, salt):
    """A GGUF file of version 3 with a vocabulary, whose tensors are zero."""

    def string(value):
        return struct.pack("<Q", len(value)) + value

    pairs = string(b"general.architecture") + struct.pack("<I", 8) + string(b"llama")
    pairs += string(b"tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, words)
    pairs += b"".join(string(f"{salt}{number:x}".encode()) for number in range(words))
    infos, length = b"", 4096 * 4096 * 2
    for number in range(tensors):
        infos += string(b"blk.%d.weight" % number) + struct.pack("<IQQIQ", 2, 4096, 4096, 1, number * length)
    said = b"GGUF" + struct.pack("<IQQ", 3, tensors, 2) + pairs + infos
    said += bytes(-len(said) % 32)
    return SparseContent(len(said) + tensors * length, ((0, said),))


def checkpoint(tensors, salt):
    """What `torch.save` makes of a state dict."""
    names = {f"{salt}.encoder.{number}.weight": tensor(str(number), 1 << 20) for number in range(tensors)}
    members = [(f"data/{number}", SparseContent(4 << 20)) for number in range(tensors)]
    return torch_archive([("data.pkl", state_dict(names)), *members])


def around(salt):
    """What stands in almost every repo beside the weights."""
    card = f"---\nlicense: mit\n---\n# {salt}\n".encode() * 20
    return {".gitattributes": b"*.bin filter=lfs\n" + salt.encode(), "README.md": card}


def settings(salt, words=32_000):
    """A model of transformers without its weights."""
    config = json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "of": salt}).encode()
    return {
        **around(salt),
        "config.json": config,
        "generation_config.json": config + b" ",
        "special_tokens_map.json": json.dumps({"bos_token": salt}).encode(),
        "tokenizer.json": vocabulary(words, salt),
        "tokenizer_config.json": json.dumps({"model_max_length": 4096, "of": salt}).encode(),
    }


def sharded(salt, shards, tensors, rows=4096):
    """Safetensors in shards, with their index."""
    made = {f"model-{at + 1:05}-of-{shards:05}.safetensors": header(tensors + at, rows) for at in range(shards)}
    names = {f"{salt}.{number}": next(iter(made)) for number in range(shards * tensors)}
    return {**made, "model.safetensors.index.json": json.dumps({"weight_map": names}).encode()}


def pipeline(salt):
    """A diffusion model: a few parts, each in a folder of its own."""
    parts = {
        f"{part}/{name}": content
        for part in ("text_encoder", "unet", "vae")
        for name, content in {
            "config.json": json.dumps({"_class_name": part, "of": salt}).encode(),
            "diffusion_pytorch_model.safetensors": header(400 + len(part), 1024 + len(salt)),
        }.items()
    }
    index = json.dumps({"_class_name": "StableDiffusionPipeline", "of": salt}).encode()
    return {**around(salt), **parts, "model_index.json": index, "tokenizer/vocab.json": vocabulary(5_000, salt)}


KINDS = {
    "a card, no weights": (0.15, around),
    "an adapter": (0.25, lambda salt: {**settings(salt), "adapter_model.safetensors": header(224, 64 + len(salt))}),
    "transformers, small": (0.20, lambda salt: {**settings(salt), "model.safetensors": header(200, 256 + len(salt))}),
    "transformers, sharded": (0.10, lambda salt: settings(salt, 128_000) | sharded(salt, 8, 40)),
    "torch checkpoints": (0.15, lambda salt: {**settings(salt), "pytorch_model.bin": checkpoint(200, salt)}),
    "GGUF, eight quantisations": (
        0.08,
        lambda salt: around(salt) | {f"{salt}.Q{at}.gguf": gguf(32_000, 290, f"{salt}{at}") for at in range(8)},
    ),
    "a diffusion pipeline": (0.04, pipeline),
    "small pickles": (
        0.03,
        lambda salt: around(salt) | {"model.pkl": pickle.dumps({"of": salt, "values": list(range(2_000))})},
    ),
}
"""Kind of repo: its assumed share, and the files of one."""


def salted(kind, number):
    """A word that no other repo has; the digits make contents differ, not sizes."""
    return f"{kind[:1]}{number:05}"


def measured(make, kind, count):
    """What one repo of a kind costs, by a sweep over so many of them, less that over one."""

    def swept(repos, home):
        world = World(tuple(one(f"org/m{at}", make(salted(kind, at))) for at in range(repos)))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with serve(world) as hub:
            variables = {"HF_ENDPOINT": hub.endpoint, "XDG_DATA_HOME": home, "XDG_CACHE_HOME": home, "HOME": home}
            command = [sys.executable, "-m", "audit", "sweep", "org", "--quiet"]
            done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)
            if done.returncode > 3 or "Traceback" in done.stderr:
                raise SystemExit(done.stderr)
            asked = hub.log.requests()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        files = [each for each in asked if each.origin == "cdn" or "/resolve" in each.path]
        return Cost(
            api=len([each for each in asked if each.origin != "cdn" and "/resolve" not in each.path]),
            resolvers=len([each for each in files if each.origin != "cdn"]),
            bytes=sum(each.bytes_sent for each in files),
            seconds=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            history=sum(path.stat().st_size for path in Path(home).rglob("*.duckdb*")),
        )

    with tempfile.TemporaryDirectory() as alone, tempfile.TemporaryDirectory() as many:
        first, all_ = swept(1, alone), swept(count, many)
    return Cost(*((b - a) / (count - 1) for a, b in zip(first, all_, strict=True)))


class Means(NamedTuple):
    """What a sweep has at hand."""

    quotas: tuple[int, int]
    machines: int
    cores: int
    """Of each machine."""

    def a_window(self, assumed):
        """What can be spent in one window of the quotas, in the order of `Cost`."""
        api, resolvers = self.quotas
        return Cost(api, resolvers, self.machines * assumed.bandwidth * WINDOW, self.machines * self.cores * WINDOW, 0)


BOUNDS = Cost("API quota", "resolver quota", "network", "processors", "")


def simulated(costs, repos, means, assumed, rng):
    """Hours, what ran out most often, and all that was spent.

    So many repos are audited in a random order; when anything has run out, the rest waits for the next window.
    """
    shares = [KINDS[kind][0] for kind in costs]
    own = 1 - assumed.shared
    each = {kind: Cost(cost.api, *(own * amount for amount in cost[1:])) for kind, cost in costs.items()}
    window = means.a_window(assumed)
    left, windows, total, ended = list(window), 0, [0.0] * len(window), Counter()
    for start in range(0, repos, assumed.page):
        page_of_list = Cost(1, 0, 0, 0, 0)
        drawn = rng.choices(list(costs), shares, k=min(assumed.page, repos - start))
        for cost in (page_of_list, *(each[kind] for kind in drawn)):
            total = [before + amount for before, amount in zip(total, cost, strict=True)]
            left = [before - amount for before, amount in zip(left, cost, strict=True)]
            while min(left[:4]) < 0:
                ended[min(range(4), key=lambda what: left[what] / window[what])] += 1
                windows += 1
                left = [min(most, rest + most) for most, rest in zip(window, left, strict=True)]
    of_last = 1 - min(rest / most for most, rest in zip(window[:4], left[:4], strict=True))
    most = ended.most_common(1)
    return (windows + of_last) * WINDOW / 3600, BOUNDS[most[0][0]] if most else "nothing", Cost(*total)


def time(hours):
    """Hours, days or minutes, for people."""
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"


def size(count):
    """Bytes for people."""
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count:.0f} B"


def main():
    """Measure, simulate, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repos", type=int, default=2_500_000)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng, assumed = random.Random(given.seed), Assumed()
    costs = {kind: measured(make, kind, given.each) for kind, (_, make) in KINDS.items()}
    parts = [
        f"By `bench/scale.py` on {page.machine()}: a sweep of {given.each} repos of each kind, no blob shared.",
        "",
        "| kind of repo | assumed share | API requests | resolver requests | bytes | core seconds | history |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {kind} | {KINDS[kind][0]:.0%} | {cost.api:.1f} | {cost.resolvers:.1f} | {size(cost.bytes)} "
            f"| {cost.seconds:.2f} | {size(cost.history)} |"
            for kind, cost in costs.items()
        ),
    ]
    rows = []
    for plan, quotas in PLANS.items():
        for machines in (1, 8):
            means = Means(quotas, machines, given.cores)
            hours, bound, total = simulated(costs, given.repos, means, assumed, rng)
            moved, _, _ = simulated(costs, int(given.repos * assumed.moved), means, assumed, rng)
            listing = given.repos * (1 - assumed.moved) / assumed.page / quotas[0] * WINDOW / 3600
            rows.append(f"| {plan} | {machines} | {time(hours)} | {bound} | {time(moved + listing)} |")
    requests = f"{total.api / 1e6:.1f} M requests of the API, {total.resolvers / 1e6:.1f} M of the resolvers"
    work = f"{size(total.bytes)} fetched, {total.seconds / 3600:,.0f} core hours, {size(total.history)} of history"
    whole = [
        f"{given.repos:,} repos, machines of {given.cores} cores, one token.",
        "",
        "| plan | machines | first sweep | what bounds it | a night after |",
        "| --- | --- | --- | --- | --- |",
        *rows,
        "",
        f"In all, for the first: {requests}, {work}.",
    ]
    page.put({"One repo": parts, "The whole Hub": whole}, PAGE)


if __name__ == "__main__":
    main()
