"""TLC's monthly report: trips a day and more by month and license class, as TLC counts them. It lands as text.

TLC links it from https://www.nyc.gov/site/tlc/about/aggregated-reports.page; it is not on the server of the trip files.
"""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from ingest.datasets import TLC_SERVER, fold
from ingest.errors import BadFileError, SettingError
from ingest.small_csv import read_small_csv
from ingest.source import Source

TLC_REPORT = "https://www.nyc.gov/assets/tlc/downloads/csv/data_reports_monthly.csv"
REPORT_PATH = "misc/data_reports_monthly.csv"
"""Where any other source may have it: beside the zone lookup."""
NO_REPORT = "none"

REPORT_COLUMNS = (
    "month_year",
    "license_class",
    "trips_per_day",
    "farebox_per_day",
    "unique_drivers",
    "unique_vehicles",
    "vehicles_per_day",
    "avg_days_vehicles_on_road",
    "avg_hours_per_day_per_vehicle",
    "avg_days_drivers_on_road",
    "avg_hours_per_day_per_driver",
    "avg_minutes_per_trip",
    "percent_of_trips_paid_with_credit_card",
    "trips_per_day_shared",
)
REPORT_SCHEMA = pa.schema([("line_number", pa.int64()), *((name, pa.string()) for name in REPORT_COLUMNS)])
_NEEDED = REPORT_COLUMNS[:3]
_NEXT_STEP = f"Get TLC's file again from {TLC_REPORT}"


def report_place(setting: str, source: str) -> str | None:
    """Where the report is: an address, a path, or nowhere.

    `setting` is the setting tlc_report, `source` the setting source. Where it is not set, the report of TLC's server is
    the one at nyc.gov, and every other source has it at REPORT_PATH.
    """
    if setting == NO_REPORT:
        return None
    return setting or (TLC_REPORT if source.rstrip("/") == TLC_SERVER else REPORT_PATH)


def fetch_report(place: str, source: Source, open_source: Callable[[str], Source]) -> Path:
    """The report on this machine. `open_source` opens what is not below `source`, by its address.

    Raises as Source.fetch does; SettingError where the setting tlc_report cannot be an address.
    """
    if "://" in place:
        address, _, query = place.partition("?")
        folder, _, name = address.rpartition("/")
        try:
            return open_source(f"{folder}?{query}" if query else folder).fetch(name).path
        except SettingError as error:
            raise SettingError(
                error.what.replace("`source`", "`tlc_report`"), "Correct it, or set it to none"
            ) from None
    if Path(place).is_absolute():
        return Path(place)
    return source.fetch(place).path


def read_report(path: Path) -> pa.Table:
    """The report as a table of REPORT_SCHEMA: its lines in order, each value as TLC wrote it.

    A column that the file lacks is null; one that nobody declared is left out. Raises BadFileError.
    """
    header, lines = read_small_csv(path, "TLC's monthly report", _NEXT_STEP)
    if absent := [name for name in _NEEDED if fold(name) not in header]:
        raise BadFileError(f"TLC's monthly report {path} has no column {', '.join(absent)}", _NEXT_STEP)
    columns: list[pa.Array] = [pa.array([number for number, _ in lines], pa.int64())]
    for name in REPORT_COLUMNS:
        at = header.index(fold(name)) if fold(name) in header else None
        columns.append(pa.array([None if at is None else row[at] for _, row in lines], pa.string()))
    return pa.table(columns, schema=REPORT_SCHEMA)
