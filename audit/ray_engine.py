"""`audit sweep --engine ray`: the same audits as tasks of a Ray cluster.

    this process: lists, asks the history, stores  ── errand ──▶  a task: fetches, scans, judges
                            ▲                     ◀── audit ──
                            └─────────── the ledger of the Hub's quotas, one actor ───────────┘

Errands and audits travel as JSON, never as pickles of ours. A task has no database: what the history knows of its
repo's blobs comes with the errand. A task whose process or node is lost is run again elsewhere. The connections, the
cache and the jail stay open in a process of the cluster from one task to the next.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import sys
import uuid
from contextlib import ExitStack, contextmanager, redirect_stdout
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from anyio.from_thread import start_blocking_portal

from audit import __version__
from audit.commands import Options
from audit.config import Config, ConfigError
from audit.hub import audit_listed, open_hub
from audit.keep import keep
from audit.pipeline import recall
from audit.session import Session, open_session
from crawler.errors import CrawlError
from crawler.leases import Lease, Leaseholder, Ledger
from crawler.repos import Repo  # noqa: TC001 - msgspec reads the annotations at run time
from reports.record import Audit, Blob  # noqa: TC001 - the same
from scanners import routing
from scanners.judge import RULESET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anyio.from_thread import BlockingPortal

    from crawler.hub import Hub
    from crawler.limits import Bucket

_REACH = 10.0
"""Seconds for a cluster to answer."""
RETRIES = 5
"""Nodes or processes that one repo may outlive: one that kills them all is recorded as lost."""


class ClusterError(ConfigError):
    """The cluster is not one that a sweep can use."""


class LostError(CrawlError):
    """A repo whose audit ended with its process, again and again."""

    code = "lost"


class Setup(msgspec.Struct, frozen=True):
    """What all errands of a sweep have in common; of another version, another account, no task would do as told."""

    version: str
    account: str
    config: Config
    ledger: str
    """The name of the actor that keeps the quotas."""


class Errand(msgspec.Struct, frozen=True):
    """One repo to audit."""

    repo: Repo
    sweep_id: str
    known: tuple[Blob, ...]
    """What the history knows of its files' contents."""


class Answer(msgspec.Struct, frozen=True):
    """What comes of an errand: an audit, or why the node makes none."""

    audit: Audit | None = None
    refusal: str = ""


# --- in this process ---------------------------------------------------------------------------------------------


class Cluster:
    """A cluster that audits for one sweep."""

    def __init__(self, ray: Any, config: Config) -> None:
        name = f"hub-audit-{uuid.uuid4().hex}"
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        # On the driver's own node: where that is lost, so is the sweep.
        actor = ray.remote(Ledger).options(
            name=name, num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here
        )
        self._ledger = actor.remote(share=config.fetch.share)
        self.limiter = Leaseholder(_Office(self._ledger), longest=config.fetch.wait)
        self._setup = msgspec.json.encode(Setup(_version(), _account(), config, name))
        self._task = ray.remote(run_errand).options(max_retries=RETRIES)
        self._lost = ray.exceptions.RayError
        self._failed = ray.exceptions.RayTaskError

    async def audit(
        self,
        session: Session,
        hub: Hub,  # noqa: ARG002 - the seam
        repo: Repo,
        *,
        requests_before: int,  # noqa: ARG002 - the same
        sweep_id: str,
    ) -> Audit:
        """The audit of a repo, made elsewhere and stored here."""
        keys = {(file.blob, routing.hint(file.path)) for file in repo.files}
        store = session.tools.store
        known = await recall(store, keys) if store is not None and keys else {}
        errand = msgspec.json.encode(Errand(repo, sweep_id, tuple(known.values())))
        try:
            reply = await self._task.remote(self._setup, errand)
        except self._failed as error:
            why = str(error).strip().rpartition("\n")[2]
            raise ClusterError(f"a task failed, {why}; is hub-audit {__version__} installed on every node?") from error
        except self._lost as error:
            raise LostError(f"its audit was lost with its process {RETRIES} times: {type(error).__name__}") from error
        answer = msgspec.json.decode(reply, type=Answer)
        if answer.audit is None:
            raise ClusterError(answer.refusal)
        session.client.requests += answer.audit.stats.requests
        await keep(session.tools, answer.audit)
        return answer.audit


@contextmanager
def cluster(config: Config, address: str | None) -> Iterator[Cluster]:
    """The cluster at this address, for the length of a sweep; raises `ClusterError`."""
    try:
        import ray  # noqa: PLC0415 - an extra
        import ray.exceptions  # noqa: PLC0415 - the same
        import ray.util.scheduling_strategies  # noqa: PLC0415 - the same
    except ImportError as error:
        raise ClusterError("--engine ray needs Ray: pip install 'hub-audit[cluster]'") from error
    address = address or os.environ.get("RAY_ADDRESS") or "auto"
    try:
        _reach(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise ClusterError(f"--address {address}: {' '.join(str(error).split())}") from error
    endpoint = config.hub.endpoint or os.environ.get("HF_ENDPOINT")
    hub = msgspec.structs.replace(config.hub, endpoint=endpoint)
    # Ray prints what happens to nodes on standard output, where only results belong.
    with redirect_stdout(sys.stderr):
        try:
            yield Cluster(ray, msgspec.structs.replace(config, hub=hub))
        finally:
            ray.shutdown()


def _reach(address: str) -> None:
    """Raise `OSError` or `ValueError` where no cluster answers: Ray would try for long, and then end this process."""
    if address.startswith("ray://"):
        raise ValueError("a sweep is made on a node of the cluster; name it HOST:PORT, as `ray start` does")
    host, colon, port = address.rpartition(":")
    if colon:
        socket.create_connection((host.strip("[]"), int(port)), _REACH).close()


class _Office:
    """The way to the ledger in its actor."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    async def lease(self, bucket: Bucket) -> Lease:
        """Ask for requests."""
        return Lease(*await self._actor.lease.remote(bucket))

    def note(self, headers: Mapping[str, str], status: int) -> None:
        """Tell what an answer said, without waiting."""
        self._actor.note.remote(headers, status)


def _account() -> str:
    """Whose quota this process uses; a name for the token that does not tell it."""
    from huggingface_hub import get_token  # noqa: PLC0415 - heavy

    return hashlib.sha256(f"hub-audit:{get_token()}".encode()).hexdigest()[:16]


# --- in a process of the cluster ----------------------------------------------------------------------------------


def run_errand(setup: bytes, errand: bytes) -> bytes:
    """The task: an errand's `Answer`, as JSON."""
    if refusal := _refusal(setup):
        return msgspec.json.encode(Answer(refusal=f"the node {socket.gethostname()} {refusal}"))
    place = _place(setup)
    return place.portal.call(place.audit, msgspec.json.decode(errand, type=Errand))


def _refusal(setup: bytes) -> str:
    """Why this process cannot audit for that sweep; empty where it can."""
    try:
        given = msgspec.json.decode(setup, type=Setup)
    except msgspec.DecodeError:
        given = None
    if given is None or given.version != _version():
        return f"has hub-audit {_version()}, unlike the one that sweeps; install the same on all nodes"
    if given.account != _account():
        return "is logged in to the Hub as someone else; give HF_TOKEN to `ray start` there as here"
    return ""


def _version() -> str:
    return f"{__version__} ({RULESET}.{routing.VERSION})"


class _Place(NamedTuple):
    """What a process of the cluster keeps open."""

    portal: BlockingPortal
    session: Session
    hub: Hub
    open: ExitStack

    async def audit(self, errand: Errand) -> bytes:
        """One errand, done."""
        session, known = self.session, {(blob.blob, blob.hint): blob for blob in errand.known}
        before = session.client.requests
        audit = await audit_listed(
            session, self.hub, errand.repo, requests_before=before, sweep_id=errand.sweep_id, known=known
        )
        return msgspec.json.encode(Answer(audit))


@cache
def _place(setup: bytes) -> _Place:
    """The one of this process. It is never closed: Ray ends its processes without a word, and their jails end too."""
    import ray  # noqa: PLC0415 - an extra

    given = msgspec.json.decode(setup, type=Setup)
    limiter = Leaseholder(_Office(ray.get_actor(given.ledger)), longest=given.config.fetch.wait)
    stack = ExitStack()
    portal = stack.enter_context(start_blocking_portal())
    opened = open_session(given.config, Options(no_store=True, quiet=True), limiter)
    session = stack.enter_context(portal.wrap_async_context_manager(opened))
    return _Place(portal, session, portal.call(open_hub, session), stack)
