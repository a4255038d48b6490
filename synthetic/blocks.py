"""One block of a synthetic month: which rows it holds, which faults they get, and the batch they become.

Blocks have a fixed size and a random stream each, so a row's values do not depend on how the file is written.
"""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import numpy as np
import pyarrow as pa

from synthetic import damage, damage_money, hire, taxi  # noqa: F401  the first two fill the register of hits
from synthetic.clock import Rhythm
from synthetic.dress import dress
from synthetic.faults import EVERY_FAULT_FROM, faults_of
from synthetic.hits import PLACES, TRIPS, Damage, Hit
from synthetic.layouts import layout
from synthetic.taxi import Part

BLOCK = 1 << 16
"""Rows of the largest block."""
_LEAST_END = 12
"""Rows of the smallest null block of a month that has to show every fault."""


def parts_of(dataset: str, month: date, rows: int) -> Iterator[Part]:
    """The blocks of a month in file order: its trips, then the null block where the era has one."""
    share = taxi.end_share(dataset, month)
    end = round(rows * share)
    if share and rows >= EVERY_FAULT_FROM:
        end = max(end, _LEAST_END)
    for region, total in (("trips", rows - end), ("end", end)):
        count = -(-total // BLOCK)
        edges = [total * block // max(1, count) for block in range(count + 1)]  # even: a tiny last one has no room
        for first, after in pairwise(edges):
            yield Part(dataset, month, region, first, after - first, total)


def record_batch(rng: np.random.Generator, part: Part, rhythm: Rhythm, file_rows: int) -> pa.RecordBatch:
    """The part's rows in the layout of its month, faults included; `file_rows` is the row count of the whole file."""
    hits = _hits(rng, part, file_rows)
    if part.dataset == "fhv":
        block = hire.fhv_trips(rng, part, rhythm)
    elif part.dataset == "fhvhv":
        block = hire.fhvhv_trips(rng, part, rhythm)
    else:
        block = taxi.trips(rng, part, rhythm)
    _apply(PLACES, rng, part, block, hits)
    if part.dataset == "fhvhv":
        hire.add_money(rng, part, block)
    elif part.dataset != "fhv":
        taxi.add_money(rng, part, block)
    _apply(TRIPS, rng, part, block, hits)
    return dress(part, block, layout(part.dataset, part.month))


def _hits(rng: np.random.Generator, part: Part, file_rows: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Fault -> (rows of the block, which of the file's they are). No row gets two; a refund needs the next row.

    A fault's rows are spread evenly over the blocks of the region, so no block has to know of another.
    """
    slots = rng.permutation(max(1, part.rows // 2)) * 2
    hits, used = {}, 0
    for place, fault in enumerate(faults_of(part.dataset, part.month, part.region), start=1):
        count, phase = fault.count(part.total, file_rows), place * 0.618 % 1  # else all rare ones are in the last block
        begin = int(count * part.first / part.total + phase)
        end = int(count * (part.first + part.rows) / part.total + phase)
        rows = slots[used : used + end - begin]
        used += len(rows)
        hits[fault.name] = (rows, np.arange(begin, begin + len(rows)))
    return hits


def _apply(kind: dict[str, Damage], rng: np.random.Generator, part: Part, block: taxi.Block, hits: dict) -> None:
    for name, (rows, nth) in hits.items():
        if name in kind and len(rows):
            kind[name](Hit(rng, part, block, rows, nth))
