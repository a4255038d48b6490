"""TLC's zone lookup: the 265 taxi zones, as text. 'NA', 'N/A' and 'NV' are names here, never nulls."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from ingest.datasets import TLC_SERVER, ZONE_LOOKUP_PATH, fold
from ingest.errors import BadFileError
from ingest.small_csv import read_small_csv

ZONE_IDS = range(1, 266)
ZONE_SCHEMA = pa.schema(
    [("location_id", pa.int64()), ("borough", pa.string()), ("zone", pa.string()), ("service_zone", pa.string())]
)
_NEXT_STEP = f"Get TLC's file again from {TLC_SERVER}/{ZONE_LOOKUP_PATH}"


def read_zone_lookup(path: Path) -> pa.Table:
    """The lookup as a table of ZONE_SCHEMA, 265 rows in the order of their ids, no nulls.

    Takes the csv with or without quotes, a byte order mark and carriage returns, and any spelling of the header.
    Raises BadFileError that names what is missing, twice there, unknown or unreadable.
    """
    header, lines = read_small_csv(path, "the zone lookup", _NEXT_STEP)
    if absent := [name for name in ZONE_SCHEMA.names if fold(name) not in header]:
        raise BadFileError(f"The zone lookup {path} has no column {', '.join(absent)}", _NEXT_STEP)
    wanted = [header.index(fold(name)) for name in ZONE_SCHEMA.names]
    zones = []
    for number, row in lines:
        location_id, *names = (row[index] for index in wanted)
        if not location_id.strip().isdecimal():
            raise BadFileError(f"Line {number} of the zone lookup {path}: {location_id!r} is no zone id", _NEXT_STEP)
        zones.append((int(location_id), *names))
    _check_ids(path, [zone[0] for zone in zones])
    columns = zip(*sorted(zones), strict=True)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, ZONE_SCHEMA, strict=True)], schema=ZONE_SCHEMA
    )


def _check_ids(path: Path, ids: list[int]) -> None:
    counts = Counter(ids)
    faults = {
        "lacks": [zone_id for zone_id in ZONE_IDS if zone_id not in counts],
        "has more than once": sorted(zone_id for zone_id, count in counts.items() if count > 1),
        "has besides TLC's 1 to 265": sorted(zone_id for zone_id in counts if zone_id not in ZONE_IDS),
    }
    if found := [f"{fault} {_enumerate(zone_ids)}" for fault, zone_ids in faults.items() if zone_ids]:
        raise BadFileError(f"The zone lookup {path} {'; '.join(found)}", _NEXT_STEP)


def _enumerate(zone_ids: Iterable[int], most: int = 10) -> str:
    """'3, 7, 8', with the rest counted."""
    zone_ids = list(zone_ids)
    rest = f" and {len(zone_ids) - most} more" if len(zone_ids) > most else ""
    return ", ".join(map(str, zone_ids[:most])) + rest
