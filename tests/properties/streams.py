"""Pickle streams to try the laws on: written by a grammar of all opcodes, or real ones that were damaged.

The grammar keeps the stack as a text of one letter for each value, `(` for each mark; an opcode may be written where
its pattern fits the end of that text. n: number, float, None or bool; s: text; b: bytes; t: tuple; l: list; d: dict;
e: set; g: a name; r: what a call gave; p: a persistent id. Once in a while it writes what fits nowhere.
"""

import bisect
import functools
import io
import itertools
import pickle
import re
import struct
import zipfile
from collections import OrderedDict
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import strategies as st

from scanners.binary.pickle_opcodes import CODES, NAMES, SHAPES, Shape
from tests.craft.attacks import ATTACKS
from tests.craft.pickles import asm, named, op, text

DATA = Path(__file__).parents[1] / "data"
_SEED_MOST = 6000
_ENTROPY = (40, 240)
_MISFIT = 2  # in 256: how often the grammar is broken

# weight, opcode, pattern of the stack's end, what it becomes
_RULES = r"""
2 NONE $ n|1 NEWTRUE $ n|1 NEWFALSE $ n|2 INT $ n|1 LONG $ n|1 BININT $ n|3 BININT1 $ n|1 BININT2 $ n|1 LONG1 $ n
1 LONG4 $ n|1 FLOAT $ n|1 BINFLOAT $ n|3 STRING $ s|1 BINSTRING $ s|2 SHORT_BINSTRING $ s|3 UNICODE $ s
2 BINUNICODE $ s|6 SHORT_BINUNICODE $ s|1 BINUNICODE8 $ s|1 BINBYTES $ b|1 SHORT_BINBYTES $ b|1 BINBYTES8 $ b
1 BYTEARRAY8 $ b|1 NEXT_BUFFER $ b|1 READONLY_BUFFER b$ b|3 EMPTY_LIST $ l|4 EMPTY_DICT $ d|5 EMPTY_TUPLE $ t
2 EMPTY_SET $ e|5 MARK $ (|12 EMPTY_TUPLE [gr]$ &t|6 MARK [gr]$ &(|2 TUPLE \([^(]*$ t|30 TUPLE [gr]\([^(]*$ >t
4 TUPLE1 [^(]$ t|4 TUPLE2 [^(]{2}$ t|2 TUPLE3 [^(]{3}$ t|15 TUPLE1 [gr][^(gr]$ >t|15 TUPLE2 g[gs]s$ >t
3 LIST \([^(]*$ l|2 LIST [gr]\([^(]*$ >l|3 DICT \(([^(]{2})*$ d|1 DICT \([^(]*$ d|2 FROZENSET \([^(]*$ e
6 APPEND l[^(]$ <|6 SETITEM d[ns][^(]$ <<|12 APPENDS l\([^(]*$ >|12 SETITEMS d\(([^(]{2})*$ >|8 ADDITEMS e\([^(]*$ >
5 APPEND [grp][^(]$ <|5 SETITEM [grp][^(]{2}$ <<|9 APPENDS [grp]\([^(]*$ >|9 SETITEMS [grp]\([^(]*$ >
6 ADDITEMS [grp]\([^(]*$ >|1 APPEND [^(]{2}$ <|1 SETITEM [^(]{3}$ <<|1 SETITEMS [^(]\([^(]*$ >
60 REDUCE [gr]t$ r|12 REDUCE pt$ r|6 REDUCE [gr][lde]$ r|1 REDUCE [^(]{2}$ r|25 NEWOBJ gt$ r|4 NEWOBJ rt$ r
3 NEWOBJ gl$ r|25 NEWOBJ_EX gtd$ r|3 EMPTY_DICT gt$ gtd|1 NEWOBJ_EX [^(]{3}$ r|25 OBJ \(g[^(]*$ r
5 OBJ \([rp][^(]*$ r|1 OBJ \([^(]+$ r|9 INST \([^(]*$ r|10 BUILD r[nstd]$ <|6 BUILD g[^(]$ <|2 BUILD p[^(]$ <
1 BUILD [^(]{2}$ <|60 STACK_GLOBAL ss$ g|1 STACK_GLOBAL [^(]{2}$ g|12 GLOBAL $ g|1 EXT1 $ g|1 EXT2 $ g|1 EXT4 $ g
2 POP [^(]$ =|1 POP \($ =|1 POP_MARK \([^(]*$ =|4 DUP [^(]$ &&|2 PUT [^(]$ &|3 BINPUT [^(]$ &
1 LONG_BINPUT [^(]$ &|6 MEMOIZE [^(]$ &|3 GET $ ?|6 BINGET $ ?|1 LONG_BINGET $ ?|1 PERSID $ p
2 BINPERSID [^(]$ p|2 PROTO $ =|2 FRAME $ =|3 STOP [^(]$ =|2 *extend $ r|2 *enter $ r|8 *resolver $ g|2 *unframe $ =|1 *fold $ s
"""


def _rule(line):
    weight, name, pattern, becomes = line.split()
    # `>` keeps the value in front of the mark or arguments, `<` drops one from the end, and `=` all.
    return int(weight), name, re.compile(pattern), becomes


RULES = [_rule(line) for row in _RULES.strip().split("\n") for line in row.split("|")]


@functools.lru_cache(1 << 16)
def fitting(end):
    """The rules that fit this end of a stack, and their weights, each added to those before."""
    rules = [rule for rule in RULES if rule[2].search(end)]
    return rules, list(itertools.accumulate(weight for weight, *_ in rules))


def outline(stack):
    """What the rules look at: the last mark with what is in front of it, and the values behind, shortened."""
    at = stack.rfind("(")
    behind = stack[at + 1 :]
    if len(behind) > 5:
        behind = behind[0] + behind[-3 - len(behind) % 2 :]
    return stack[max(0, at - 1) : at + 1] + behind


def chosen(stack, choice):
    rules, weights = fitting(outline(stack))
    _, name, pattern, becomes = rules[bisect.bisect_right(weights, choice % weights[-1])]
    return name, pattern.search(stack), becomes


PAIRS = [
    *(("os", "system"), ("posix", "system"), ("builtins", "eval"), ("acme.models", "Model"), ("acme", "Deep.er")),
    *(("__builtin__", "apply"), ("commands", "getoutput"), ("urllib2", "urlopen"), ("itertools", "izip")),
    *(("copy_reg", "_reconstructor"), ("collections", "OrderedDict"), ("torch", "FloatStorage"), ("numpy", "dtype")),
    *(("torch._utils", "_rebuild_tensor_v2"), ("sys", "modules"), ("copyreg", "_inverted_registry"), ("é", "ü")),
    *(("types", "CodeType"), ("types", "FunctionType"), ("dill._dill", "_create_function"), ("builtins", "type")),
    *(
        ("cloudpickle.cloudpickle", "_make_function"),
        ("joblib.numpy_pickle", "NumpyArrayWrapper"),
        ("numpy", "ndarray"),
    ),
    *(("texts", "dynamic1"), ("texts", "dynamic2"), ("", "x"), ("x", ""), ("os", "path.join"), ("a" * 600, "b" * 700)),
]
RESOLVERS = [
    *(("builtins", "getattr"), ("__builtin__", "getattr"), ("builtins", "__import__"), ("importlib", "import_module")),
    *(
        ("operator", "attrgetter"),
        ("operator", "methodcaller"),
        ("functools", "partial"),
        ("_functools", "partial"),
        ("operator", "call"),
    ),
    *(("copyreg", "add_extension"), ("operator", "add"), ("_codecs", "encode"), ("base64", "b64decode")),
    *(("builtins", "str.join"), ("builtins", "str.lower"), ("builtins", "str.replace"), ("builtins", "str")),
    *(("builtins", "bytes.decode"), ("_codecs", "decode"), ("builtins", "str.strip"), ("builtins", "str.upper")),
    *(("operator", "itemgetter"), ("operator", "getitem"), ("builtins", "vars"), ("importlib", "__import__")),
    *(("pkgutil", "resolve_name"), ("inspect", "getattr_static"), ("operator", "setitem"), ("builtins", "type")),
]
WORDS = ["os", "system", "posix", "acme.models", "Model", "a.b", "eval", "builtins", "getattr", "", "b3M=", "flfgrz"]
WORDS += [
    "rot13",
    "base64",
    "latin1",
    "utf-8",
    "hex",
    "6f73",
    "OS",
    " os ",
    "é",
    "os\n",
    "s",
    "x" * 70,
    "__dict__",
    "'",
]
INTS = ["0", "1", "7", "8", "00", "01", "-1", "0x10"] * 4
INTS += ["0b11", "0o7", "010", "1_0", "+5", " 5", "5 ", "7L", "5\0x", "9" * 30, "x"]
INDICES = ["{0}"] * 8 + ["+{0}", " {0}", "{0} ", "0{0}", "00{0}", "{0}\t", "{0}\0x", "\r{0}", "0_{0}", "0x{0}"]
JUNK = [b"", b"", b"", b"\0", b"\n", b" ", b"\xff" * 5, b"PK\x03\x04", b"\x80\x04"]


class Writer:
    """Turns bytes, each a choice, into streams; where they run out, the streams end well."""

    def __init__(self, entropy):
        self.choices = iter(entropy)
        self.out = bytearray()
        self.stack = ""
        self.memo = {}
        self.frame = None

    def pick(self, options):
        """Of any sequence one; the first, where choices have run out."""
        return options[next(self.choices, 0) % len(options)]

    def written(self):
        if not self.pick([1, 1, 1, 0]):
            self.out += op("PROTO", self.pick([4, 2, 0, 5, 3, 1]))
        for choice in self.choices:
            if choice == 0:
                break
            if choice > 255 - _MISFIT:
                self.misfit()
            else:
                self.step(choice << 8 | next(self.choices, 0))
        if not self.stack or self.stack.endswith("("):
            self.out += op("NONE")
        self.out += op("STOP")
        self.close()
        return bytes(self.out)

    def misfit(self):
        code = next(self.choices, 0)
        self.out += op(NAMES[code]) if SHAPES[code] is Shape.NONE else bytes([code])

    def step(self, choice):
        name, hit, becomes = chosen(self.stack, choice)
        top = self.stack[-1:]
        if name.startswith("*"):
            getattr(self, name[1:])()
        elif SHAPES[CODES[name]] is Shape.NONE:
            self.out += op(name)
        else:
            self.argued(name)
        if becomes == "?":
            becomes = self.gotten
        self.become(hit, becomes)
        if name == "MEMOIZE":
            self.memo[len(self.memo)] = top
        elif name.endswith("PUT"):
            self.memo[self.index] = top
        elif name == "STOP":
            self.restart()

    def become(self, hit, becomes):
        length, start = len(hit[0]), len(self.stack) - len(hit[0])
        if becomes.startswith(">"):
            after = hit[0][0] + becomes[1:]
        elif becomes.startswith("<"):
            after = hit[0][: length - len(becomes)]
        elif becomes == "=":
            after = hit[0][:0]
        else:
            after = becomes.replace("&", hit[0])
        self.stack = self.stack[:start] + after

    def restart(self):
        """Another stream follows; its memo is new, or the old one if one unpickler reads on."""
        self.out += self.pick(JUNK)
        self.stack = ""
        if self.pick([0, 1]):
            self.memo = {}

    # --- arguments -----------------------------------------------------------------------------------------------

    def argued(self, name):
        shape = SHAPES[CODES[name]]
        if name == "FRAME":
            self.close()
            self.frame = len(self.out)
            self.out += op("FRAME", 0)
        elif name == "PROTO":
            self.out += op("PROTO", self.pick([4, 2, 3, 0, 5, 1] * 8 + [6]))
        elif name.endswith("PUT"):
            self.index = self.pick([*range(6), 200, 255])
            self.out += self.indexed(name, self.index)
        elif name.endswith("GET"):
            index = self.pick([*self.memo] * 8 or [0])
            self.gotten = self.memo.get(index, "n")
            self.out += self.indexed(name, index) if self.memo else op("NONE")
        elif name.startswith("EXT"):
            self.out += op(
                name, self.pick([7, 1, 8, 16] if name == "EXT1" else [7, 300, 16] if name == "EXT2" else [7, 70_000])
            )
        elif shape is Shape.TWO_LINES:
            self.out += op(name, self.pick(PAIRS))
        elif name in {"STRING", "UNICODE"}:
            self.out += op(name, self.escaped(name, self.pick(WORDS)))
        elif name == "PERSID":
            self.out += op(name, self.pick(["1", "os", "a b", ""]))
        elif name in {"INT", "LONG"}:
            self.out += op(name, self.pick(INTS))
        elif name == "FLOAT":
            self.out += op(name, self.pick(["1.5", "1_0", "x", " 2"]))
        elif name.startswith("LONG"):
            self.out += op(name, self.pick([b"", b"\x05", b"\xff", bytes(9)]))
        elif shape is Shape.F8:
            self.out += op(name, 1.5)
        elif shape in {Shape.U1, Shape.U2, Shape.I4}:
            self.out += op(name, self.pick([0, 1, 2, 7, 16]))
        else:
            self.out += op(name, self.pick(WORDS))

    def indexed(self, name, index):
        return op(name, self.pick(INDICES).format(index) if SHAPES[CODES[name]] is Shape.LINE else index)

    def escaped(self, name, word):
        """The word as this opcode may spell it."""
        style = self.pick([0, 0, 1, 2])
        letters = (
            {0: "{}", 1: r"\u{:04x}", 2: r"\u{:04x}"} if name == "UNICODE" else {0: "{}", 1: r"\x{:02x}", 2: r"\{:03o}"}
        )
        body = "".join(letters[style].format(ord(letter) if style else letter) for letter in word)
        if name == "UNICODE":
            return body.encode("raw_unicode_escape").replace(b"\n", b"\\u000a")
        quote = self.pick(["'", '"', "'", " '"])
        return (quote + body + quote[-1]).replace("\n", r"\n").encode("latin-1", "replace")

    # --- what takes several opcodes ---------------------------------------------------------------------------------

    def extend(self):
        """A name gets a number."""
        pair = self.pick(PAIRS[:5])
        code = self.pick(
            [
                *(op("INT", number) for number in ("8", "010", "0x10")),
                *(op("BININT1", 8), op("NEWTRUE"), op("LONG", "8L")),
                *(text("8"), op("SHORT_BINBYTES", "8"), op("BINFLOAT", 8.5)),
            ]
        )
        made = asm("MARK", *map(text, pair), code, self.pick([op("TUPLE"), op("TUPLE"), op("TUPLE"), op("LIST")]))
        self.out += (
            named(*self.pick([("copyreg", "add_extension"), ("copy_reg", "add_extension")])) + made + op("REDUCE")
        )

    def enter(self):
        """A name is put into a registry under a number."""
        pair = asm("MARK", *map(text, self.pick(PAIRS[:5])), self.pick(["TUPLE", "LIST"]))
        code = self.pick([op("BININT1", 8), op("BINFLOAT", 8.0), op("LONG1", b"\x08"), op("NEWTRUE")])
        registry = named(*self.pick([("copyreg", "_inverted_registry"), ("copy_reg", "_inverted_registry")]))
        how = self.pick([("SETITEM",), ("operator", "setitem"), ("builtins", "dict.__setitem__")])
        if len(how) == 1:
            self.out += asm(registry, code, pair, *how)
        else:
            self.out += asm(named(*how), registry, code, pair, "TUPLE3", "REDUCE")

    def resolver(self):
        self.out += named(*self.pick(RESOLVERS))

    def fold(self):
        """A text that a call gives."""
        function, *arguments = self.pick(
            [
                (("operator", "add"), text("o"), text("s")),
                (("_codecs", "encode"), text("flfgrz"), text("rot13")),
                (("builtins", "str.join"), text("."), asm("MARK", text("a"), text("b"), "LIST")),
                (("builtins", "str.replace"), text("oXs"), text("X"), text("")),
                (("builtins", "bytes.decode"), op("SHORT_BINBYTES", "os")),
                (("builtins", "str"), text("posix")),
            ]
        )
        how = self.pick([op("REDUCE"), op("REDUCE"), op("REDUCE"), op("NEWOBJ")])
        self.out += asm(named(*function), "MARK", *arguments, "TUPLE") + how

    def unframe(self):
        self.close()

    def close(self):
        """End the frame here, or not quite."""
        if self.frame is not None:
            length = len(self.out) - self.frame - 9 + self.pick([0, 0, 0, 0, 0, 0, -1, 1, 300])
            struct.pack_into("<Q", self.out, self.frame + 1, max(0, length))
            self.frame = None


def grammatical(entropy):
    return Writer(entropy).written()


@functools.cache
def seeds():
    """Small pickles: of this interpreter, of the libraries whose files the tests keep, and the catalogue of attacks."""
    values = [
        OrderedDict(a=1),
        date(2020, 1, 2),
        Decimal("1.5"),
        {1, 2.5},
        [(), {}, None] * 3,
        b"bytes",
        bytearray(b"x" * 20),
    ]
    values += [
        range(5),
        slice(1, 2),
        Path,
        ValueError("x"),
        {"deep": [[("t",)]]},
        1 << 80,
        "text é",
        complex(1, 2),
        len,
    ]
    found = [pickle.dumps(value, protocol) for value in values for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    found += [
        attack.data for group in ATTACKS.values() for attack in group if attack.data[:2] not in {b"PK", b"\x1f\x8b"}
    ]
    for path in sorted(DATA.rglob("*")):
        if not path.is_file() or path.suffix in {".py", ".md"} or path.stat().st_size > 40 * _SEED_MOST:
            continue
        data = path.read_bytes()
        if data[:1] == b"\x80":
            found.append(data)
        elif data[:2] == b"PK" and zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                found += [archive.read(name) for name in archive.namelist() if name.endswith("data.pkl")]
    return [data for data in found if len(data) <= _SEED_MOST]


def damaged(change):
    """A real pickle with bits flipped, parts cut out, doubled, or taken from elsewhere."""
    (kind, places), entropy = change
    pool = seeds()
    data = bytearray(pool[kind % len(pool)])
    for place, what, value in places:
        at = place % (len(data) + 1)
        match what:
            case 0 if at < len(data):
                data[at] ^= 1 << value % 8
            case 1 if at < len(data):
                data[at] = value
            case 2:
                del data[at : at + value]
            case 3:
                data[at:at] = data[max(0, at - value) : at]
            case 4:
                other = pool[(kind + value) % len(pool)]
                data[at : at + value] = other[value : 3 * value]
            case 5:
                data[at:at] = grammatical(entropy)[:-1]
            case _:
                del data[at:]
                data += other if (other := pool[value % len(pool)]) and value % 2 else b""
    return bytes(data)


_changes = st.lists(
    st.tuples(st.integers(0, _SEED_MOST), st.integers(0, 6), st.integers(0, 255)), min_size=1, max_size=4
)
written = st.binary(min_size=_ENTROPY[0], max_size=_ENTROPY[1]).map(grammatical)
mutated = st.tuples(st.tuples(st.integers(0, 1 << 16), _changes), st.binary(min_size=8, max_size=40)).map(damaged)
streams = st.one_of(written, written, mutated)
