"""What every test starts from: an environment with nothing of this machine's owner in it."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# The same examples in each run, so that what is green here is green there, however slow the machine: `EXAMPLES=new`
# draws others.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize=os.environ.get("EXAMPLES") != "new",
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")

# A shell that runs the suite in the background has it ignore Ctrl-C, and every command that it starts as well.
signal.signal(signal.SIGINT, signal.default_int_handler)

_KEPT = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CI", "VIRTUAL_ENV", "PYTHONHASHSEED"}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path_factory):
    """Remove every variable that could reach a real account, cache or network."""
    for name in list(os.environ):
        if name not in _KEPT and name.startswith(("HF_", "HUGGING", "XDG_", "HTTP", "http", "ALL_PROXY", "NO_PROXY")):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
