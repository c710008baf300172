"""Makes plain/packed/*: 7z archives as py7zr writes them, in each of the methods that are read, and encrypted.

py7zr 1.1:

    python -m venv /tmp/v && /tmp/v/bin/pip install py7zr==1.1.4
    cd tests/data && /tmp/v/bin/python make_packed.py
"""

from pathlib import Path

import py7zr

OUT = Path(__file__).parent / "plain" / "packed"
METHODS = {
    "lzma2": [{"id": py7zr.FILTER_LZMA2, "preset": 6}],
    "lzma": [{"id": py7zr.FILTER_LZMA, "preset": 6}],
    "branches": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 6}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "zstd": [{"id": py7zr.FILTER_ZSTD}],
    "copy": [{"id": py7zr.FILTER_COPY}],
}


def write(name, **how):
    with py7zr.SevenZipFile(OUT / f"{name}.7z", "w", **how) as archive:
        archive.writestr(b"words and words\n" * 100, "notes/readme.txt")
        archive.writestr(b'{"hidden_size": 64}', "config.json")
        archive.writestr(b"", "empty.txt")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for name, filters in METHODS.items():
        write(name, filters=filters)
    write("encrypted", password="secret")
    write("hidden", password="secret", header_encryption=True)
