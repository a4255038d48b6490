"""The lake on Cloud Storage: one parquet object per data set and file month, hive-partitioned, replaced atomically."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.exceptions import Conflict, Forbidden
from google.cloud import storage

from ingest.casts import ARROW_TYPES
from ingest.checksums import Measurer
from ingest.conform import BATCH_ROWS, ROW_NUMBER, Layout, ReadBatches, conformed_batches
from ingest.content import crc32c_of
from ingest.datasets import DATASETS, DataSet, declared_fingerprint
from ingest.errors import StoreError, UnknownOutcomeError, first_line
from ingest.fence import OPEN, Fence
from ingest.lake_download import download
from ingest.lake_faults import ANSWERS, REFUSALS, RETRY, refused
from ingest.measure import Measure
from ingest.stored_object import StoredObject

RAW_PREFIX = "raw"

# Its object has no rows, so no query ever sees this month.
_NO_MONTH = date(1970, 1, 1)
# In an object's metadata: the declaration of its data set by which the object was made.
_DECLARED = "declared"
# 21 MB of yellow trips before they are compressed: BigQuery asks for row groups of 16 MiB or more
# (https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet).
_ROW_GROUP_ROWS = 131_072
# The client's default sends, and holds, 100 MB at a time. Parts of 16 MB cost fake-gcs-server half as much time again.
_CHUNK_BYTES = 32 * 2**20
_RETRY_ONCE_MORE = RETRY.with_timeout(5)  # after an upload that was tried for as long


def object_name(dataset: DataSet, month: date) -> str:
    """Such as raw/dataset=yellow/file_month=2024-01-01/yellow_tripdata_2024-01.parquet."""
    return f"{RAW_PREFIX}/dataset={dataset.name}/file_month={month.isoformat()}/{dataset.table}_{month:%Y-%m}.parquet"


def placeholder_name(dataset: DataSet) -> str:
    """The object without rows of a data set, see `ensure_prefixes`."""
    return object_name(dataset, _NO_MONTH)


def ensure_bucket(bucket: storage.Bucket, location: str) -> str:
    """Make the bucket where it doesn't exist. Returns a warning where the account may not look at it, otherwise ''.

    Objects can be written without that right, storage.buckets.get, but BigQuery's external tables ask for it:
    https://docs.cloud.google.com/bigquery/docs/external-data-cloud-storage#required_roles
    Raises StoreError.
    """
    try:
        if not bucket.exists(retry=RETRY):
            bucket.iam_configuration.uniform_bucket_level_access_enabled = True  # many organisations insist on it
            with suppress(Conflict):  # another process made it meanwhile, or a first try whose answer was lost
                bucket.create(location=location, retry=RETRY)
    except Forbidden:
        return (
            f"The account may not look at the bucket {bucket.name} (storage.buckets.get), which BigQuery needs for"
            " external tables: grant it Storage Legacy Bucket Reader on the bucket"
        )
    except REFUSALS as error:
        raise refused(bucket, error) from error
    return ""


def ask(bucket: storage.Bucket, name: str) -> None:
    """Look up an object, be it there or not. Raises StoreDownError where Cloud Storage does not answer."""
    try:
        bucket.get_blob(name, retry=RETRY)
    except ANSWERS:
        return  # it has answered; what it refuses is said of the month
    except REFUSALS as error:
        raise refused(bucket, error, name) from error


def look_up(bucket: storage.Bucket, dataset: DataSet, month: date) -> StoredObject | None:
    """Which object the lake holds of the month, without reading it; None where there is none. Raises StoreError."""
    name = object_name(dataset, month)
    try:
        blob = bucket.get_blob(name, retry=RETRY)
    except REFUSALS as error:
        raise refused(bucket, error, name) from error
    return _stored(blob) if blob else None


def ensure_prefixes(bucket: storage.Bucket, scratch: Path, fence: Fence = OPEN) -> None:
    """Put an object without rows beside each data set's months: BigQuery refuses an external table without files.

    It has the declared columns; one with others, of an earlier declaration, is replaced. Raises StoreError.
    """
    for dataset in DATASETS.values():
        columns = [(column.name, ARROW_TYPES[column.type]) for column in dataset.columns]
        nothing = pa.schema([(ROW_NUMBER, pa.int64()), *columns]).empty_table()
        replace_table(bucket, placeholder_name(dataset), nothing, scratch, fence)


def metadata_of(bucket: storage.Bucket, dataset: DataSet, month: date) -> dict[str, str]:
    """The metadata of the month's object; {} if there is no object, or none of them. Raises StoreError."""
    name = object_name(dataset, month)
    try:
        blob = bucket.get_blob(name, retry=RETRY)
    except REFUSALS as error:
        raise refused(bucket, error, name) from error
    return (blob and blob.metadata) or {}


def is_made_as_declared(bucket: storage.Bucket, dataset: DataSet, month: date, measure: Measure) -> bool:
    """Whether the month's object, which has this measure, was made by today's declaration. Raises StoreError."""
    metadata = metadata_of(bucket, dataset, month)
    return (metadata.get(_DECLARED), metadata.get("digest")) == (declared_fingerprint(dataset), measure.digest)


def replace_month(
    bucket: storage.Bucket,
    dataset: DataSet,
    month: date,
    path: Path,
    layout: Layout,
    scratch: Path,
    read: ReadBatches = conformed_batches,
    fence: Fence = OPEN,
    tell: Callable[[StoredObject], None] = lambda _: None,
    origin: Mapping[str, str] = MappingProxyType({}),
) -> Measure:
    """Put the file at `path`, as `read` reads it, in place of the month's object; returns what was written.

    `tell` is called with the new object. `origin` are metadata that name the file's edition (ingest/lake_origin.py).

    The parquet is made whole in the folder `scratch`, then uploaded under its final name: Cloud Storage shows an object
    only when its upload is complete, so a reader sees the old one or the new one. The `fence` is asked before that.
    Raises BadFileError, StoreError.
    """
    measurer = Measurer(dataset.total_columns)
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=scratch, prefix=f"{dataset.table}_{month:%Y-%m}.", suffix=".parquet") as file:
        try:
            _write(file.name, layout, _row_groups(read(path, layout), measurer))
        except OSError as error:  # reading's errors are BadFileErrors by now
            reason = error.strerror or error
            raise StoreError(
                f"The folder {scratch} cannot take the parquet of {dataset.name} {month:%Y-%m}: {reason}",
                "Make room there, or have the setting `state_dir` name a folder on a larger disk; then run again",
            ) from error
        metadata = {
            "rows": str(measurer.measure.rows),
            "cents": str(measurer.measure.cents),
            "digest": measurer.measure.digest,
            _DECLARED: declared_fingerprint(dataset),
            **origin,
        }
        tell(upload(bucket, object_name(dataset, month), Path(file.name), metadata, fence))
    return measurer.measure


def ensure_table(bucket: storage.Bucket, name: str, table: pa.Table, scratch: Path, fence: Fence = OPEN) -> None:
    """Put the table under `name` where there is no such object. Raises StoreError."""
    try:
        if bucket.blob(name).exists(retry=RETRY):
            return
    except REFUSALS as error:
        raise refused(bucket, error, name) from error
    replace_table(bucket, name, table, scratch, fence)


def replace_table(bucket: storage.Bucket, name: str, table: pa.Table, scratch: Path, fence: Fence = OPEN) -> bool:
    """Put the table under `name`; whether another object was there. Raises StoreError."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".parquet") as file:
        pq.write_table(table, file.name)
        try:
            current = bucket.get_blob(name, retry=RETRY)
        except REFUSALS as error:
            raise refused(bucket, error, name) from error
        if current and current.crc32c == crc32c_of(Path(file.name)):
            return False
        upload(bucket, name, Path(file.name), {"rows": str(table.num_rows)}, fence)
    return True


def upload(
    bucket: storage.Bucket, name: str, path: Path, metadata: dict[str, str], fence: Fence = OPEN
) -> StoredObject:
    """Put the file under `name`, on condition that nobody else replaced the object meanwhile; returns what is there.

    The checksum goes with the upload, so that the server refuses bytes that changed on the way, and is compared with
    the one that the server states afterwards. Where no answer comes, the object is looked up: it may have arrived.
    Raises StoreError; UnknownOutcomeError where nobody can tell which object is there.
    """
    blob = bucket.blob(name, chunk_size=_CHUNK_BYTES)
    blob.metadata = metadata
    blob.crc32c = checksum = crc32c_of(path)
    try:
        current = bucket.get_blob(name, retry=RETRY)
    except REFUSALS as error:
        raise refused(bucket, error, name) from error
    before = current.generation if current else 0
    # Asked after the look, not before: whoever sleeps between the two would take the successor's object for its own.
    fence.check()
    try:
        blob.upload_from_filename(
            str(path),
            content_type="application/vnd.apache.parquet",
            if_generation_match=before,
            checksum="crc32c",
            retry=RETRY,
        )
    except REFUSALS as error:  # an upload in parts that has arrived is no more there to be asked for: 404
        if arrived := _arrived(bucket, name, before, checksum, metadata):
            return _stored(arrived)
        if isinstance(error, ANSWERS):
            raise refused(bucket, error, name) from error
        what = f"Cloud Storage refused gs://{bucket.name}/{name}, or broke off: {first_line(error)}"
        raise UnknownOutcomeError(what, "See to it, then run again: the object is sent again") from error
    if blob.crc32c != checksum:
        what = f"gs://{bucket.name}/{name} has the CRC32C {blob.crc32c}, the file {checksum}"
        raise UnknownOutcomeError(what, "Run again: the object is sent again")
    return _stored(blob)


def _arrived(
    bucket: storage.Bucket, name: str, before: int, checksum: str, metadata: dict[str, str]
) -> storage.Blob | None:
    """The object if it is what we sent: another generation than `before`, and our bytes and metadata."""
    try:
        found = bucket.get_blob(name, retry=_RETRY_ONCE_MORE)
    except REFUSALS:
        return None
    is_ours = (
        found is not None
        and found.generation != before
        and (found.crc32c, found.metadata or {}) == (checksum, metadata)
    )
    return found if is_ours else None


def _stored(blob: storage.Blob) -> StoredObject:
    return StoredObject(blob.generation, blob.size, blob.crc32c)


def measure_month(bucket: storage.Bucket, dataset: DataSet, month: date, scratch: Path) -> Measure:
    """Read the month's object back from the bucket and measure it. Raises MissingObjectError, StoreError."""
    with fetched(bucket, dataset, month, scratch) as path:
        try:
            return measure_file(path, dataset)
        except pa.ArrowException as error:
            raise refused(bucket, error, object_name(dataset, month)) from error


@contextmanager
def fetched(bucket: storage.Bucket, dataset: DataSet, month: date, scratch: Path) -> Iterator[Path]:
    """The month's object as a file, for the time of a `with`. Raises MissingObjectError, StoreError."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".parquet") as file:
        download(bucket, object_name(dataset, month), file)
        yield Path(file.name)


def measure_file(path: Path, dataset: DataSet) -> Measure:
    """What an object of the lake holds. Raises pyarrow.ArrowException where it is no parquet of ours."""
    measurer = Measurer(dataset.total_columns)
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=2**18) as parquet:
        for batch in parquet.iter_batches(BATCH_ROWS, use_threads=False):
            measurer.add(batch)
    return measurer.measure


def parquet_options(layout: Layout) -> dict[str, Any]:
    """How pyarrow is to write months of that layout.

    Row numbers and times rise with the rows: they get statistics, by which a reader skips row groups, and no
    dictionary, which would hold nearly every value. The other columns' values recur in every row group. That makes the
    file 14 % smaller and takes 2/3 of the time of pyarrow's defaults.
    """
    rising = [field.name for field in layout.schema if field.name == ROW_NUMBER or pa.types.is_timestamp(field.type)]
    recurring = [name for name in layout.schema.names if name not in rising]
    return {
        "compression": "zstd",
        "use_dictionary": recurring,
        "write_statistics": rising,
        "write_batch_size": 4096,
        "data_page_size": 2**18,  # of 1 MB, the default: to read a month back takes 10 MB more
    }


def _write(path: str, layout: Layout, row_groups: Iterator[pa.Table]) -> None:
    """A function of its own, so that the last row group, of 18 MB, is gone when the upload begins."""
    with pq.ParquetWriter(path, layout.schema, **parquet_options(layout)) as writer:
        for row_group in row_groups:
            writer.write_table(row_group, row_group_size=_ROW_GROUP_ROWS)


def _row_groups(batches: Iterator[pa.RecordBatch], measurer: Measurer) -> Iterator[pa.Table]:
    """Measured batches, gathered to whole row groups: written one by one they would make a row group each."""
    gathered: list[pa.RecordBatch] = []
    for batch in batches:
        measurer.add(batch)
        gathered.append(batch)
        if sum(part.num_rows for part in gathered) >= _ROW_GROUP_ROWS:
            yield pa.Table.from_batches(gathered)
            gathered = []
    if gathered:
        yield pa.Table.from_batches(gathered)
