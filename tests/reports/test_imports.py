"""What a command does not use is not loaded: DuckDB and rich cost more than all the rest."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("reports.store", {"duckdb", "rich", "yaml"}),
        ("reports.text", {"duckdb", "rich"}),
        ("reports.document", {"duckdb", "rich"}),
        ("reports.table", {"duckdb", "rich"}),
        ("audit.config", {"duckdb", "yaml", "platformdirs"}),
    ],
)
def test_heavy_modules_are_loaded_late(module, heavy):
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded
    assert not heavy & set(loaded)
