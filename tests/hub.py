"""A loopback Hub in one line, for any test.

    with serve(repo("org/m0", {"config.json": b"{}"}), reset=0.3) as hub:
        ...  # hub.endpoint, hub.cdn, hub.log

Keywords of `serve` that name a fault give it a rate on every request that it fits; a `Fault` says more.
"""

import httpx2

from audit.demo.faults import Fault, Faults, Shape
from audit.demo.server import LoopbackHub
from audit.demo.world import Commit, Repo, World

WELL = Shape()


def repo(repo_id, files, *more, **fields):
    """A world of one repo; `files` and each of `more` are its commits, oldest first, as path to content."""
    return World((one(repo_id, files, *more, **fields),))


def one(repo_id, files, *more, **fields):
    """A repo, to put several into a world."""
    return Repo(repo_id, tuple(Commit(state) for state in (files, *more)), **fields)


def serve(world, *faults, shape=WELL, seed=0, url_seconds=3600.0, url_uses=None, url_bound=False, **rates):
    """A Hub that serves `world`, to be entered by `with`."""
    return LoopbackHub(
        world,
        faults=broken(*faults, seed=seed, url_seconds=url_seconds, url_uses=url_uses, url_bound=url_bound, **rates),
        shape=shape,
    )


def broken(*faults, seed=0, url_seconds=3600.0, url_uses=None, url_bound=False, **rates):
    """The faults, to be set on a Hub that runs already."""
    rules = (*faults, *(Fault(kind, rate) for kind, rate in rates.items()))
    return Faults(rules, seed, url_seconds, url_uses, url_bound)


def get(hub, path, *, follow=False, **headers):
    """The answer to one plain GET, in no encoding."""
    # No certificates: reading the system's takes longer than all the rest of the request.
    with httpx2.Client(base_url=hub.endpoint, headers={"Accept-Encoding": "identity"}, verify=False) as session:
        return session.get(path, headers=headers, follow_redirects=follow)
