"""GGUF: the tensors are inert where the header proves it, and nowhere else."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.account import Totals
from scanners.binary.ggml_types import EARLY, TYPES
from scanners.budget import Limits
from scanners.findings import SEVERITIES
from scanners.formats import ggml, gguf
from scanners.registry import SCANNERS
from scanners.routing import first
from scanners.scanner import NotThisFormat, Scanner
from tests.craft.archives import Part, archive
from tests.craft.attacks_gguf import GGUF_ATTACKS
from tests.craft.ggml import ARRAY, BOOL, F64, I32, TEMPLATE, TEXT, U8, U32, Gguf, before_gguf, one, tensor
from tests.craft.reading import anomalies, called, scan, scan_in_rounds, unread_reasons
from tests.craft.table import said

DATA = Path(__file__).parents[2] / "data" / "gguf"
ALL = [attack for group in GGUF_ATTACKS.values() for attack in group]


def read(data, name="model.gguf", **more):
    return scan(data, name, scanners=SCANNERS, **more)


def handed_on(data):
    """The parts that the reader leaves to others, by their names."""
    parts = {}

    def keep(source, scan):
        if not scan.member:
            raise NotThisFormat
        parts[scan.member] = source.read(0, source.size)
        scan.account.examined(0, source.size)

    outcome = scan(data, scanners=(gguf.SCANNER, Scanner("any", 1, frozenset(), lambda sample: True, keep)))
    return outcome, parts


# --- honest files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["types", "aligned", "big-endian", "template", "vocabulary"])
def test_what_gguf_py_writes_is_clean_and_whole(name):
    data = (DATA / f"{name}.gguf").read_bytes()
    assert said(data, "model.gguf") == ("clean", ())
    assert read(data).format == "gguf"
    assert read(data, "x").account == read(data).account


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_and_order_is_read(version, order):
    file = Gguf(version=version, order=order, alignment=64)
    file.key("general.alignment", U32, 64).key("words", ARRAY, (TEXT, ["a", "b" * 300, ""]))
    file.key("flag", BOOL, 1).key("numbers", ARRAY, (I32, [1, -2])).key("none", ARRAY, (F64, []))
    file.tensor("a", (32, 2), 2).tensor("b", (), 28, 64).tensor("c", (3, 1, 1, 2), 30, 128)
    data = file.made(bytes(140))
    outcome = read(data)
    assert outcome.facts == ()
    # Numbers in arrays, the padding and the tensors.
    padding = -(len(data) - 140 - (len(file.made()) - len(data) + 140)) % 64
    assert outcome.account.unexplained == 0
    assert outcome.account.inert >= 140 + 8 + padding


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_type_has_its_length(kind):
    block = TYPES[kind]
    file = Gguf().tensor("a", (block.elements * 2, 3), kind)
    outcome = read(file.made(bytes(block.length * 6)))
    assert (outcome.facts, outcome.account.unexplained) == ((), 0)
    assert "gguf.offsets" in anomalies(read(file.made(bytes(block.length * 6 - 1))))


def test_the_end_may_be_padded_or_not():
    file = Gguf().tensor("a", (5,)).tensor("b", (5,), offset=32)
    for length in (52, 64):
        assert read(file.made(bytes(length))).facts == ()
    assert anomalies(read(file.made(bytes(65)))) == {"gguf.trailing"}


def test_tensors_may_be_described_in_any_order():
    assert read(Gguf().tensor("b", offset=32).tensor("a").made(bytes(64))).facts == ()


def test_a_type_that_is_to_come_leaves_the_file_incomplete_and_no_worse():
    verdict, findings = said(Gguf().tensor("a", kind=77).made(bytes(32)), "model.gguf")
    assert (verdict, findings) == ("incomplete", ())


# --- texts -----------------------------------------------------------------------------------------------------------


def test_templates_are_handed_on():
    file = one().key("tokenizer.chat_template", TEXT, TEMPLATE).key("tokenizer.chat_template.tool_use", TEXT, "x")
    file.key("general.prompt", TEXT, "{{ x }}").key("general.name", TEXT, "a name")
    outcome, parts = handed_on(file.made(bytes(32)))
    assert outcome.account.unexplained == 0
    assert parts == {
        "tokenizer.chat_template.jinja": TEMPLATE.encode(),
        "tokenizer.chat_template.tool_use.jinja": b"x",
        "general.prompt.jinja": b"{{ x }}",
    }


def test_long_texts_are_handed_on_wherever_they_stand():
    file = one().key("notes", TEXT, "n" * 5000).key("words", ARRAY, (TEXT, ["a", "w" * 5000, "b"]))
    _, parts = handed_on(file.made(bytes(32)))
    assert sorted(map(len, parts.values())) == [5000, 5000]
    assert {name.partition("@")[0] for name in parts} == {"notes", "words"}


def test_a_text_that_is_a_document_is_read_as_one():
    file = one().key("tokenizer.huggingface.json", TEXT, '{"auto_map": {"AutoModel": "code.Model"}' + " " * 5000 + "}")
    verdict, findings = said(file.made(bytes(32)), "model.gguf")
    assert (verdict, [finding.rule for finding in findings]) == ("suspicious", ["config-auto-map"])


def test_long_texts_without_end_are_a_limit():
    file = one().key("words", ARRAY, (TEXT, ["w" * 5000] * 100))
    assert "limit" in unread_reasons(read(file.made(bytes(32))))


@pytest.mark.parametrize("host", ["huggingface.co", "github.com", "www.github.com"])
def test_a_link_to_where_models_live_is_plain(host):
    assert read(one().key("general.source.url", TEXT, f"https://{host}/a/b").made(bytes(32))).facts == ()


# --- hostile files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.label) for attack in ALL])
def test_an_attack_gets_its_verdict(attack):
    verdict, findings = said(attack.data, attack.name)
    assert verdict == attack.verdict
    weights = [SEVERITIES.index(finding.severity) for finding in findings if finding.rule == attack.rule]
    assert max(weights, default=-1) >= SEVERITIES.index(attack.severity)


@pytest.mark.parametrize(
    "attack",
    [pytest.param(attack, id=attack.label) for attack in ALL if attack.rule not in {"gguf-link", "gguf-trailing"}],
)
def test_what_is_bent_proves_nothing(attack):
    outcome = read(attack.data)
    assert outcome.account.unexplained > 0 or unread_reasons(outcome)


def test_a_payload_in_the_padding_of_a_wide_alignment_is_found():
    file = Gguf(alignment=1 << 16).key("general.alignment", U32, 1 << 16).tensor("a")
    file.tensor("b", offset=1 << 16)
    payload = next(attack for attack in ALL if "pickle in a hole" in attack.about).data
    start = payload.index(b"\x80")
    data = file.made(bytes(32) + payload[start : start + 200] + bytes((1 << 16) - 232) + bytes(32))
    assert called(read(data)) or unread_reasons(read(data))


def test_more_names_than_may_be_held_are_a_limit():
    file = Gguf()
    for number in range(50):
        file.key(f"{number}" + "k" * 100, U8, 1)
    assert unread_reasons(read(file.made(), limits=Limits(whole=4000))) == {"limit"}


# --- rounds ----------------------------------------------------------------------------------------------------------


def test_a_large_vocabulary_costs_few_rounds_and_no_tensor():
    words = [f"Ġword{number}" for number in range(128_000)]
    file = Gguf().key("tokenizer.ggml.tokens", ARRAY, (TEXT, words))
    file.key("tokenizer.ggml.token_type", ARRAY, (I32, [1] * len(words)))
    file.key("tokenizer.ggml.merges", ARRAY, (TEXT, [f"{word} {word}" for word in words]))
    file.key("tokenizer.chat_template", TEXT, TEMPLATE)
    for number in range(300):
        file.tensor(f"blk.{number}.weight", (65_536,), 1, number << 17)
    data = file.made(bytes(300 << 17))
    outcome, held, rounds = scan_in_rounds(
        data, "m.gguf", scanners=SCANNERS, held=first(len(data), "m.gguf"), block=4096
    )
    assert outcome.account.unexplained == 0
    assert outcome.account.inert > 300 << 17
    assert rounds <= 8
    assert sum(span.length for span in held) < len(data) - (300 << 17) + 1_000_000


def test_the_tensors_of_a_forerunner_cost_few_rounds():
    blob = bytes(4 * 40_000)
    tensors = [(f"layers.{number}.weight", (40_000,), 0, blob) for number in range(200)]
    data = before_gguf(b"tjgg", *tensors, version=3, scores=True, padded=True)
    outcome, held, rounds = scan_in_rounds(data, "m.bin", scanners=SCANNERS, held=first(len(data), "m.bin"), block=4096)
    assert (outcome.facts, outcome.account.unexplained) == ((), 0)
    assert rounds < 20
    assert sum(span.length for span in held) < 3_000_000


# --- before GGUF -----------------------------------------------------------------------------------------------------

TENSORS = (("a", (32, 2), 2, bytes(36)), ("b.weight", (3,), 0, bytes(12)))


@pytest.mark.parametrize(
    ("found", "data"),
    [
        ("ggml", before_gguf(b"lmgg", *TENSORS)),
        ("ggml", before_gguf(b"lmgg", *TENSORS, numbers=(4,) * 11, filters=(80, 201), counted=True)),
        ("ggml", before_gguf(b"lmgg", *TENSORS, numbers=(4,) * 6, counted=True)),
        ("ggml", before_gguf(b"lmgg", *TENSORS, numbers=(4,) * 8)),
        ("ggmf", before_gguf(b"fmgg", *TENSORS, version=1, scores=True)),
        ("ggjt", before_gguf(b"tjgg", *TENSORS, version=3, scores=True, padded=True)),
        ("ggla", before_gguf(b"algg", *TENSORS, version=1, numbers=(8, 16), words=(), padded=True)),
    ],
    ids=["llama", "whisper", "gpt-2", "neox", "ggmf", "ggjt", "lora"],
)
def test_what_came_before_gguf_is_read_to_its_end(found, data):
    outcome = read(data, "model.bin")
    assert (outcome.format, outcome.facts) == (found, ())
    assert (outcome.account.unexplained, outcome.account.inert >= 48) == (0, True)


def test_blocks_of_early_files_were_longer():
    assert EARLY[2].length == 20
    early = before_gguf(b"tjgg", ("a", (32,), 2, bytes(20)), version=2, scores=True, padded=True)
    assert read(early, "model.bin").facts == ()
    late = early[:4] + struct.pack("<I", 3) + early[8:]
    assert read(late, "model.bin").facts != ()


def test_a_model_of_unknown_numbers_is_named_and_not_read():
    outcome = read(before_gguf(b"lmgg", *TENSORS, numbers=(4,) * 23), "model.bin")
    assert (outcome.format, unread_reasons(outcome)) == ("ggml", {"no-reader"})


def test_a_tensor_twice_in_what_came_before_is_said():
    data = before_gguf(b"lmgg", *TENSORS)
    data += tensor(len(data), "a", (3,), 0, bytes(12), padded=False)
    assert anomalies(read(data, "model.bin")) == {"gguf.duplicate"}


def test_a_llamafile_is_a_program_and_its_model_is_read():
    model = one().made(bytes(32))
    data = b"MZqFpD='\n" + bytes(5000) + archive(Part("model.gguf", model), Part(".args", b"-m\nmodel.gguf\n"))
    outcome = read(data, "chat.llamafile")
    assert outcome.format == "llamafile"
    assert "file.native-code" in anomalies(outcome)
    assert "file.polyglot" not in anomalies(outcome)
    bent = data.replace(b"general.architecture", b"general.alignment\0\0\0")
    assert said(bent, "chat.llamafile")[0] == "malicious"
    verdict, findings = said(data, "chat.llamafile")
    assert (verdict, findings[0].rule, findings[0].severity) == ("malicious", "native-code", "high")


# --- laws ------------------------------------------------------------------------------------------------------------

HONEST = {
    "gguf": Gguf().key("k", TEXT, "v").key("w", ARRAY, (TEXT, ["a", "bc"])).tensor("a").made(bytes(32)),
    "ggjt": before_gguf(b"tjgg", *TENSORS[:1], version=3, scores=True, padded=True),
    "whisper": before_gguf(
        b"lmgg", *TENSORS[:1], numbers=(4, 1500, 384, 6, 9, 448, 384, 6, 9, 80, 1), filters=(2, 3), counted=True
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_a_file_that_is_cut_is_never_clean(name):
    data = HONEST[name]
    for stop in range(4, len(data)):
        outcome = read(data[:stop], "model.gguf")
        assert outcome.account.unexplained or unread_reasons(outcome) or outcome.format not in {"gguf", "ggjt", "ggml"}


@pytest.mark.parametrize("name", HONEST)
@given(
    changes=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=5), block=st.sampled_from([1, 64])
)
@settings(max_examples=60, deadline=None)
def test_a_bent_file_says_the_same_however_it_comes(name, changes, block):
    data = bytearray(HONEST[name])
    for at, value in changes:
        data[at % len(data)] = value
    data = bytes(data)
    outcome, _, _ = scan_in_rounds(data, "x", scanners=(gguf.SCANNER, ggml.SCANNER), block=block)
    assert outcome == scan(data, "x", scanners=(gguf.SCANNER, ggml.SCANNER))
    assert outcome.account.unexplained == 0 or outcome.facts


@given(
    data=st.binary(max_size=200), magic=st.sampled_from([b"GGUF\3\0\0\0", b"GGUF\0\0\0\3", b"lmgg", b"tjgg\3\0\0\0"])
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(data, magic):
    outcome = scan(magic + data, "x", scanners=(gguf.SCANNER, ggml.SCANNER), limits=Limits(facts=100, whole=1000))
    assert outcome.account != Totals(0, 0, 0)
    assert outcome.account.unexplained == 0 or outcome.facts
