"""A loopback Hub with an organisation of many small repos, in a process of its own, for the benches of sweeps.

    python bench/hub.py REPOS [--files N] [--latency SECONDS] [--quota N] [--refuse-at SHARE] [--window SECONDS]
        [--faults]

It prints its address, serves until standard input ends, and answers each line read there with what was asked of it
since the last one; `change N` moves so many repos on to their next commit.
"""

import argparse
import json
import pickle
import random
import sys
from collections import Counter
from dataclasses import replace

from audit.demo.faults import Fault, Faults, Shape
from audit.demo.server import LoopbackHub
from audit.demo.world import Commit, Repo, World

FILES = 8
SHARED = 0.33
"""Share of the files whose content other repos have as well: the Hub's own share is not public."""


def weights(number):
    """A small pickle that differs from all others."""
    return pickle.dumps({"layer": list(range(40)), "name": f"w{number}"}, protocol=4)


def files(repo, rng, count):
    """The files of one repo: a third of them are the same in many repos."""
    made = {}
    for number in range(count):
        own = rng.randrange(200) if rng.random() < SHARED else f"{repo}.{number}"
        kind = number % 4
        if kind == 0:
            made[f"config.{number}.json"] = json.dumps({"of": own, "hidden_size": 768}).encode()
        elif kind == 1:
            made[f"notes.{number}.txt"] = f"Notes of {own}.\n".encode() * 20
        else:
            made[f"part{number}.pkl"] = weights(own)
    if repo % 50 == 0:
        made["evil.pkl"] = b"\x80\x04cposix\nsystem\n\x8c\x04true\x85R."
    return made


def world(count, per_repo, seed=1):
    """So many repos of one organisation, each with two commits, of which the first is current."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        first = files(number, rng, per_repo)
        second = {**first, "part2.pkl": weights(f"{number}.new")}
        made.append(Repo(f"big/m{number}", (Commit(first), Commit(second)), branches={"main": 0}, downloads=number))
    return World(tuple(made))


def served(hub):
    """What was asked of the Hub since the last time."""
    said = Counter()
    for request in hub.log.requests():
        if request.origin == "cdn" or "/resolve" in request.path:
            said["file requests"] += 1
            said["file bytes"] += request.bytes_sent
        else:
            said["api requests"] += 1
        said["refused"] += request.status == 429
    hub.log.clear()
    return dict(said)


def main():
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("repos", type=int)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--refuse-at", type=float, default=1.0)
    parser.add_argument("--latency", type=float, default=0.03)
    parser.add_argument("--quota", type=int, default=0)
    parser.add_argument("--window", type=float, default=300.0)
    parser.add_argument("--faults", action="store_true")
    given = parser.parse_args()
    shape = Shape(latency=given.latency, window=given.window)
    if given.quota:
        quotas = (("api", given.quota), ("resolvers", given.quota * 8), ("pages", 100))
        shape = replace(shape, quotas=quotas, refuse_at=given.refuse_at)
    faults = Faults((Fault("error", 0.05), Fault("reset", 0.02)), url_seconds=40.0) if given.faults else Faults()
    with LoopbackHub(world(given.repos, given.files), faults=faults, shape=shape) as hub:
        print(hub.endpoint, flush=True)
        for line in sys.stdin:
            word, _, rest = line.strip().partition(" ")
            if word == "change":
                for number in range(int(rest)):
                    hub.push(f"big/m{number}")
            print(json.dumps(served(hub)), flush=True)


if __name__ == "__main__":
    main()
