"""Samples of what hides in archives, programs, documents, pictures and tables, and of two formats in one file."""

import gzip
import struct
import zlib
from pathlib import Path

from tests.craft.archives import Part, archive
from tests.craft.attack import several
from tests.craft.compound import INSTALLER, compound
from tests.craft.compressed import gzip_member
from tests.craft.packed import Packed, crypt5, rar4, rar5, sevenzip
from tests.craft.pickles import system
from tests.craft.tensors import header, safetensors

PLAIN = Path(__file__).parents[1] / "data" / "plain"
PICKLE = system(proto=2)
WORDS = b"words and words\n"
LINK = 0xA1FF << 16
NATIVE = {"rule": "native-code", "name": "model.safetensors"}
TOLD = {"severity": "medium", "verdict": "suspicious"}
HIGH = {"severity": "high"}


def sample(name):
    return (PLAIN / name).read_bytes()


def elf(content=bytes(200)):
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, 62) + content


def pdf(content):
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n" + content + b"\nendobj\ntrailer\n<< >>\n%%EOF\n"


def objects(content):
    packed = zlib.compress(content)
    return pdf(b"<< /Type /ObjStm /Filter /FlateDecode >>\nstream\n" + packed + b"\nendstream")


def typed(payload):
    """A table whose column has a type that pyarrow unpickled."""
    room = b"what the type is made of" * 4
    return sample("tables/extension.arrow").replace(room, payload.ljust(len(room), b"\n"))


def thrift(kind, *words):
    """A Parquet table with nothing but a pair of metadata, or a column in another file."""
    texts = [bytes((len(word),)) + word for word in words]
    if kind == "pair":
        footer = b"\x59\x1c\x18" + texts[0] + b"\x18" + texts[1] + b"\0\0"
    else:
        footer = b"\x49\x1c\x19\x1c\x18" + texts[0] + b"\0\0\0\0"
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


CONTAINER_ATTACKS = {
    "Archives that no loader reads": [
        *several(
            "11",
            {
                "7z: a pickle under the name of weights": sevenzip(("data.pkl", PICKLE)),
                "RAR 5: a pickle that is stored": rar5(Packed("data.pkl", PICKLE)),
                "RAR 4: a pickle that is stored": rar4(Packed("data.pkl", PICKLE)),
                "7z: a pickle behind the archive": sevenzip(("a.txt", WORDS)) + PICKLE,
            },
            name="pytorch_model.bin",
        ),
        *several(
            "11",
            {
                "7z: a member that is encrypted": (sample("packed/encrypted.7z"), {"name": "model.7z"}),
                "7z: all names are encrypted": (sample("packed/hidden.7z"), {"name": "model.7z"}),
                "RAR 5: all names are encrypted": (rar5(before=crypt5() + bytes(64)), {"name": "model.rar"}),
                "RAR 4: a member that is encrypted": (rar4(Packed("a", WORDS, encrypted=True)), {"name": "model.rar"}),
            },
            rule="archive-encrypted",
            **TOLD,
        ),
        *several(
            "11",
            {
                "7z: a name that leads upwards": sevenzip(("../../run.py", WORDS)),
                "RAR: a name that leads upwards": rar5(Packed("../../run.py", WORDS)),
            },
            rule="archive-name",
            name="model.zip",
            **HIGH,
        ),
        *several(
            "11",
            {"zip: a link to a file of the machine": archive(Part("a", b"/etc/passwd", attributes=LINK))},
            rule="zip-escape",
            name="model.zip",
            **HIGH,
        ),
        *several(
            "11",
            {"gzip: a name of another kind": gzip_member(b"{}", name=b"run.exe")},
            rule="compressed-name",
            name="config.json.gz",
            severity="low",
            verdict="clean",
        ),
    ],
    "Programs": [
        *several(
            "10",
            {
                "ELF under the name of weights": elf(),
                "an installer of Windows under the name of weights": compound("x", owner=INSTALLER),
                "a package of Debian under the name of weights": b"!<arch>\ndebian-binary   " + bytes(99),
                "EICAR, as a text": b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
                "ELF in an archive": archive(Part("a", elf())),
                "ELF in a 7z archive": sevenzip(("a", elf())),
            },
            **NATIVE,
        ),
        *several(
            "10",
            {
                "a document with macros": (compound("WordDocument", "_VBA_PROJECT"), {"name": "card.doc"}),
                "a document with macros, newer": (
                    archive(Part("word/vbaProject.bin", compound("VBA"))), {"name": "card.docm"},
                ),
                "a document that carries a file": (compound("\x01Ole10Native"), {"name": "card.xls"}),
            },
            rule="file-macros",
            **HIGH,
        ),
        *several(
            "10",
            {
                "a script that a double click runs": (b'CreateObject("WScript.Shell")\n', {"name": "readme.vbs"}),
                "a link that a double click opens": (b"[InternetShortcut]\nURL=file://x\n", {"name": "model.url"}),
            },
            rule="file-script",
            **TOLD,
        ),
        *several(
            "8.5",
            {"a llamafile that listens to everybody": b"MZqFpD='\n" + bytes(99) + archive(Part(".args", b"--host\n0.0.0.0\n"))},
            rule="llamafile-argument",
            name="model.llamafile",
            severity="medium",
        ),
    ],
    "Documents, pictures and tables": [
        *several(
            "10",
            {
                "PDF: a script": pdf(b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"),
                "PDF: a script whose name is spelled otherwise": pdf(b"<< /S /J#61vaScript /#4aS (1) >>"),
                "PDF: a script in a packed object": objects(b"5 0 << /S /JavaScript /JS (1) >>"),
            },
            rule="pdf-script",
            name="paper.pdf",
            **TOLD,
        ),
        *several(
            "10",
            {"PDF: an action that starts a program": pdf(b"<< /S /Launch /Win << /F (cmd.exe) >> >>")},
            rule="pdf-launch",
            name="paper.pdf",
            **HIGH,
        ),
        *several(
            "10",
            {
                "PDF: a pickle in it": (
                    pdf(b"<< /Type /EmbeddedFile >>\nstream\n" + PICKLE + b"\nendstream"), {"name": "paper.pdf"},
                ),
                "PNG: a pickle behind it": sample("media/a.png") + PICKLE,
                "JPEG: an archive behind it": sample("media/a.jpg") + archive(Part("a.pkl", PICKLE)),
                "MP4: a pickle behind it": sample("media/a.mp4") + PICKLE,
            },
            name="picture.png",
        ),
        *several(
            "10",
            {"PNG: bytes of nothing behind it": sample("media/a.png") + b"\xfe\x01" * 99},
            rule="file-beside",
            name="picture.png",
            severity="low",
            verdict="incomplete",
        ),
        *several(
            "CVE-2023-47248",
            {
                "Arrow: a type as a pickle": (typed(PICKLE), {}),
                "Arrow: a type as a pickle that calls nothing": (
                    typed(b"\x80\x02}."), {"rule": "arrow-python-type", **TOLD},
                ),
            },
            name="data.arrow",
        ),
        *several(
            "9.2",
            {
                "Parquet: a column of pickles": (
                    thrift("pair", b"ARROW:extension:name", b"ray.data.arrow_pickled_object"),
                    {"rule": "arrow-pickled-column"},
                ),
                "Parquet: a column in a file elsewhere": (thrift("path", b"../../x.parquet"), {"rule": "parquet-path"}),
            },
            name="data.parquet",
            **HIGH,
        ),
    ],
    "Two formats in one file": [
        *several(
            "1",
            {
                "safetensors and zip": safetensors(header(("w", "F32", [4], 0, 16)), bytes(16)) + archive(Part("a.pkl", PICKLE)),
                "gzip and zip": gzip.compress(WORDS, mtime=0) + archive(Part("a.pkl", PICKLE)),
                "ELF and zip": elf() + archive(Part("a.pkl", PICKLE)),
                "Arrow and zip": sample("tables/plain.stream.arrow") + archive(Part("a.pkl", PICKLE)),
                "7z and zip": sevenzip(("a.txt", WORDS)) + archive(Part("a.pkl", PICKLE)),
            },
            rule="file-polyglot",
            name="model.safetensors",
            **HIGH,
        ),
    ],
}  # fmt: skip
