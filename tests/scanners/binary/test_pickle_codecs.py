"""What calls of codecs give: the same as Python, or nothing."""

import base64
import bz2
import codecs
import gzip
import lzma
import zlib

import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary.pickle_codecs import EVALUATORS, MOST
from scanners.binary.pickle_lexer import Payload
from scanners.binary.pickle_resolve import evaluate, gives
from scanners.binary.pickle_values import UNKNOWN, Global, Items, Result

DATA = b"a pickle, say"


def given_by(path, *arguments):
    """What the call gives."""
    module, _, name = path.partition(":")
    return evaluate(Global(module, name), arguments)


def raw_deflate(data):
    codec = zlib.compressobj(wbits=-15)
    return codec.compress(data) + codec.flush()


def numbers(*values):
    items = Items("list")
    items.extend(list(values))
    return items


CALLS = {
    "zlib:decompress": (zlib.compress(DATA),),
    "zlib:decompress ": (raw_deflate(DATA), -15),
    "zlib:decompress  ": (gzip.compress(DATA), 31),
    "gzip:decompress": (gzip.compress(DATA[:4]) + gzip.compress(DATA[4:]),),
    "bz2:decompress": (bz2.compress(DATA),),
    "_bz2:decompress": (bz2.compress(DATA),),
    "lzma:decompress": (lzma.compress(DATA),),
    "lzma:decompress ": (lzma.compress(DATA, lzma.FORMAT_ALONE),),
    "lz4.frame:decompress": (lz4.frame.compress(DATA),),
    "zstandard:decompress": (zstandard.compress(DATA),),
    "base64:b64decode": (base64.b64encode(DATA),),
    "base64:b64decode ": (base64.b64encode(DATA).decode(),),
    "base64:b64decode  ": (base64.b64encode(DATA, b"!?"), b"!?"),
    "base64:standard_b64decode": (base64.b64encode(DATA),),
    "base64:urlsafe_b64decode": (base64.urlsafe_b64encode(DATA),),
    "base64:decodebytes": (base64.encodebytes(DATA),),
    "base64:b32decode": (base64.b32encode(DATA),),
    "base64:b32hexdecode": (base64.b32hexencode(DATA),),
    "base64:b16decode": (base64.b16encode(DATA),),
    "base64:a85decode": (base64.a85encode(DATA),),
    "base64:b85decode": (base64.b85encode(DATA),),
    "binascii:a2b_base64": (base64.b64encode(DATA),),
    "binascii:unhexlify": (DATA.hex(),),
    "binascii:a2b_hex": (DATA.hex().encode(),),
    "builtins:bytes.fromhex": (DATA.hex(" "),),
    "builtins:bytes": (DATA,),
    "builtins:bytes ": (numbers(*DATA),),
    "builtins:bytes  ": (tuple(DATA),),
    "builtins:bytes   ": (DATA.decode(), "ascii"),
    "__builtin__:bytes": (DATA,),
    "builtins:str.encode": (DATA.decode(),),
    "_codecs:encode": (DATA.decode(), "latin1"),
    "codecs:decode": (base64.b64encode(DATA), "Base64-Codec"),
    "codecs:decode ": (DATA.hex().encode(), "hex"),
    "codecs:decode  ": (zlib.compress(DATA), "ZIP"),
    "_codecs:decode": (bz2.compress(DATA), "bz2"),
}


@pytest.mark.parametrize("path", CALLS)
def test_the_call_gives_what_it_gives_in_python(path):
    assert given_by(path.strip(), *CALLS[path]) == DATA
    assert gives(Global(*path.strip().split(":")))


def test_texts_come_out_of_texts_and_bytes():
    assert given_by("codecs:decode", b"posix") == "posix"
    assert given_by("codecs:decode", "cbfvk", "rot13") == "posix"
    assert given_by("builtins:bytes.decode", "posix".encode("utf-16"), "UTF-16") == "posix"
    assert given_by("codecs:encode", "cbfvk", "rot-13") == "posix"
    assert given_by("operator:getitem", "xisop", Result(Global("builtins", "slice"), (None, None, -1))) == "posix"
    assert given_by("operator:getitem", b"--posix", Result(Global("builtins", "slice"), (2, None))) == b"posix"
    assert given_by("operator:getitem", "posix", -1) == "x"


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("zlib:decompress", ()),
        ("zlib:decompress", ("text",)),
        ("zlib:decompress", (b"no stream at all",)),
        ("zlib:decompress", (zlib.compress(DATA)[:-1],)),
        ("zlib:decompress", (zlib.compress(DATA), 1 << 80)),
        ("zlib:decompress", (zlib.compress(bytes(MOST + 1)),)),
        ("gzip:decompress", (gzip.compress(bytes(MOST + 1)),)),
        ("gzip:decompress", (gzip.compress(DATA)[:20],)),
        ("bz2:decompress", (b"BZh9 and then nothing",)),
        ("lzma:decompress", (Payload(text=False, offset=0, length=99),)),
        ("base64:b64decode", (b"x",)),
        ("base64:b64decode", ("\xe9\xe9\xe9\xe9",)),
        ("base64:b64decode", (b"x" * (MOST + 4),)),
        ("builtins:bytes.fromhex", (b"xy",)),
        ("builtins:bytes", (4,)),
        ("builtins:bytes", (numbers(1, 256),)),
        ("builtins:bytes", (numbers(1, "a"),)),
        ("codecs:decode", (DATA, "idna")),
        ("codecs:decode", (b"\xff", "utf-8")),
        ("codecs:encode", ("é", "ascii")),
        ("operator:getitem", ("text", Result(Global("builtins", "slice"), (None, None, 0)))),
        ("operator:getitem", ("text", Result(Global("builtins", "slice"), ()))),
        ("operator:getitem", ("text", Result(Global("builtins", "slice"), (UNKNOWN,)))),
        ("operator:getitem", ("text", 4)),
    ],
)
def test_what_python_refuses_or_nobody_knows_is_unknown(path, arguments):
    assert given_by(path, *arguments) is UNKNOWN


def test_a_long_text_stands_for_its_bytes():
    found = given_by("_codecs:encode", Payload(text=True, offset=7, length=1 << 20), "ISO-8859-1")
    assert (found.text, found.offset, found.length) == (False, 7, 1 << 20)


@pytest.mark.filterwarnings("ignore:.*escape:DeprecationWarning")
@pytest.mark.parametrize("path", EVALUATORS)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.text(max_size=40)
        | st.sampled_from(["hex", "zip", "utf-8", "unicode_escape", -15, None, ()]),
        max_size=3,
    )
)
@settings(max_examples=60, deadline=None)
def test_any_arguments_give_a_constant_or_nothing(path, arguments):
    module, _, name = path.rpartition(".")
    assert isinstance(evaluate(Global(module, name), tuple(arguments)), bytes | str | type(UNKNOWN))


@given(st.binary(max_size=300), st.sampled_from("utf-8 latin-1 utf-16 utf-32 ascii hex base64 rot13 cp437".split()))
@settings(max_examples=300, deadline=None)
def test_decoding_agrees_with_python(data, codec):
    try:
        expected = codecs.decode(data, codec)
    except (ValueError, TypeError):
        expected = UNKNOWN
    assert given_by("codecs:decode", data, codec) == expected
