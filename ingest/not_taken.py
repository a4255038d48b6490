"""What lies at a source and is no month under TLC's name for it: named in one line, not skipped without a word."""

import re
from collections.abc import Iterable, Sequence

from ingest.datasets import DATASETS
from ingest.errors import SettingError
from ingest.publication import month_of

EXAMPLE = "trip-data/green_tripdata_2024-01.parquet"
_SHOWN = 5
_CSV = re.compile(r"\.csv(\.(gz|bz2|zst|zip))?$", re.IGNORECASE)
_MONTH = re.compile(rf"({'|'.join(DATASETS)})_tripdata[_-]?(20[0-9]{{2}})[_-]([0-9]{{1,2}})(?![0-9])", re.IGNORECASE)


def names_not_taken(paths: Iterable[str]) -> list[str]:
    """Of the paths below a source's root, those in trip-data/ that are no month, and months that lie elsewhere.

    A folder's path ends with a slash; of what is in a folder, only the folder is named. Hidden names are not.
    """
    names = set()
    for path in paths:
        first, _, rest = path.partition("/")
        if first == "trip-data":
            name, slash, _ = rest.partition("/")
            shown = f"{first}/{name}{slash}" if name else ""
        else:
            name, shown = first, first if not rest and _MONTH.search(first) else ""
        if shown and not name.startswith(".") and not month_of(shown):
            names.add(shown)
    return sorted(names)


def sentence(location: str, names: Sequence[str]) -> str:
    """How many names are not taken, and the first of them."""
    verb = "name is" if len(names) == 1 else "names are"
    shown = [name if name.isprintable() else repr(name) for name in names[:_SHOWN]]
    more = ["…"] * (len(names) > _SHOWN)
    return f"{len(names):,} {verb} not taken at {location}: {', '.join(shown + more)}. Months are named {EXAMPLE}"


def no_month(location: str, datasets: str, names: Sequence[str]) -> SettingError:
    """The error of a source that holds no month of these data sets."""
    csv = [name for name in names if _CSV.search(name)]
    if csv:
        return SettingError(
            f"The source {location} holds no month of {datasets}, and CSV is not taken: {sentence(location, names)}",
            f"Convert each file in Python, the lines of the first being\n{_conversion(location, csv[0])}",
        )
    others = f". {sentence(location, names)}" if names else ""
    return SettingError(
        f"The source {location} holds no month of {datasets}{others}",
        f"Check the setting source: files are named {EXAMPLE}",
    )


def _conversion(location: str, name: str) -> str:
    """Two lines of Python that make TLC's parquet file of a CSV file."""
    month = _MONTH.search(name)
    made = f"trip-data/{month[1].lower()}_tripdata_{month[2]}-{int(month[3]):02}.parquet" if month else EXAMPLE
    root = "" if location.startswith("gs://") else f"{location}/"
    return (
        "            from pyarrow import csv, parquet\n"
        f"            parquet.write_table(csv.read_csv({root + name!r}), {root + made!r})"
    )
