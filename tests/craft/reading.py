"""Running scanners over crafted bytes, as the pipeline does."""

from scanners.budget import Limits
from scanners.facts import Anomaly, Call, Reference, Unread
from scanners.formats import archive, compressed, json_document, pickle_stream, safetensors, text, unread
from scanners.routing import Router
from scanners.scanner import Needs, Read
from scanners.source import BytesSource, Span, SparseSource, merge

ALL = tuple(module.SCANNER for module in (archive, compressed, safetensors, json_document, pickle_stream, unread, text))


def scan(data, name="", *, scanners=ALL, limits=None):
    """The outcome over all the bytes at once."""
    outcome = Router(scanners).scan_blob(BytesSource(data), name, limits or Limits())
    assert isinstance(outcome, Read)
    assert sum(getattr(outcome.account, part) for part in outcome.account.__struct_fields__) == len(data)
    return outcome


def scan_in_rounds(data, name="", *, scanners=ALL, held=(), block=1, limits=None, most=400):
    """The outcome when bytes come only as they are asked for, in blocks, and what was held and asked in the end."""
    held, rounds = merge(held), 0
    while True:
        source = SparseSource(lambda at, length: data[at : at + length], len(data), held)
        outcome = Router(scanners).scan_blob(source, name, limits or Limits())
        if not isinstance(outcome, Needs):
            return outcome, held, rounds
        rounds += 1
        assert rounds < most, "a scan that never has enough"
        blocks = (
            Span(span.start // block * block, min(len(data), -(-span.stop // block) * block)) for span in outcome.spans
        )
        more = merge([*held, *blocks])
        assert more != held, "bytes were asked for that are there"
        held = more


def anomalies(outcome):
    return {fact.code for fact in outcome.facts if isinstance(fact, Anomaly)}


def unread_reasons(outcome):
    return {fact.reason for fact in outcome.facts if isinstance(fact, Unread)}


def called(outcome):
    """The globals that loading would call, by the member that calls them."""
    return {(f"{fact.module}.{fact.name}", fact.member) for fact in outcome.facts if isinstance(fact, Call)}


def referenced(outcome, kind):
    return {(fact.module, fact.name) for fact in outcome.facts if isinstance(fact, Reference) and fact.kind == kind}
