"""One scan of one file by one tool, in a process of its own: bench/pickles.py starts it, in the tool's environment.

    python bench/probe.py TOOL TINY [FILE [STREAMS]]

TINY is a small pickle that is scanned first, so that what a tool imports late is not counted as its scan. Printed last
is a line of JSON: the processor's seconds of the scan, and whether the tool came to the end of the file.
"""

# ruff: noqa: PLC0415 - a tool is imported in its own environment only, and the time that takes is told apart

import json
import os
import pickletools
import sys
import time
from pathlib import Path


def genops():
    def scan(path, streams=1):
        with Path(path).open("rb") as file:
            for _ in range(streams):
                for _opcode in pickletools.genops(file):
                    pass
        return True

    return scan


def count():
    def scan(path, streams=1):
        with Path(path).open("rb") as file:
            return sum(1 for _ in range(streams) for _opcode in pickletools.genops(file))

    return scan


def hub_audit():
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from scanners.budget import Limits
    from scanners.facts import Unread
    from scanners.routing import scan_blob
    from scanners.source import Span, SparseSource

    def scan(path, _streams=1):
        # The source that scanners/worker.py gives a file of this machine.
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            source = SparseSource(lambda at, length: os.pread(file.fileno(), length, at), size, [Span(0, size)])
            outcome = scan_blob(source, Path(path).name, Limits())
        return outcome.account.unexplained == 0 and not any(isinstance(fact, Unread) for fact in outcome.facts)

    return scan


def picklescan():
    from picklescan.scanner import scan_file_path

    return lambda path, _streams=1: not scan_file_path(path).scan_err


def modelscan():
    from modelscan.modelscan import ModelScan

    def scan(path, _streams=1):
        found = ModelScan()
        found.scan(path)
        return bool(found.scanned) and not found.errors

    return scan


def fickling():
    from fickling.analysis import check_safety
    from fickling.fickle import StackedPickle

    unfinished = {"InterpretationErrorAnalysis", "ResourceExhaustionAnalysis", "InvalidOpcode"}

    def scan(path, streams=1):
        with Path(path).open("rb") as file:
            stack = StackedPickle.load(file, fail_on_decode_error=False)
        said = {one.analysis_name for pickled in stack for one in check_safety(pickled).results}
        broken = len(stack) < streams or any(pickled.has_invalid_opcode for pickled in stack)
        return not (broken or said & unfinished)

    return scan


def modelaudit():
    from modelaudit.core import scan_model_directory_or_file
    from modelaudit.core_results import results_have_inconclusive_outcome, results_have_operational_error

    def scan(path, _streams=1):
        found = scan_model_directory_or_file(path, cache_enabled=False)
        return not (results_have_operational_error(found) or results_have_inconclusive_outcome(found))

    return scan


TOOLS = {tool.__name__: tool for tool in (genops, count, hub_audit, picklescan, modelscan, fickling, modelaudit)}


def main(tool, tiny, path="", streams="1"):
    scan = TOOLS[tool]()
    scan(tiny)
    begun = time.process_time()
    said = scan(path, int(streams)) if path else None
    print("\n" + json.dumps({"seconds": time.process_time() - begun, "said": said}))


if __name__ == "__main__":
    main(*sys.argv[1:])
