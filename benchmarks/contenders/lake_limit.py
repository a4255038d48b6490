"""The limit of a landing in the lake: pyarrow rewrites the file in the declared schema, Google's client uploads it.

Timed: read the file as a table, cast it, add the row number, write it as parquet with our options, upload it. No
measure is taken of what is written, and no condition put on the object. Memory is no object: the whole table is held.
"""

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.contenders.clients import connections, month_of, tell
from ingest import lake
from ingest.conform import read_layout


def main(file: Path, scratch: Path) -> None:
    """Rewrite the file into `scratch`, and upload it as an object of its own."""
    dataset, _ = month_of(file)
    layout = read_layout(file, dataset)
    bucket = connections().bucket
    lake.ensure_bucket(bucket, "US")
    began = time.perf_counter()
    table = pq.read_table(file)
    arrays: list[pa.Array | pa.ChunkedArray] = [pa.array(np.arange(1, table.num_rows + 1))]
    for target in layout.targets:
        wanted = layout.schema.field(target.column.name).type
        arrays.append(table[target.source].cast(wanted) if target.source else pa.nulls(table.num_rows, wanted))
    pq.write_table(pa.table(arrays, schema=layout.schema), scratch, **lake.parquet_options(layout))
    bucket.blob(f"limit/{file.name}").upload_from_filename(str(scratch))
    tell(time.perf_counter() - began, rows=table.num_rows, written_bytes=scratch.stat().st_size)


if __name__ == "__main__":
    typer.run(main)
