"""A monthly report on synthetic months, in the form of TLC's own: quoted thousands, dashes for nothing."""

import csv
from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from ingest.tlc_report import REPORT_PATH

_HEADER = (
    "Month/Year", "License Class", "Trips Per Day", "Farebox Per Day", "Unique Drivers", "Unique Vehicles",
    "Vehicles Per Day", "Avg Days Vehicles on Road", "Avg Hours Per Day Per Vehicle", "Avg Days Drivers on Road",
    "Avg Hours Per Day Per Driver", "Avg Minutes Per Trip", "Percent of Trips Paid with Credit Card",
    "Trips Per Day Shared",
)  # fmt: skip
_CLASSES = {"yellow": ("Yellow",), "green": ("Green",), "fhvhv": ("FHV - High Volume",)}
_HIRE = ("FHV - Black Car", "FHV - Livery", "FHV - Lux Limo")


def write_report(root: Path, months: Iterable[tuple[str, date, int]]) -> Path:
    """Write `root`/misc/data_reports_monthly.csv: trips a day of each data set, month and number of rows, no more."""
    lines = []
    for dataset, month, rows in months:
        # TLC counts Uber and Lyft as a class of their own, which were in the FHV files until 2019-01.
        hire = (*_HIRE, *_CLASSES["fhvhv"]) if month < date(2019, 2, 1) else _HIRE
        classes = _CLASSES.get(dataset, hire)
        a_day = rows // (len(classes) * monthrange(month.year, month.month)[1])
        lines += [(f"{month:%Y-%m}", name, f"{a_day:,}", *"-" * (len(_HEADER) - 3)) for name in classes]
    path = Path(root) / REPORT_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([_HEADER, *sorted(lines, key=lambda line: (line[0], line[1]), reverse=True)])
    return path
