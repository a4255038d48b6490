"""Reads the small csv files that TLC publishes beside the trips, as text."""

import csv
import io
from pathlib import Path

from ingest.datasets import fold
from ingest.errors import BadFileError


def read_small_csv(path: Path, title: str, next_step: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The folded names of the header, and each line that is not blank with its number in the file.

    Takes the csv with or without quotes, a byte order mark and carriage returns. `title` is its name inside a sentence.
    Raises BadFileError with `next_step` where the file is not such text, or a line has more or fewer values than names.
    """
    start = title[0].upper() + title[1:]
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadFileError(f"{start} {path} cannot be read: {error.strerror}", next_step) from None
    except UnicodeDecodeError as error:
        raise BadFileError(f"{start} {path} is not UTF-8 text (byte {error.start})", next_step) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as error:
        raise BadFileError(f"Line {reader.line_num} of {title} {path}: {error}", next_step) from None
    header = [fold(name) for name in lines[0][1]] if lines else []
    for number, row in lines[1:]:
        if len(row) != len(header):
            what = f"Line {number} of {title} {path} has {len(row)} values, not {len(header)}"
            raise BadFileError(what, next_step)
    return header, lines[1:]
