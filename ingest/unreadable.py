"""What to say of a file that pyarrow cannot read: not every one of them is damaged."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.errors import BadFileError, StoreError, TaxiError, first_line

_UNSUPPORTED = re.compile(r"not (currently |yet )?(supported|implemented)|unsupported", re.IGNORECASE)


def unreadable(path: Path, error: BaseException) -> TaxiError:
    """The error of a parquet file that raised `error`, a pyarrow.ArrowException or an OSError, as it was read."""
    reason = first_line(error)
    if isinstance(error, OSError) and error.errno is not None:
        return StoreError(
            f"{path} cannot be read: {error.strerror}", "Check the file's permissions and the disk that it is on"
        )
    if "decrypt" in reason or "encrypt" in reason:
        columns = ", ".join(_encrypted_columns(path))
        what = f"{path} is encrypted: its column {columns}" if columns else f"{path} is encrypted"
        return BadFileError(what, "Put a file without encryption in its place; no setting of this program takes a key")
    if isinstance(error, pa.ArrowNotImplementedError) or _UNSUPPORTED.search(reason):
        return BadFileError(
            f"{path} is parquet of a kind that pyarrow {pa.__version__} cannot read: {reason}",
            "Write it again with a common codec and common encodings, as by pyarrow or DuckDB",
        )
    return BadFileError(
        f"{path} is not a whole parquet file ({path.stat().st_size:,} bytes): {reason}",
        "Remove it from the source or the cache, and run again to fetch it anew",
    )


def _encrypted_columns(path: Path) -> Iterator[str]:
    """Found by reading: pyarrow 26 aborts the process where it is asked for such a column's metadata."""
    try:
        with pq.ParquetFile(path) as file:
            for name in file.schema_arrow.names:
                try:
                    next(file.iter_batches(1, columns=[name]), None)
                except (pa.ArrowException, OSError) as error:
                    if "decrypt" in first_line(error):
                        yield name
    except (pa.ArrowException, OSError):  # the footer is encrypted too, and with it the names
        return
