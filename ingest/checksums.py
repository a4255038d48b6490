"""Counts rows, cents and a checksum of every column, exactly and in any order, so that all stores can be compared.

Each value stands for an integer v; a column's checksum is (how many values, Σ v mod P, Σ (row number · v) mod P), a
Fletcher checksum whose weight is the row's number in the file. One changed value changes the first sum, two swapped
values the second; a lost, doubled or foreign row changes the count or both. The sums need nothing that Postgres,
BigQuery and numpy do not compute alike: orchestration/run/checksum_sql.py says the same in SQL.

The integer of a value: a bigint itself; a double in millionths, rounded half up (0 from 9e12 on); a timestamp in
microseconds since 1970-01-01; of a text the first 7 hex digits of its MD5.
"""

import hashlib
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.fold import PRIME
from ingest.measure import Measure

DOUBLE_SCALE = 1_000_000
DOUBLE_LIMIT = 9e12  # scaled, still within 64 bits
CENTS_LIMIT = 1e7  # dollars: the cents of 8 charges in 100 million rows add up within 64 bits


class Measurer:
    """Measures conformed record batches, one after another."""

    def __init__(self, total_columns: tuple[str, ...]):
        self._total_columns = total_columns
        self.measure = Measure()

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch; its column `row_number` is the weight."""
        row_numbers = batch.column("row_number").to_numpy()
        weights = _residues(row_numbers)
        self.measure.rows += batch.num_rows
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            count, plain, weighted = self.measure.columns.get(name, (0, 0, 0))
            present = len(array) - array.null_count
            if present:
                residues = _residues(integers(array))
                weight = weights if not array.null_count else weights[pc.is_valid(array).to_numpy(zero_copy_only=False)]
                count += present
                plain += int(residues.sum())
                weighted += int(_residues(weight * residues).sum())
            self.measure.columns[name] = (count, plain, weighted)
        for name in self._total_columns:
            self.measure.cents += cents(batch.column(name))


def _residues(values: np.ndarray) -> np.ndarray:
    """The values mod PRIME, truncated towards zero as in SQL; where none is as large, without the time to divide."""
    return values if values.min() > -PRIME and values.max() < PRIME else np.fmod(values, PRIME)


def integers(array: pa.Array) -> np.ndarray:
    """The integers that the non-null values of the array stand for, as int64."""
    array = array.drop_null()
    if pa.types.is_string(array.type):
        encoded = array.dictionary_encode()
        codes = np.array([text_code(text) for text in encoded.dictionary.to_pylist()], np.int64)
        return codes[encoded.indices.to_numpy()]
    if pa.types.is_floating(array.type):
        return _scaled(array.to_numpy(), DOUBLE_SCALE, DOUBLE_LIMIT)
    return array.cast(pa.int64()).to_numpy()


def cents(array: pa.Array) -> int:
    """Sum of the dollars in cents, each value rounded half up; amounts from CENTS_LIMIT on count as 0."""
    return int(_scaled(array.drop_null().to_numpy(), 100, CENTS_LIMIT).sum())


def _scaled(values: np.ndarray, scale: int, limit: float) -> np.ndarray:
    held = np.where(np.abs(values) < limit, values, 0.0)
    return np.floor(held * scale + 0.5).astype(np.int64)


@lru_cache(100_000)  # TLC's codes and bases are some thousands
def text_code(text: str) -> int:
    """The integer of a text."""
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:7], 16)
