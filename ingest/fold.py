"""Folds the checksums of all columns into two numbers, so that a store answers with two sums and not three a column.

A row's fold is Σ (a · v + b) over the columns that have a value, where v is its integer (ingest/checksums.py). The fold
of a table is (Σ fold, Σ weight · fold), both mod P. The coefficients a and b come from the column's name: its place in
a table makes no difference, and a column of nulls adds nothing. Both sums are linear in the columns, so the per-column
checksums of a file, measured as it lands, say what a store's fold has to be. (The weighted sum of raw rows leaves b
out: a file's checksums do not say in which rows a value is missing.)

A fault in one column always changes what a per-column checksum would: a < P is never 0 mod the prime P. b tells a null
from a 0. A fault in several columns escapes a sum where Σ a · d is 0 mod P by chance. For random differences d that is
1 in P, for the two sums 1 in P². For chosen differences, such as columns that changed places, it is at most 1 in
2^24: one of 2^24 coefficients fits the others. SQL and numpy agree: the products a · v, of 24 and 31 bits, of 128
columns add up within 64 bits.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache

PRIME = 2_147_483_647  # 2^31 - 1: a product of two residues, and the sum of 2^32 of them, fit 64 bits
FOLD = "all columns"
"""What a measure calls (rows, Σ fold, Σ weight · fold) among its columns. No column has this name: ingest/names.py."""

_BITS = 24
_BEFORE_FOLDS = "whole row"  # what ledgers of before have of an aggregate's rows; it is no column


@lru_cache(10_000)
def coefficients(column: str) -> tuple[int, int]:
    """Of a column's values, and of its having one: a and b, each from 1 to 2^24."""
    digits = hashlib.sha256(column.encode()).hexdigest()
    return tuple(int(part, 16) % 2**_BITS + 1 for part in (digits[:16], digits[16:32]))  # type: ignore[return-value]


def fold_of(columns: Mapping[str, tuple[int, int, int]]) -> tuple[int, int]:
    """The fold of raw rows, from the checksums of their columns: (count, sum, weighted sum) by name."""
    plain = weighted = 0
    for name, (count, values, weighted_values) in columns.items():
        if name != _BEFORE_FOLDS:
            of_value, of_presence = coefficients(name)
            plain += of_value * values + of_presence * count
            weighted += of_value * weighted_values
    return plain % PRIME, weighted % PRIME
