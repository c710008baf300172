"""Every rule that one file's facts decide: facts under which it fires, and such as it is silent about.

Of each line the file's name and format follow the severity, where they matter.
"""

from scanners.judge import judge
from scanners.rules.policy import Policy
from tests.craft import (
    fires_code,
    fires_configurations,
    fires_containers,
    fires_files,
    fires_graphs,
    fires_pickles,
    fires_surface,
)

_TABLES = (
    fires_pickles, fires_containers, fires_graphs, fires_configurations, fires_code, fires_files, fires_surface,
)  # fmt: skip
FIRES = {rule: rows for table in _TABLES for rule, rows in table.FIRES.items()}
SILENT = {rule: rows for table in _TABLES for rule, rows in table.SILENT.items()}
POLICY = Policy.default().extended(deny=[("forbidden.here.*", "house rule")])


def found(facts, rule, path="model.pkl", fmt="pickle"):
    return [finding for finding in judge(facts, path=path, format=fmt, policy=POLICY) if finding.rule == rule]
