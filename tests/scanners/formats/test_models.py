"""Models of many libraries: each is read to its end, and nothing that bends it is let pass."""

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.facts import Code, Reference
from scanners.findings import SEVERITIES
from scanners.registry import SCANNERS
from tests.craft.attacks_models import HONEST, MODEL_ATTACKS
from tests.craft.models import (
    LIGHTGBM,
    R,
    ctranslate2,
    faiss_flat,
    faiss_ivf,
    fasttext,
    flax_array,
    mlir,
    model_t7,
    ocdbt,
    pack,
    sparse_lists,
    ubj,
    word2vec,
)
from tests.craft.reading import anomalies, scan, scan_in_rounds, unread_reasons
from tests.craft.table import said

DATA = Path(__file__).parents[2] / "data" / "models"
ALL = [attack for group in MODEL_ATTACKS.values() for attack in group]
NOT_READ = {"annoy.ann": "annoy", "faiss-lsh.index": "faiss"}
"""Named, and never clean."""
FORMATS = {
    "xgboost-dart.model": "xgboost.binary",
    "xgboost-trees.ubj": "ubjson",
    "lightgbm.txt": "lightgbm",
    "categories.cbm": "catboost",
    "xdr.rds": "r",
    "text.rds": "r",
    "frame.RData": "r",
    "flax.msgpack": "msgpack",
    "spacy/ner/moves": "msgpack",
    "faiss-hnsw.index": "faiss",
    "fasttext.ftz": "fasttext",
    "word2vec.bin": "word2vec",
    "ctranslate2.bin": "ctranslate2",
    "qr.mlirbc": "stablehlo",
    "plain.jax_exported": "jax.export",
    "orbax-manifest.ocdbt": "ocdbt",
}
CRAFTED = {
    "model.rds": R().made(R().list(R().texts("a", "b"), R().closure(R().call("sum", R().symbol("x"))))),
    "words.rds": R("A").made(R("A").list(R("A").reals(1.5), R("A").texts("a", "b"))),
    "model.t7": model_t7(),
    "lines.t7": model_t7(lines=True),
    "flax.msgpack": pack({"a": flax_array([2], bytes(8)), "b": [1, "x", None, True, 1.5]}),
    "model.ubj": ubj(b"{L\0\0\0\0\0\0\0\x01a[$l#L\0\0\0\0\0\0\0\x02\0\0\0\x01\0\0\0\x02}"),
    "fasttext.bin": fasttext(),
    "word2vec.bin": word2vec(),
    "ctranslate2.bin": ctranslate2(),
    "model.mlirbc": mlir(("vhlo", "func"), ("vhlo", "custom_call"), strings=("Sharding",)),
    "manifest.ocdbt": ocdbt(b"\x04d/a18dea"),
    "ivf.index": faiss_ivf(sparse_lists(2, 0)),
    "xgb.model": (DATA / "xgboost-gblinear.model").read_bytes(),
}
BENT = {
    **CRAFTED,
    "numbers.cbm": (DATA / "numbers.cbm").read_bytes(),
    "lightgbm.txt": (DATA / "lightgbm.txt").read_bytes(),
    "config.cfg": (DATA / "spacy/config.cfg").read_bytes(),
    "config.pbtxt": HONEST["config.pbtxt"],
    "Modelfile": HONEST["Modelfile"],
    ".zarray": HONEST[".zarray"],
}


def read(data, name, **more):
    return scan(data, name, scanners=SCANNERS, **more)


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.name) for path in sorted(DATA.rglob("*")) if path.is_file()]
)
def test_what_libraries_write_is_clean_and_whole(path):
    verdict, findings = said(path.read_bytes(), path.name)
    assert [finding for finding in findings if finding.severity != "low"] == []
    assert verdict == ("incomplete" if path.name in NOT_READ else "clean")


@pytest.mark.parametrize("name", [*FORMATS, *NOT_READ])
def test_a_format_is_known_by_its_content(name):
    data = (DATA / name).read_bytes()
    assert read(data, name).format == {**FORMATS, **NOT_READ}[name]
    if name not in NOT_READ:
        assert read(data, "x").format == FORMATS[name]


@pytest.mark.parametrize("name", HONEST)
def test_a_near_miss_is_quiet(name):
    assert said(HONEST[name], name) == ("clean", ())


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.label) for attack in ALL])
def test_an_attack_gets_its_verdict(attack):
    verdict, findings = said(attack.data, attack.name)
    assert verdict == attack.verdict
    weights = [SEVERITIES.index(finding.severity) for finding in findings if finding.rule == attack.rule]
    assert max(weights, default=-1) >= SEVERITIES.index(attack.severity)


@pytest.mark.parametrize("name", CRAFTED)
def test_a_cut_anywhere_is_never_clean_of_itself(name):
    data = CRAFTED[name]
    assert read(data, name).account.unexplained == 0
    for stop in range(1, len(data.rstrip(b"\n"))):
        outcome = read(data[:stop], name)
        assert outcome.account.unexplained or unread_reasons(outcome) or outcome.format != read(data, name).format


@pytest.mark.parametrize("name", BENT)
@given(st.integers(0, 1 << 32))
@settings(max_examples=40, deadline=None)
def test_bent_files_come_to_an_outcome_whatever_order_their_bytes_come_in(name, seed):
    chance = random.Random(seed)
    data = bytearray(BENT[name])
    for _ in range(chance.randrange(1, 5)):
        data[chance.randrange(len(data))] = chance.choice((0, 1, 2, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    outcome, _, _ = scan_in_rounds(bytes(data), name, scanners=SCANNERS, block=64, limits=Limits(inflated=1 << 20))
    assert outcome == read(bytes(data), name, limits=Limits(inflated=1 << 20))


# --- what is read ----------------------------------------------------------------------------------------------------


def test_code_of_r_is_told_by_when_it_runs():
    x = R()
    frame = x.pair(x.promise(x.call("later", x.texts("b"))), tag=x.symbol("p"))
    outcome = read(
        x.made(
            x.list(x.closure(x.call("sum", x.symbol("v")), environment=x.environment(frame)), x.promise(x.call("now")))
        ),
        "x.rds",
    )
    codes = {fact.name: (fact.calls, fact.names, fact.strings) for fact in outcome.facts if isinstance(fact, Code)}
    assert codes == {
        "call": (("sum",), ("sum", "v"), ()),
        "look": (("later",), ("later",), ("b",)),
        "load": (("now",), ("now",), ()),
    }


def test_a_promise_that_functions_keep_and_that_reaches_nothing_is_no_alarm():
    x = R()
    frame = x.pair(x.promise(x.call("mean", x.symbol("v"))), tag=x.symbol("p"))
    verdict, findings = said(x.made(x.closure(x.symbol("p"), environment=x.environment(frame))), "x.rds")
    assert (verdict, [(finding.rule, finding.severity) for finding in findings]) == ("clean", [("r-runs-code", "low")])


def test_only_what_r_takes_for_a_blank_ends_a_word():
    assert unread_reasons(read(R("A").made(b"\v"), "x.rds")) == {"broken"}


def test_a_class_of_vectors_is_a_reference():
    x = R()
    outcome = read(x.made(x.vector_of("mmap_integer", x.texts("f"))), "x.rds")
    assert [fact.name for fact in outcome.facts if isinstance(fact, Reference)] == ["mmap_integer"]


def test_packages_that_r_loads_are_told():
    x = R()
    space = x.whole(249) + x.whole(0) + x.whole(2) + x.chars("caret") + x.chars("6.0.94")
    outcome = read(x.made(x.closure(x.symbol("x"), environment=space)), "x.rds")
    assert [(fact.kind, fact.name) for fact in outcome.facts if isinstance(fact, Reference)] == [
        ("r.namespace", "caret")
    ]


def test_calls_that_stand_in_bytecode_again_are_read():
    x = R()
    shared = x.whole(244) + x.whole(0) + x.whole(6) + x.nil() + x.constant("f") + x.whole(243) + x.whole(0)
    again = x.whole(239) + x.nil() + x.nil() + x.constant("g") + x.whole(254) + x.nil()
    outcome = read(x.made(x.closure(x.bytecode(shared, again))), "x.rds")
    assert outcome.account.unexplained == 0


def test_arrays_of_flax_are_not_fetched():
    data = pack({f"layer{n}": flax_array([1 << 16], bytes(1 << 18)) for n in range(40)})
    outcome, held, rounds = scan_in_rounds(data, "flax.msgpack", scanners=SCANNERS, block=4096)
    assert (outcome.facts, outcome.account.unexplained) == ((), 0)
    assert sum(span.length for span in held) < len(data) / 10
    assert rounds <= 12


def test_maps_in_maps_without_end_are_a_limit():
    assert unread_reasons(read(b"\x81\xa1a" * 2000 + b"\xc0", "x.msgpack")) == {"limit"}
    assert unread_reasons(read(b"{L\0\0\0\0\0\0\0\x01a" * 2000 + b"}" * 2000, "x.ubj")) == {"limit"}


def test_vectors_as_text_are_text():
    assert read(b"2 3\none 1 2 3\ntwo 4 5 6\n", "w.txt").format == "text"
    assert read(word2vec(end=b""), "w.bin").format == "word2vec"


def test_every_version_of_ctranslate2_is_read():
    for version in (2, 3, 4, 5, 6):
        assert (read(ctranslate2(version), "model.bin").facts, version) == ((), version)


def test_paths_of_lightgbm_are_told_once_each_in_a_model_of_any_length():
    text = LIGHTGBM.format("") + "x" * (3 << 20) + "\n[data: /home/a]\n[data: /home/a]\n[valid: b.txt]\n"
    outcome = read(text.encode(), "model.txt")
    assert [fact.detail for fact in outcome.facts] == ["data: /home/a", "valid: b.txt"]
    assert anomalies(read(LIGHTGBM.format("").encode(), "model.txt")) == set()


def test_a_model_with_a_control_character_is_no_lightgbm():
    assert read(LIGHTGBM.encode() + b"\x00", "model.txt").format != "lightgbm"


def test_a_callback_in_what_jax_exported_is_told():
    data = (DATA / "qr.jax_exported").read_bytes()
    verdict, findings = said(data.replace(b"lapack_sgeqrf_ffi", b"xla_py_callback_x"), "x")
    assert (verdict, [(finding.rule, finding.member.partition("@")[0]) for finding in findings]) == (
        "malicious",
        [("hlo-custom-call", "module")],
    )
    assert read(data[:-9], "x").account.unexplained or unread_reasons(read(data[:-9], "x"))


def test_values_between_nodes_are_not_known():
    outcome = read(ocdbt(b"node") + bytes(5000), "d/00")
    assert (outcome.format, unread_reasons(outcome)) == ("ocdbt", {"unknown"})


def test_a_kind_of_faiss_that_nobody_reads_is_named():
    outcome = read(faiss_flat(kind=b"IxLa"), "a.index")
    assert (outcome.format, unread_reasons(outcome)) == ("faiss", {"no-reader"})


def test_a_storage_of_torch7_is_not_fetched():
    t7 = model_t7(lambda t: t.tensor(1 << 18), lambda t: t.tensor(1 << 18))
    outcome, held, _ = scan_in_rounds(t7, "m.t7", scanners=SCANNERS, block=4096)
    assert (outcome.facts, outcome.account.unexplained) == ((), 0)
    assert sum(span.length for span in held) < 300_000


@pytest.mark.parametrize(("kind", "form"), [("Long", "q"), ("Double", "d"), ("Char", "b")])
def test_every_storage_of_torch7_is_stepped_over_in_lines(kind, form):
    t7 = model_t7(lambda t: t.tensor(40_000, kind, form), lines=True)
    if kind == "Char":
        t7 = t7.replace(b"0 " * 39_999 + b"0\n", b"\n" * 40_000 + b"\n")
    assert said(t7, "m.t7") == ("clean", ())
    assert read(t7, "x").format == "torch7"


def test_a_number_that_is_none_bends_lines_of_torch7():
    t7 = model_t7(lines=True).replace(b"1 1\n", b"1\n", 1).replace(b"0 0 0 0 0 0\n", b"0 0 zero 0\n")
    assert anomalies(read(t7, "m.t7")) == {"model.bounds"}
    assert read(b"3\n1\n5\n2\n7\n9\n", "numbers.txt").format == "text"


def test_a_name_alone_makes_no_messagepack():
    outcome = read(b"\x80\x04N.", "model.msgpack")
    assert (outcome.format, anomalies(outcome)) == ("pickle", set())
    assert read(b"\x05\xff", "model.msgpack").format == "msgpack"
    assert unread_reasons(read(b"\x05\xff", "model.msgpack")) == {"no-reader"}


def test_more_than_can_be_held_is_a_limit(monkeypatch):
    for module in ("binary.layout", "formats.torch7", "formats.stablehlo", "formats.rdata"):
        monkeypatch.setattr(f"scanners.{module}.MANY", many := 100)
    lists = b"ilar" + struct.pack("<QQ", many + 1, 16) + b"full" + struct.pack("<Q", many + 1) + bytes(900)
    deep = b"".join(struct.pack("<iii", 3, index, 1) for index in range(many + 2)) + bytes(8)
    strings = mlir(("vhlo", "x"), strings=[f"s{number}" for number in range(120)])
    x = R()
    symbols = x.list(*(x.symbol(f"s{number}") for number in range(120)))
    for data, name in (
        (faiss_ivf(lists), "a.index"),
        (deep, "a.t7"),
        (strings, "a.mlirbc"),
        (x.made(symbols), "a.rds"),
    ):
        assert (unread_reasons(read(data, name)), name) == ({"limit"}, name)
