"""TensorFlow's graphs: honest ones are clean and whole, what harms is found wherever it stands."""

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.facts import Opens, Reference, Unread
from scanners.findings import SEVERITIES
from scanners.formats import tensorflow
from scanners.registry import SCANNERS
from scanners.routing import Router, first, scan_blob
from scanners.scanner import HEAD, Needs, Sample
from scanners.source import BytesSource, Span, SparseSource, merge
from tests.craft.attacks_tensorflow import HIDDEN, LOADING, PATH, TENSORFLOW_ATTACKS, nested
from tests.craft.reading import scan, scan_in_rounds
from tests.craft.table import said
from tests.craft.tensorflow import (
    asset,
    const,
    field,
    floats,
    function,
    graph,
    node,
    number,
    saved_model,
    tensor,
    text_attr,
    varint,
)

DATA = Path(__file__).parents[2] / "data" / "tensorflow"
HONEST = sorted(path for path in DATA.rglob("*") if path.suffix in {".pb", ".meta", ".pbtxt"})
ALL = [attack for group in TENSORFLOW_ATTACKS.values() for attack in group]


def read(data, name="saved_model.pb", **more):
    return scan(data, name, scanners=SCANNERS, **more)


def opened(outcome):
    return {(fact.kind, fact.path, fact.by.partition(" ")[0]) for fact in outcome.facts if isinstance(fact, Opens)}


def operations(outcome, kind="tf.op"):
    return {fact.name for fact in outcome.facts if isinstance(fact, Reference) and fact.kind == kind}


# --- honest files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", HONEST, ids=lambda path: path.relative_to(DATA).as_posix())
def test_what_tensorflow_writes_is_clean_and_whole(path):
    data = path.read_bytes()
    outcome = scan_blob(BytesSource(data), path.name, Limits())
    assert [fact for fact in outcome.facts if isinstance(fact, Unread)] == []
    assert outcome.account.unexplained == 0
    assert outcome.format.startswith("tf.")
    verdict, findings = said(data, path.name)
    assert (verdict, {finding.severity for finding in findings} - {"low"}) == ("clean", set())


@pytest.mark.parametrize(
    "path", [path for path in HONEST if path.stem != "fingerprint"], ids=lambda path: path.parent.name + path.name
)
def test_what_tensorflow_writes_is_known_without_its_name(path):
    data = path.read_bytes()
    assert scan_blob(BytesSource(data), "x", Limits()).format.startswith("tf.")


def test_what_loading_runs_is_told_from_what_inference_runs():
    outcome = read((DATA / "tf2.21" / "module" / "saved_model.pb").read_bytes())
    assert {"InitializeTableFromTextFileV2", "LookupTableImportV2", "RestoreV2", "HashTableV2"} <= operations(
        outcome, "tf.op.load"
    )
    assert {"LookupTableFindV2", "SaveV2", "StatelessWhile"} <= operations(outcome)
    assert not {"LookupTableFindV2", "SaveV2"} & operations(outcome, "tf.op.load")


def test_a_table_of_an_asset_opens_nothing_but_the_asset():
    outcome = read((DATA / "tf2.21" / "module" / "saved_model.pb").read_bytes())
    assert {(kind, path) for kind, path, _ in opened(outcome) if kind != "tf.op.part"} == {("tf.asset", "words.txt")}


# --- hostile files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.label) for attack in ALL])
def test_an_attack_gets_its_verdict(attack):
    verdict, findings = said(attack.data, attack.name)
    assert verdict == attack.verdict
    weights = [SEVERITIES.index(finding.severity) for finding in findings if finding.rule == attack.rule]
    assert max(weights, default=-1) >= SEVERITIES.index(attack.severity)


def test_samples_are_told_apart():
    labels = [attack.label for attack in ALL]
    assert sorted(labels) == sorted(set(labels))


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.label) for attack in LOADING])
def test_what_happens_at_load_is_said_to(attack):
    _, findings = said(attack.data, attack.name)
    assert [finding.evidence["trigger"] for finding in findings if finding.rule == attack.rule] == ["load"]


def test_what_happens_in_inference_is_said_to():
    _, findings = said(HIDDEN, "x.pb")
    assert [finding.evidence["trigger"] for finding in findings] == ["inference"]


def test_the_paths_of_an_operation_are_stated_as_they_stand():
    assert ("tf.op", PATH, "ReadFile") in opened(read(HIDDEN, "x.pb"))
    parts = graph(
        const("a", "/tmp"), const("b", "x"), node("StringJoin", "path", "a", "b", extra=text_attr("separator", "/"))
    )
    assert ("tf.op", "/tmp/x", "ReadFile") in opened(read(parts + field(1, node("ReadFile", "r", "path")), "x.pb"))


@pytest.mark.parametrize(
    "data",
    [
        graph(node("Placeholder", "p"), node("DecodePng", "d", "p")),
        graph(const("words", tensor("/etc/passwd", "http://x")), node("StringLower", "l", "words")),
        graph(node("PrintV2", "p", "x", extra=text_attr("output_stream", "stderr"))),
        graph(node("CacheDataset", "c", "d", "none"), const("none", "")),
        graph(node("DecodeProtoV2", "d", "x", extra=text_attr("descriptor_source", "local://"))),
        saved_model(
            const("a", "/home/me/words.txt"),
            node("InitializeTableFromTextFileV2", "t", "h", "a"), node("NoOp", "init", "^t"),
            extra=asset("a:0", "words.txt") + field(4, field(1, "legacy_init_op") + field(2, field(1, field(1, "init")))),
        ),
        graph(node("f", "c"), functions=[function("f", node("NoOp"))]),
        saved_model(
            node("Placeholder", "p"), node("StaticRegexFullMatch", "m", "p", extra=text_attr("pattern", "^s3://.*")),
            const("a", ".part"), const("b", "_temp_0123456789abcdef0123456789abcdef/part"), node("Select", "c", "m", "a", "b"),
            node("StringJoin", "j", "p", "c", extra=text_attr("separator", "")), node("SaveV2", "s", "j", "n", "s", "v"),
        ),
    ],
    ids=["decoding", "words", "stderr", "memory", "own descriptors", "an asset that is fed", "a function", "a saver"],
)  # fmt: skip
def test_what_comes_near_is_clean(data):
    verdict, findings = said(data, "saved_model.pb")
    assert verdict == "clean"
    assert {finding.severity for finding in findings} <= {"low"}


def test_graphs_deeper_than_the_limit_are_said_not_to_be_read():
    outcome = read(nested(7), "x.pb")
    assert {fact.reason for fact in outcome.facts if isinstance(fact, Unread)} == {"limit"}
    assert "ReadFile" in operations(read(nested(4), "x.pb"))


def test_a_field_that_no_graph_has_leaves_the_file_incomplete():
    for data in (graph(node("NoOp")) + field(99, "x"), graph(node("NoOp") + number(99, 1))):
        outcome = read(data, "x.pb")
        assert [fact.reason for fact in outcome.facts if isinstance(fact, Unread)] == ["unknown"]
        assert said(data, "x.pb")[0] == "incomplete"


def test_a_broken_graph_is_incomplete_and_what_stands_before_the_break_is_found():
    outcome = read(HIDDEN + b"\x0a\x7f", "x.pb")
    assert ("tf.op", PATH, "ReadFile") in opened(outcome)
    assert outcome.account.unexplained == len(HIDDEN) + 2


def test_a_text_that_no_parser_takes_is_incomplete_and_what_it_says_is_found():
    outcome = read(b'node { name: "r" op: "ReadFile" input: "x" } strange: 1', "graph.pbtxt")
    assert "ReadFile" in operations(outcome)
    assert [fact.reason for fact in outcome.facts if isinstance(fact, Unread)] == ["broken"]


def test_a_search_for_origins_ends():
    joins = [node("StringJoin", f"n{i}", *[f"n{i + 1}"] * 9) for i in range(15)]
    data = graph(*joins, const("n15", "x"), node("ReadFile", "r", "n0"))
    assert opened(read(data, "x.pb"))
    loop = graph(node("Merge", "a", "b"), node("Merge", "b", "a"), node("ReadFile", "r", "a"))
    assert opened(read(loop, "x.pb")) == set()


@pytest.mark.parametrize(
    "data",
    [
        HIDDEN + graph(node("NoOp", "path"), node("NoOp", "read")),
        graph(functions=[function("f", node("ReadFile", "r", "x")), function("f", node("NoOp"))]),
        graph(node("ReadFile", "r", "x"), functions=[function("", node("NoOp", "n"))]),
        graph(functions=[function("f", node("NoOp")), function("", node("ReadFile", "r", "x"))]),
    ],
    ids=["nodes", "functions", "no name", "no name either"],
)
def test_a_name_that_is_taken_hides_nothing(data):
    assert "ReadFile" in operations(read(data, "x.pb"))


@pytest.mark.parametrize("op", ["XlaCallModule", "_XlaHostComputeMlir"])
def test_a_program_in_another_language_is_said_not_to_be_read(op):
    outcome = read(graph(node(op, "x", extra=text_attr("module", "ML\xefR"))), "x.pb")
    assert [fact.reason for fact in outcome.facts if isinstance(fact, Unread)] == ["no-reader"]


def test_a_vocabulary_costs_no_time():
    words = tensor(*[f"a rather long entry {n}" for n in range(30_000)])
    started = time.process_time()
    assert said(graph(const("words", words)), "x.pb") == ("clean", ())
    assert time.process_time() - started < 5.0  # Less than one; the rest is for a busy machine.


# --- what is taken for a graph ---------------------------------------------------------------------------------------


def test_random_bytes_are_not_taken_for_tensorflow():
    noise = random.Random(4)
    for lead in (b"", b"\x08\x01\x12", b"\x0a", b"\x0a\x10\x0a\x04"):
        for _ in range(4000):
            data = lead + noise.randbytes(200)
            assert not tensorflow.recognise(Sample(len(data), data[:HEAD], data))


@pytest.mark.parametrize(
    "data",
    [
        number(1, 8) + field(2, "pytorch") + field(7, field(1, field(1, "x") + field(4, "Conv"))),  # ONNX
        field(1, field(1, "<unk>") + varint(2 << 3 | 5) + bytes(4)) * 3,  # SentencePiece
        number(1, 1) + field(2, field(1, field(1, "image"))),  # Core ML
        b"\n" * 300,
        b"node a b c",
    ],
    ids=["onnx", "sentencepiece", "coreml", "lines", "words"],
)
def test_other_protocol_buffers_are_not_taken_for_tensorflow(data):
    assert not tensorflow.recognise(Sample(len(data), data[:HEAD], data))
    assert not scan_blob(BytesSource(data), "model.pb", Limits()).format.startswith("tf.")


# --- bytes and rounds ------------------------------------------------------------------------------------------------


class Sparse:
    """A model whose numbers are zeros that nobody keeps: what is not zeros, by offset, and the size."""

    def __init__(self, pieces):
        self.parts, self.size = [], 0
        for piece in pieces:
            if isinstance(piece, bytes):
                self.parts.append((self.size, piece))
                self.size += len(piece)
            else:
                self.size += piece

    def pread(self, at, length):
        data = bytearray(length)
        for start, piece in self.parts:
            if start < at + length and at < start + len(piece):
                low, high = max(start, at), min(start + len(piece), at + length)
                data[low - at : high - at] = piece[low - start : high - start]
        return bytes(data)


def wrapped(number_of_field, parts):
    """The pieces of a message as a field of another."""
    size = sum(len(part) if isinstance(part, bytes) else part for part in parts)
    return [varint(number_of_field << 3 | 2) + varint(size), *parts]


def constant(name, size):
    value = wrapped(8, [number(1, 1) + field(2, field(2, number(1, size // 4))), *wrapped(4, [size])])
    entry = wrapped(5, [field(1, "value"), *wrapped(2, value)])
    return wrapped(1, [field(1, name) + field(2, "Const"), *entry])


def large_model():
    """Twelve layers of a transformer and its vocabulary, 500 MB, with a payload behind them all."""
    sizes = {"q": 2359296, "k": 2359296, "v": 2359296, "o": 2359296, "up": 9437184, "down": 9437184, "ln": 3072}
    parts = constant("embeddings", 93763584)
    for layer in range(14):
        for name, size in sizes.items():
            parts += constant(f"encoder/layer_{layer}/{name}/kernel", size)
            parts.append(field(1, *[node("Identity", f"encoder/layer_{layer}/{name}/read_{i}", "x") for i in range(8)]))
    parts += [HIDDEN]
    return Sparse([number(1, 1), *wrapped(2, [field(1, field(5, "2.21.0")), *wrapped(2, parts)])])


def test_five_hundred_megabytes_of_constants_cost_few_bytes_and_rounds():
    model = large_model()
    assert model.size > 480_000_000
    held, rounds, outcome = merge(first(model.size, "saved_model.pb")), 0, None
    while outcome is None or isinstance(outcome, Needs):
        source = SparseSource(model.pread, model.size, held)
        outcome = Router(SCANNERS).scan_blob(source, "saved_model.pb", Limits())
        if isinstance(outcome, Needs):
            rounds += 1
            held = merge([*held, *outcome.spans])
    fetched = sum(span.length for span in held)
    print(model.size, fetched, rounds)
    assert ("tf.op", PATH, "ReadFile") in opened(outcome)
    assert outcome.account.unexplained == 0
    assert rounds <= 16
    assert fetched < 1_500_000


# --- any bytes -------------------------------------------------------------------------------------------------------

SEED = saved_model(
    const("path", PATH),
    node("ReadFile", "r", "path"),
    const("big", floats(1500)),
    functions=[function("f", node("NoOp"))],
)


@given(
    at=st.integers(0, len(SEED) - 1),
    value=st.integers(0, 255),
    stop=st.integers(1, len(SEED)),
    name=st.sampled_from(["x.pb", "x", "fingerprint.pb"]),
)
@settings(max_examples=80, deadline=None)
def test_damaged_models_are_read_to_an_outcome(at, value, stop, name):
    data = (SEED[:at] + bytes([value]) + SEED[at + 1 :])[:stop]
    outcome = read(data, name)
    assert outcome.account.unexplained == 0 or outcome.facts


@given(stop=st.integers(1, len(SEED) - 1))
@settings(max_examples=60, deadline=None)
def test_a_model_that_is_cut_is_never_clean(stop):
    assert said(SEED[:stop], "saved_model.pb")[0] != "clean"


@pytest.mark.parametrize(
    "path", [DATA / "tf2.21" / "frozen.pb", DATA / "tf2.15" / "simple" / "saved_model.pb"], ids=lambda path: path.name
)
@pytest.mark.parametrize("block", [64, 4096])
def test_bytes_that_come_piece_by_piece_say_the_same(path, block):
    data = path.read_bytes()
    outcome, _, _ = scan_in_rounds(data, path.name, scanners=SCANNERS, block=block, held=[Span(0, 100)])
    assert outcome == read(data, path.name)
