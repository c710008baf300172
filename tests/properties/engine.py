"""The one place where the laws of pickles meet what they are laws of: bytes in, facts out.

`ORACLE_ENGINE=package.module:function` puts another implementation to the same laws: a function of a source and a
file name that gives an outcome (`Read` or `Needs`), as `read` does.
"""

import importlib
import os

from scanners.budget import Limits
from scanners.findings import verdict
from scanners.judge import complete, judge
from scanners.registry import SCANNERS
from scanners.routing import Router
from scanners.rules.policy import Policy
from scanners.source import BytesSource

NAME = "model.pkl"
_ROUTER = Router(SCANNERS)


def read(source, name):
    """What all scanners together say, as for a file of a repo."""
    return _ROUTER.scan_blob(source, name, Limits())


if chosen := os.environ.get("ORACLE_ENGINE"):
    read = getattr(importlib.import_module(chosen.partition(":")[0]), chosen.partition(":")[2])


def outcome_of(data, name=NAME):
    return read(BytesSource(data), name)


def facts_of(data, name=NAME):
    return outcome_of(data, name).facts


def verdict_of(data, name=NAME):
    outcome = outcome_of(data, name)
    found = judge(outcome.facts, path=name, format=outcome.format, policy=Policy.default())
    return verdict({finding.severity for finding in found}, complete=complete(outcome.facts, outcome.account))
