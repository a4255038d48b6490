"""What an object of the lake says of itself: which month it holds, of which edition of TLC's file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from google.cloud import storage

from ingest.datasets import DATASETS, DataSet
from ingest.lake import RAW_PREFIX, metadata_of, object_name
from ingest.lake_faults import REFUSALS, RETRY, refused
from ingest.source import Fetched
from ingest.stored_object import StoredObject

_NAMES = ("source_etag", "source_length", "source_sha256")
_MONTH = re.compile(rf"{RAW_PREFIX}/dataset=([a-z]+)/file_month=(\d{{4}}-\d{{2}}-01)/.+")


@dataclass(frozen=True)
class HeldMonth:
    """An object of the lake, and its metadata: rows, cents, digest, declaration, and the file that it was made of."""

    dataset: DataSet
    month: date
    stored: StoredObject
    metadata: dict[str, str]


def origin_of(fetched: Fetched) -> dict[str, str]:
    """Metadata that name the edition of the file, by which a lost ledger is rebuilt."""
    length = "" if fetched.stat.length is None else str(fetched.stat.length)
    return dict(zip(_NAMES, (fetched.stat.etag, length, fetched.sha256), strict=True))


def origin_in(bucket: storage.Bucket, dataset: DataSet, month: date) -> dict[str, str]:
    """Those of the month's object, for one that is made of it; {} where it has none. Raises StoreError."""
    metadata = metadata_of(bucket, dataset, month)
    return {name: metadata[name] for name in _NAMES if name in metadata}


def held_months(bucket: storage.Bucket) -> Iterator[HeldMonth]:
    """The months in the lake, by name; without the objects that are there so that a prefix is not empty."""
    try:
        for blob in bucket.list_blobs(prefix=f"{RAW_PREFIX}/", retry=RETRY):
            match = _MONTH.fullmatch(blob.name)
            if not match or match[1] not in DATASETS:
                continue
            dataset, month = DATASETS[match[1]], date.fromisoformat(match[2])
            if blob.name == object_name(dataset, month) and month >= dataset.first_month:
                stored = StoredObject(blob.generation, blob.size, blob.crc32c)
                yield HeldMonth(dataset, month, stored, blob.metadata or {})
    except REFUSALS as error:
        raise refused(bucket, error) from error
