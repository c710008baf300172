"""Laws of Keras configurations: an attack is found wherever it stands, and damage is never an exception."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.routing import scan_blob
from scanners.scanner import Read
from scanners.source import BytesSource
from tests.craft.keras import code, function, keras_zip, model, old, old_lambda, thing
from tests.craft.table import said

HOLE = "the place of the attack"
KEYS = st.sampled_from(
    [
        "class_name",
        "config",
        "layers",
        "layer",
        "module",
        "registered_name",
        "kwargs",
        "build_config",
        "function",
        "a",
        "",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["Dense", "__lambda__"])
PLACES = st.recursive(
    st.just(HOLE),
    lambda inner: (
        st.tuples(st.dictionaries(KEYS, LEAVES, max_size=3), KEYS, inner).map(lambda t: {**t[0], t[1]: t[2]})
        | st.tuples(st.lists(LEAVES, max_size=2), inner).map(lambda t: [*t[0], t[1]])
    ),
    max_leaves=12,
)
ATTACKS = [
    (thing("Lambda", function=code()), "keras-lambda"),
    (old_lambda(), "keras-lambda"),
    (thing("Lambda", function=function("system", "os")), "keras-module"),
    (thing("StringLookup", vocabulary="/etc/passwd"), "keras-path"),
]
SEEDS = {
    "json": json.dumps(model(thing("Lambda", function=code()), compile_config={"loss": "mse"})).encode(),
    "old": json.dumps(old("Sequential", layers=[old_lambda(), old("TensorFlowOpLayer", node_def="\n\x01m\x12\x03Mul")])).encode(),
    "zip": keras_zip(model(thing("Lambda", function=code()))),
    "yaml": b"class_name: Sequential\nconfig:\n- !!python/object/apply:os.system [x]\n- {class_name: Dense, config: {}}\n",
}  # fmt: skip


def escaped(text, every):
    """A JSON text of the same value: every so many letters of its strings written as escapes."""
    made, inside, count = [], False, 0
    for letter in text:
        inside ^= letter == '"'
        count += inside and letter.isalpha()
        made.append(f"\\u{ord(letter):04x}" if inside and letter.isalpha() and count % every == 0 else letter)
    return "".join(made)


@given(place=PLACES, attack=st.sampled_from(ATTACKS), every=st.integers(1, 40), texts=st.integers(0, 2))
@settings(max_examples=150, deadline=None)
def test_an_attack_is_found_wherever_it_stands_and_however_it_is_written(place, attack, every, texts):
    value, rule = attack
    # Without the line feeds of base64 there is no escape in it but those of the next line.
    document = json.dumps(place).replace(json.dumps(HOLE), json.dumps(value).replace("\\n", ""))
    if "\\" not in document:
        document = escaped(document, every)
    for _ in range(texts):
        document = json.dumps({"kept": document})
    verdict, findings = said(document.encode(), "config.json")
    assert verdict == "malicious"
    assert rule in {finding.rule for finding in findings}


@pytest.mark.parametrize("seed", SEEDS)
@given(st.lists(st.tuples(st.integers(0, 1 << 14), st.binary(max_size=3)), max_size=5), st.integers(0, 1 << 14))
@settings(max_examples=80, deadline=None)
def test_damage_is_never_an_exception_and_never_out_of_nothing_clean(seed, changes, cut):
    data = bytearray(SEEDS[seed])
    for place, value in changes:
        at = place % len(data)
        data[at : at + len(value)] = value
    data = bytes(data[: len(data) - cut % len(data)])
    outcome = scan_blob(BytesSource(data), "config.json" if seed in {"json", "old"} else "", Limits())
    assert isinstance(outcome, Read)
    if seed in {"json", "old"} and not data.rstrip().endswith(b"}"):
        assert outcome.facts
