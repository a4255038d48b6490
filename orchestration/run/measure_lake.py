"""Measures the lake's objects: by reading them, or by the checksum that Cloud Storage states."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest import lake
from ingest.datasets import DATASETS
from ingest.lake_faults import MissingObjectError
from ingest.measure import Measure
from ingest.stored_object import StoredObject
from orchestration.ledger.records import MonthKey
from orchestration.warehouses.connections import Connections


@dataclass(frozen=True)
class Stage:
    """What a store holds of a file month, and how many seconds it took to find out; of the lake, in which object."""

    measure: Measure
    seconds: float
    stored: StoredObject | None = None


def measure_lake(
    connections: Connections,
    files: Mapping[MonthKey, Measure],
    scratch: Path,
    trusted: Mapping[MonthKey, StoredObject],
) -> dict[MonthKey, Stage]:
    """What the lake holds of these months; an object that is missing holds nothing.

    `files` were measured as they landed. An object that is in `trusted`, by generation, bytes and CRC32C, holds what
    its file held: it is looked up, which moves no bytes. (BigQuery measures the rows of the same object.) Any other one
    is downloaded by way of the folder `scratch`. Raises StoreError.
    """
    return {key: _measure(connections, key, file, scratch, trusted.get(key)) for key, file in files.items()}


def _measure(
    connections: Connections, key: MonthKey, file: Measure, scratch: Path, trusted: StoredObject | None
) -> Stage:
    started = time.monotonic()
    dataset, month = DATASETS[key[0]], key[1]
    stored = lake.look_up(connections.bucket, dataset, month)
    if stored and stored == trusted:
        measure = file
    else:
        try:
            measure = lake.measure_month(connections.bucket, dataset, month, scratch)
        except MissingObjectError:
            measure = Measure()
    return Stage(measure, round(time.monotonic() - started, 3), stored)
