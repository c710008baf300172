"""Machine code, code for virtual machines, and what installs programs: recognised by its header, never read.

That a file is a program is a fact of its own, and so are macros in a document; its bytes stay unexplained. A mark alone
is not enough, since a few bytes of tensor data may look like one: fields behind it have to hold values that loaders
accept.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING

from scanners.binary import compound
from scanners.scanner import HEAD, NotThisFormat, Sample, Scan, Scanner, by_name

if TYPE_CHECKING:
    from scanners.source import Source

_PE_POINTER = 0x3C
_PE_MACHINES = {
    0x014C: "x86", 0x8664: "x86-64", 0x01C0: "ARM", 0x01C4: "ARM", 0xAA64: "ARM64", 0xA641: "ARM64", 0x0200: "Itanium",
    0x5064: "RISC-V", 0x6264: "LoongArch", 0x0EBC: "EFI",
}  # fmt: skip
_ELF_KINDS = {1: "object file", 2: "program", 3: "shared library", 4: "core dump"}
_MACHO_KINDS = {1: "object file", 2: "program", 6: "library", 8: "bundle", 11: "kernel extension"}
_MACHO = {b"\xfe\xed\xfa\xce": ">", b"\xfe\xed\xfa\xcf": ">", b"\xce\xfa\xed\xfe": "<", b"\xcf\xfa\xed\xfe": "<"}
_ROOT = 5
_ARGUMENTS_MOST = 65_536
_HERE = frozenset(("127.0.0.1", "localhost", "::1"))
_FETCHES = frozenset("-hf -hfr --hf-repo -mu --model-url --rpc -dr --docker-repo".split())
_FAT_MOST = 32
"""Architectures of a universal binary; Java's class files begin alike and have their version, above 44, there."""
_LINK = b"L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00F"
_PACKAGES = {
    b"!<arch>\ndebian-binary": ("deb", "package of Debian, whose scripts run when it is installed"),
    b"!<arch>\n": ("ar", "library of object files"),
    b"\xed\xab\xee\xdb": ("rpm", "package of RPM, whose scripts run when it is installed"),
    b"MSCF\0\0\0\0": ("cab", "cabinet of Windows"),
    b"ITSF\x03\0\0\0": ("chm", "help of Windows, which runs scripts"),
    b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-": ("eicar", "the file by which scanners for viruses are tested"),
}
_INSTALLER = b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0F"
_MACROS = frozenset(("_VBA_PROJECT", "_VBA_PROJECT_CUR", "VBA", "Macros", "PROJECTwm"))
_OBJECT = "\x01Ole10Native"
_APE = (b"MZqFpD='", b"jartsr='", b"APEDBG='")


def _elf(head: bytes) -> str:
    """ELF (System V ABI, chapter 4): class, byte order, version, then type and machine."""
    if len(head) < 20 or head[4] not in {1, 2} or head[5] not in {1, 2} or head[6] != 1:
        return ""
    kind, machine = struct.unpack_from("<HH" if head[5] == 1 else ">HH", head, 16)
    return f"{_ELF_KINDS.get(kind, 'file')} for machine {machine}" if kind in _ELF_KINDS or kind >= 0xFE00 else ""


def _pe(source: Source) -> str:
    """PE: the pointer at 0x3C leads to its mark, and the machine stands behind that."""
    if source.size < _PE_POINTER + 4:
        return ""
    at = int.from_bytes(source.read(_PE_POINTER, 4), "little")
    if at + 24 > source.size:
        return ""
    mark, machine = struct.unpack("<4sH", source.read(at, 6))
    return f"program for {_PE_MACHINES.get(machine, 'an unknown machine')}" if mark == b"PE\0\0" else ""


def _mach(head: bytes) -> str:
    order = _MACHO[head[:4]]
    if len(head) < 28:
        return ""
    kind, commands = struct.unpack_from(f"{order}II", head, 12)
    return _MACHO_KINDS.get(kind, "file") if 0 < kind <= 16 and 0 < commands < 65_536 else ""


def _cafebabe(head: bytes) -> tuple[str, str]:
    """A universal Mach-O binary or a Java class: the next four bytes count architectures, or are a version."""
    if len(head) < 8:
        return "", ""
    (count,) = struct.unpack_from(">I", head, 4)
    if 0 < count <= _FAT_MOST:
        return "mach-o", f"universal, {count} architectures"
    return ("class", f"Java class, version {count & 0xFFFF}") if 44 <= (count & 0xFFFF) < 200 else ("", "")


def _kind(source: Source, head: bytes) -> tuple[str, str]:
    """The format and what it is in words, "" where it is no program."""
    mark = head[:4]
    if mark == b"\x7fELF":
        return "elf", _elf(head)
    if head.startswith(_APE):
        return "llamafile", "program for every system, often with a model inside"
    if mark[:2] == b"MZ":
        return "pe", _pe(source)
    if mark in _MACHO:
        return "mach-o", _mach(head)
    if mark in {b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"}:
        return _cafebabe(head)
    if head.startswith((b"\0asm\1\0\0\0", b"\0asm\x0d\0\1\0")):
        return "wasm", "WebAssembly"
    if mark == b"dex\n" and head[4:7].isdigit() and head[7:8] == b"\0":
        return "dex", "Dalvik program"
    if head.startswith(_LINK):
        return "lnk", "Windows shortcut, which runs what it says"
    return next((kind for mark, kind in _PACKAGES.items() if head.startswith(mark)), ("", ""))


def recognise(sample: Sample) -> bool:
    """Whether the head begins like a program; `scan` looks closer."""
    return sample.head[:2] == b"MZ" or sample.head.startswith(
        (b"\x7fELF", *_MACHO, b"\xca\xfe\xba", b"\0asm", b"dex\n", _LINK, *_APE, *_PACKAGES)
    )


def scan(source: Source, scan: Scan) -> None:
    """State what program it is."""
    kind, words = _kind(source, source.read(0, min(HEAD, source.size)))
    if not words:
        raise NotThisFormat
    scan.format = kind
    scan.anomaly("file.native-code", f"{kind}: {words}")
    scan.unread("no-reader", f"native code ({kind})")


def _is_compound(sample: Sample) -> bool:
    return sample.head.startswith(compound.MARK)


def _scan_compound(source: Source, scan: Scan) -> None:
    """State what a document of old Office carries, or that it is an installer."""
    if source.read(0, min(8, source.size)) != compound.MARK:
        raise NotThisFormat
    scan.format = "ole"
    macros, objects = False, False
    try:
        for entry in compound.entries(source):
            if entry.kind == _ROOT and entry.owner == _INSTALLER:
                scan.format = "msi"
                scan.anomaly("file.native-code", "msi: installer of Windows")
            macros = macros or entry.name in _MACROS
            objects = objects or entry.name == _OBJECT
    except compound.Bent as bent:
        scan.unread("broken", str(bent))
    if macros:
        scan.anomaly("file.macros", "macros of Visual Basic")
    if objects:
        scan.anomaly("file.macros", "a packed file, which a double click opens")
    scan.unread("no-reader", "installer" if scan.format == "msi" else "document of Office")


def _scan_arguments(source: Source, scan: Scan) -> None:
    """State what of the arguments that a llamafile gives to itself reaches out."""
    if source.size > _ARGUMENTS_MOST:
        raise NotThisFormat
    words = source.read(0, source.size).decode("utf-8", "backslashreplace").split("\n")
    for option, value in pairwise([*words, ""]):
        wide = option == "--host" and value not in _HERE
        if wide or "://" in value or option in _FETCHES or (value.startswith("/") and not value.startswith("/zip/")):
            scan.anomaly("llamafile.argument", f"{option} {value}")
    scan.account.examined(0, source.size)


SCANNER = Scanner("native", 2, frozenset(), recognise, scan)
COMPOUND = Scanner("ole", 1, frozenset(), _is_compound, _scan_compound)
ARGUMENTS = Scanner("llamafile.args", 1, frozenset((".args",)), by_name, _scan_arguments)
