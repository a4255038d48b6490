"""Writes a synthetic month as TLC would: block by block, so that memory does not grow with the rows."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic.blocks import parts_of, record_batch
from synthetic.clock import Rhythm
from synthetic.layouts import FIRST_MONTHS, layout, parquet_options

NOTICE = "SYNTHETIC.txt"
ROW_GROUP = 1 << 20
"""Rows of a row group, as in TLC's files of three or four row groups."""


def write_month(root: Path, dataset: str, month: date, rows: int, seed: int = 0) -> Path:
    """Write `root`/trip-data/{dataset}_tripdata_YYYY-MM.parquet with `rows` synthetic trips; returns its path.

    The same arguments give the same rows. The file appears under its name only when it is whole.
    Raises ValueError for an unknown data set, a month before its first, or a negative number of rows.
    """
    month = month.replace(day=1)
    schema = pa.schema(list(layout(dataset, month)))
    path = Path(root) / "trip-data" / f"{dataset}_tripdata_{month:%Y-%m}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    try:
        with pq.ParquetWriter(partial, schema, **parquet_options(month)) as writer:
            for table in _row_groups(batches(dataset, month, rows, seed)):
                writer.write_table(table, row_group_size=ROW_GROUP)
                del table  # or two row groups are held while the next is made
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def write_notice(root: Path) -> Path:
    """Write `root`/SYNTHETIC.txt, by which people and the page know that no trip there took place; returns its path."""
    path = Path(root) / NOTICE
    path.write_text(
        "SYNTHETIC data: no trip in these files took place.\n"
        "To write a month again: python -m synthetic FOLDER --dataset green --month 2025-12\n",
        encoding="utf-8",
    )
    return path


def batches(dataset: str, month: date, rows: int, seed: int = 0) -> Iterator[pa.RecordBatch]:
    """The rows of `write_month`, a block at a time; see there."""
    if rows < 0:
        raise ValueError(f"{rows} rows cannot be written")
    rhythm = Rhythm.of(month)
    for part in parts_of(dataset, month, rows):
        source = (seed, list(FIRST_MONTHS).index(dataset), month.year, month.month, part.region == "end", part.first)
        yield record_batch(np.random.Generator(np.random.PCG64(np.random.SeedSequence(source))), part, rhythm, rows)


def _row_groups(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The batches as tables of `ROW_GROUP` rows, the last one smaller: a writer makes each table a row group."""
    held: list[pa.RecordBatch] = []
    room = ROW_GROUP
    for batch in parts:
        while batch.num_rows >= room:
            yield pa.Table.from_batches([*held, batch.slice(0, room)])
            batch, held, room = batch.slice(room), [], ROW_GROUP
        held.append(batch)
        room -= batch.num_rows
    if room < ROW_GROUP:
        yield pa.Table.from_batches(held)
