"""Whether a file is, as far as its two ends and its bytes tell, what its name says."""

import base64
import hashlib
from pathlib import Path

import google_crc32c

from ingest.errors import BadFileError


def sha256_of(path: Path) -> str:
    """Of the file's bytes, in hexadecimal; memory does not grow with the file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_content(path: Path, shown: str, came_as: str = "") -> None:
    """Raises BadFileError where the file cannot be what its name says, as far as its two ends tell.

    `shown` is the name for people, `came_as` the content type that the server gave. A parquet file begins and ends
    with PAR1 (https://parquet.apache.org/docs/file-format/); a web page begins with '<'.
    """
    length = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(length - 4, 0))
        tail = file.read(4)
    is_page = head.startswith(b"<")
    if shown.endswith(".parquet"):
        if tail == b"PARE":
            raise BadFileError(
                f"{shown} is encrypted parquet, its footer too",
                "Put a file without encryption in its place; no setting of this program takes a key",
            )
        good = length >= 12 and head == tail == b"PAR1"
        kind = "cut short" if head == b"PAR1" else "not parquet"
    else:
        good, kind = length > 0 and not is_page, "not a table"
    if not good:
        kind = "empty" if length == 0 else "a web page" if is_page else kind
        raise BadFileError(
            f"{shown} is {kind} ({length:,} bytes{f', sent as {came_as}' if came_as else ''})",
            "Get the file again, or ask its publisher; then run again: nothing of it was loaded",
        )


def crc32c_of(path: Path) -> str:
    """As Cloud Storage states it: base64, big endian (https://cloud.google.com/storage/docs/data-validation)."""
    checksum = google_crc32c.Checksum()
    with path.open("rb") as file:
        for _ in checksum.consume(file, 1 << 20):
            pass
    return base64.b64encode(checksum.digest()).decode()
