"""Amounts of bytes, as people write them on the command line."""

import re

from common.bigquery_sizes import LEAST_BILLED
from ingest.errors import SettingError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def parse_limit(text: str) -> int:
    """Bytes of '500MB', '2 GB', '1TiB' or a plain number. Raises SettingError, also for less than any query costs."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?", text.strip().lower())
    if not found or found[2] not in _UNITS:
        raise SettingError(f"--max-bytes {text!r} is no amount of bytes", "Write it as 500MB, 2GB or 1TiB")
    limit = int(float(found[1]) * _UNITS[found[2]])
    if limit < LEAST_BILLED:
        raise SettingError(
            f"--max-bytes {text} is less than BigQuery bills for any query: {LEAST_BILLED:,} bytes",
            "Write 11MB or more",
        )
    return limit


def shown_bytes(size: int | None) -> str:
    """'12.0 MB', or a dash for none."""
    if not size:
        return "–"
    if size < 1e6:
        return f"{size / 1e3:,.0f} kB"
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"


def shown_seconds(seconds: float | None) -> str:
    """'12 s', '3 min', or that nobody knows."""
    if seconds is None:
        return "no figure yet"
    return f"{seconds:,.1f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"
