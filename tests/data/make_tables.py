"""Makes plain/tables/*: Arrow files and streams and Parquet tables as pyarrow writes them.

pyarrow 26.0:

    python -m venv /tmp/v && /tmp/v/bin/pip install pyarrow==26.0.1
    cd tests/data && /tmp/v/bin/python make_tables.py
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import feather

OUT = Path(__file__).parent / "plain" / "tables"
ROOM = b"what the type is made of" * 4
"""Tests put a pickle into its place."""


def table(**more):
    numbers = list(range(90))
    return pa.table(
        {
            "number": numbers,
            "word": pa.array([f"word{number % 7}" for number in numbers]).dictionary_encode(),
            "list": [[1.0, None]] * 90,
            "time": pa.array(numbers, pa.timestamp("us", "Europe/Berlin")),
            "record": [{"a": 1, "b": b"x"}] * 90,
            **more,
        }
    )


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    plain = table()
    typed = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": ROOM}
    extended = pa.table([list(range(9))], pa.schema([pa.field("x", pa.int64(), metadata=typed)]))
    for name, each in (("plain", plain), ("extension", extended)):
        with pa.OSFile(str(OUT / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, each.schema) as writer:
            writer.write_table(each, max_chunksize=30)
        with pa.OSFile(str(OUT / f"{name}.stream.arrow"), "wb") as sink, pa.ipc.new_stream(sink, each.schema) as writer:
            writer.write_table(each, max_chunksize=30)
        pq.write_table(each, OUT / f"{name}.parquet")
    feather.write_feather(plain, OUT / "plain.feather", compression="lz4")
    pq.write_table(
        plain.drop(["record"]),
        OUT / "indexed.parquet",
        row_group_size=30,
        compression="zstd",
        write_page_index=True,
        bloom_filter_options={"number": True},
    )
    parts: list[pq.FileMetaData] = []
    pq.write_to_dataset(plain, OUT / "parts", metadata_collector=parts, basename_template="part-{i}.parquet")
    pq.write_metadata(plain.schema, OUT / "_metadata", metadata_collector=parts)
    for path in (OUT / "parts").iterdir():
        path.unlink()
    (OUT / "parts").rmdir()


if __name__ == "__main__":
    main()
