"""Checkpoints: the table is read, the list is read, the bytes of tensors are inert; TensorFlow.js beside them."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.facts import Opens, Reference, Unread
from scanners.registry import SCANNERS
from tests.craft.pickles import asm, system
from tests.craft.reading import scan, scan_in_rounds, unread_reasons
from tests.craft.table import said
from tests.craft.tensorflow import field, number, varint

DATA = Path(__file__).parents[2] / "data" / "tensorflow"
HONEST = sorted(
    path
    for path in DATA.rglob("*")
    if path.is_file() and (path.suffix not in {".pb", ".meta", ".pbtxt"} or path.parent.parent.name == "tfjs")
)
INDEX = (DATA / "tf2.21" / "v2" / "ckpt-1.index").read_bytes()
MAGIC = INDEX[-8:]


def read(data, name="x", **more):
    return scan(data, name, scanners=SCANNERS, **more)


def block(*entries, kind=0):
    body = b"".join(varint(0) + varint(len(k)) + varint(len(v)) + k + v for k, v in entries)
    return body + bytes(4) + (1).to_bytes(4, "little") + bytes([kind]) + bytes(4)


def handle(start, size):
    return varint(start) + varint(size)


def table(*entries, kind=0, footer=b"", behind=b""):
    first, keys_at = block(*entries, kind=kind), 0
    index = block((b"\xff", handle(0, len(first) - 5) + behind))
    other, keys_at = block(), len(first)
    ends = handle(keys_at + len(index), len(other) - 5) + handle(keys_at, len(index) - 5) + footer
    return first + index + other + ends.ljust(40, b"\0") + MAGIC


HEADER = (b"", number(1, 1) + field(3, number(1, 1)))
ENTRY = (b"w", number(1, 1) + field(2, field(2, number(1, 4))) + number(5, 16))


@pytest.mark.parametrize("path", HONEST, ids=lambda path: path.relative_to(DATA).as_posix())
def test_what_tensorflow_writes_is_clean(path):
    data = path.read_bytes()
    assert said(data, path.name) == ("clean", ())
    assert read(data, path.name).account.unexplained == 0


def test_a_table_is_known_by_its_end():
    assert read(INDEX).format == "tf.checkpoint.index"
    assert read(table(HEADER, ENTRY)).facts == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (table(HEADER, ENTRY, kind=1), "codec"),
        (table(HEADER, (b"w", ENTRY[1] + number(99, 1))), "unknown"),
        (table(HEADER, (b"w", b"\xff")), "broken"),
        (table(HEADER, ENTRY, footer=b"x"), "broken"),
        (table(HEADER, ENTRY, behind=b"x"), "broken"),
        (b"payload" + table(HEADER, ENTRY), "broken"),
        (bytes(40) + MAGIC, "broken"),
    ],
    ids=["compressed", "unknown field", "no message", "footer", "handle", "before", "empty"],
)
def test_a_table_that_is_bent_is_incomplete(data, reason):
    outcome = read(data, "x.index")
    assert reason in unread_reasons(outcome)


def test_bytes_between_the_blocks_stay_unexplained():
    data = table(HEADER, ENTRY)
    first = block(HEADER, ENTRY)
    hidden = first + b"hidden" + data[len(first) : -48]
    index_at, other_at = len(first) + 6, len(first) + 6 + len(block((b"\xff", handle(0, len(first) - 5))))
    ends = handle(other_at, 8) + handle(index_at, other_at - index_at - 5)
    outcome = read(hidden + ends.ljust(40, b"\0") + MAGIC, "x.index")
    assert outcome.account.unexplained == 6


def test_the_table_of_another_program_is_not_taken_for_one():
    assert read(table((b"key", b"value")), "x.ldb").format == "unknown"


def test_a_list_states_its_paths():
    text = b'model_checkpoint_path: "/home/me/ckpt-2"\nall_model_checkpoint_paths: "ckpt-1"\n'
    outcome = read(text, "checkpoint")
    assert [(fact.kind, fact.path) for fact in outcome.facts] == [
        ("tf.checkpoint", "/home/me/ckpt-2"), ("tf.checkpoint", "ckpt-1"),
    ]  # fmt: skip
    verdict, findings = said(text, "checkpoint")
    assert (verdict, [finding.rule for finding in findings]) == ("clean", ["tensorflow-checkpoint-path"])


def test_other_files_named_checkpoint_are_what_they_are():
    assert read(asm(system(), "STOP"), "checkpoint").format == "pickle"
    assert read(b"words", "checkpoint.txt").format == "text"


@pytest.mark.parametrize("name", ["model.data-00000-of-00001", "group1-shard1of3.bin"])
def test_a_payload_under_the_name_of_tensors_is_found(name):
    verdict, findings = said(asm(system(), "STOP"), name)
    assert verdict == "malicious"
    assert "pickle-runs-code" in {finding.rule for finding in findings}
    assert said(b"\x01\x02\xfe" * 100, name)[0] == "clean"
    assert said(b"\x01\x02\xfe" * 100, "model.data")[0] == "incomplete"


@given(at=st.integers(0, len(INDEX) - 1), value=st.integers(0, 255), stop=st.integers(1, len(INDEX)))
@settings(max_examples=100, deadline=None)
def test_damaged_tables_are_read_to_an_outcome(at, value, stop):
    data = (INDEX[:at] + bytes([value]) + INDEX[at + 1 :])[:stop]
    outcome = read(data, "x.index")
    assert outcome.account.unexplained == 0 or outcome.facts
    whole = stop == len(INDEX) or outcome.format == "text"
    assert whole or any(isinstance(fact, Unread) for fact in outcome.facts)


def test_a_table_that_comes_piece_by_piece_says_the_same():
    assert scan_in_rounds(INDEX, "x.index", scanners=SCANNERS, block=16)[0] == read(INDEX, "x.index")


# --- TensorFlow.js ---------------------------------------------------------------------------------------------------


def model(*nodes, paths=(), **more):
    return json.dumps(
        {
            "format": "graph-model",
            "modelTopology": {"node": list(nodes), **more},
            "weightsManifest": [{"paths": list(paths), "weights": []}],
        }
    ).encode()


def text(value):
    return base64.b64encode(value).decode()


PATH = {
    "name": "p",
    "op": "Const",
    "attr": {"value": {"tensor": {"dtype": "DT_STRING", "stringVal": [text(b"/etc/x")]}}},
}
READ = {"name": "r", "op": "ReadFile", "input": ["p"]}


def test_the_operations_of_a_graph_model_are_stated():
    outcome = read(model(PATH, READ), "model.json")
    assert outcome.format == "json.tfjs"
    assert {fact.name for fact in outcome.facts if isinstance(fact, Reference)} == {"Const", "ReadFile"}
    assert [fact.path for fact in outcome.facts if isinstance(fact, Opens)] == ["/etc/x"]
    verdict, findings = said(model(PATH, READ), "model.json")
    assert (verdict, [finding.rule for finding in findings]) == ("malicious", ["tensorflow-file"])


def test_functions_of_a_graph_model_are_read():
    inner = {
        "signature": {"name": "f", "inputArg": [{"name": "a"}]},
        "nodeDef": [{**READ, "input": ["a"]}],
        "ret": {"o": "r:0"},
    }
    call = {"name": "c", "op": "PartitionedCall", "input": ["p"], "attr": {"f": {"func": {"name": "f"}}}}
    outcome = read(model(PATH, call, library={"function": [inner]}), "model.json")
    assert [(fact.path, fact.by) for fact in outcome.facts if isinstance(fact, Opens)] == [
        ("/etc/x", "ReadFile r in f")
    ]


@pytest.mark.parametrize("path", ["https://host/x.bin", "//host/x", "/x.bin", "../x.bin", "file:///etc/passwd"])
def test_weights_from_elsewhere_are_found(path):
    verdict, findings = said(model(paths=["group1-shard1of2.bin", path]), "model.json")
    assert (verdict, [finding.rule for finding in findings]) == ("malicious", ["tfjs-weights-path"])


def test_a_key_that_comes_twice_hides_no_path():
    twice = b'{"weightsManifest": [{"paths": ["a"]}], "weightsManifest": [{"paths": ["../b"], "paths": ["/c"]}]}'
    assert {fact.path for fact in read(twice, "model.json").facts if isinstance(fact, Opens)} == {"a", "../b", "/c"}


@pytest.mark.parametrize(
    "document",
    [
        {"modelTopology": {"node": 5, "library": [[]]}}, {"weightsManifest": 7}, {"weightsManifest": [{"paths": {"a": 1}}]},
        {"modelTopology": {"node": [{"op": 3, "attr": [1], "name": None}, 4], "library": {"function": {"ret": 3}}}},
        {"modelTopology": {"node": [{"op": "Const", "attr": {"v": {"s": "\ud800%", "list": {"s": 3, "func": "x"}}}}]}},
    ],
    ids=str,
)  # fmt: skip
def test_any_shape_of_document_is_read(document):
    assert read(json.dumps(document).encode(), "model.json").account.unexplained == 0
