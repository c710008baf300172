"""Every small file that tests scan, as samples to bend: `make fuzz-samples`, then `make fuzz SAMPLES=fuzz-samples`."""

import hashlib
import os
from pathlib import Path

from scanners.routing import Router
from scanners.source import BytesSource

LARGEST = 200_000


def pytest_configure():
    """Keep what comes to be scanned, below the name that it comes with."""
    folder, scan_blob = Path(os.environ.get("FUZZ_SAMPLES", "fuzz-samples")), Router.scan_blob

    def keep(self, source, name, limits, facts=None):
        if isinstance(source, BytesSource) and 0 < source.size <= LARGEST:
            data = source.read(0, source.size)
            path = folder / hashlib.sha256(data).hexdigest()[:16] / (Path(name).name[-80:] or "file")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return scan_blob(self, source, name, limits, facts)

    Router.scan_blob = keep
