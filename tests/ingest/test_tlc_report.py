"""TLC's monthly report lands as TLC wrote it, from wherever it is, and is replaced whole when it changed."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ingest import external_tables, small_tables
from ingest.datasets import TLC_SERVER
from ingest.errors import BadFileError, NotPublishedError, SettingError, SourceError
from ingest.open_source import open_source
from ingest.postgres_connection import connect
from ingest.small_tables import REPORT
from ingest.tlc_report import REPORT_PATH, TLC_REPORT, fetch_report, read_report, report_place
from tests.ingest.conftest import Stores
from tests.ingest.tlc_server import TlcServer

# The first lines of the edition of 2025-05, and one with what older editions and re-saved ones have.
HEADER = (
    "Month/Year,License Class,Trips Per Day,Farebox Per Day,Unique Drivers,Unique Vehicles,Vehicles Per Day,"
    "Avg Days Vehicles on Road,Avg Hours Per Day Per Vehicle,Avg Days Drivers on Road,Avg Hours Per Day Per Driver,"
    "Avg Minutes Per Trip,Percent of Trips Paid with Credit Card,Trips Per Day Shared"
)
LINES = (
    '2025-03,FHV - High Volume,"662,479",-,"80,637","79,950","57,956",22.5,6.4,22.6,6.3,19,-,"9,619"',
    '2025-03,Green,"1,625","34,960",653,626,359,17.8,3.6,17.2,3.6,14.9,75%,-',
    "2013-08,Yellow, 397969 ,,,,,,,,,0, 54 %,",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "report.csv"


def written(path: Path, *lines: str, ending: str = "\r\n", encoding: str = "utf-8") -> Path:
    path.write_bytes((ending.join(lines) + ending).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_value_lands_as_tlc_wrote_it(path: Path, ending: str, encoding: str):
    table = read_report(written(path, HEADER, *LINES, ending=ending, encoding=encoding))
    assert table.schema == REPORT.schema
    high_volume, green, yellow = (tuple(row.values()) for row in table.to_pylist())
    assert high_volume == (
        2, "2025-03", "FHV - High Volume", "662,479", "-", "80,637", "79,950", "57,956", "22.5", "6.4", "22.6", "6.3",
        "19", "-", "9,619",
    )  # fmt: skip
    assert green[3:5] + green[12:] == ("1,625", "34,960", "14.9", "75%", "-")
    assert yellow == (4, "2013-08", "Yellow", " 397969 ", *[""] * 8, "0", " 54 %", "")


def test_columns_are_found_by_name_and_one_that_is_gone_is_null(path: Path):
    table = read_report(written(path, "trips_per_day,Note,LICENSE CLASS,Month/Year", "7,new,Green,2025-03"))
    row = table.to_pylist()[0]
    assert {name: value for name, value in row.items() if value is not None} == {
        "line_number": 2, "month_year": "2025-03", "license_class": "Green", "trips_per_day": "7",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["Month/Year,License Class,Trips", "2025-03,Green,7"], "has no column trips_per_day"),
        ([HEADER, "2025-03,Green,7"], "Line 2 of TLC's monthly report .* has 3 values, not 14"),
        ([HEADER, '2025-03,Green,"7'], "unexpected end of data"),
    ],
)
def test_what_is_no_report_is_named_with_the_file(path: Path, lines: list[str], fault: str):
    with pytest.raises(BadFileError, match=fault) as raised:
        read_report(written(path, *lines))
    assert str(path) in str(raised.value)
    assert TLC_REPORT in raised.value.next_step


@pytest.mark.parametrize(
    ("setting", "source", "place"),
    [
        ("", TLC_SERVER, TLC_REPORT),
        ("", f"{TLC_SERVER}/", TLC_REPORT),
        ("", "/data/tlc", REPORT_PATH),
        ("", "gs://bucket/tlc", REPORT_PATH),
        ("https://mirror/report.csv", "/data/tlc", "https://mirror/report.csv"),
        ("reports/monthly.csv", TLC_SERVER, "reports/monthly.csv"),
        ("none", TLC_SERVER, None),
    ],
)
def test_the_report_is_at_tlc_for_tlcs_own_server_and_beside_the_zones_for_others(setting, source, place):
    assert report_place(setting, source) == place


@pytest.fixture
def server() -> Iterator[TlcServer]:
    with TlcServer() as server:
        yield server


def test_the_report_is_fetched_from_the_source_from_a_file_and_from_another_server(server: TlcServer, tmp_path: Path):
    body = f"{HEADER}\n{LINES[1]}\n".encode()
    server.files["/assets/csv/report.csv"] = body
    folder = tmp_path / "source"
    (folder / "trip-data").mkdir(parents=True)
    (folder / "misc").mkdir()
    (folder / REPORT_PATH).write_bytes(body)
    opened = partial(open_source, cache=tmp_path / "cache", tries=1)
    fetch = partial(fetch_report, source=opened(folder), open_source=opened)
    assert fetch(REPORT_PATH) == folder / REPORT_PATH
    assert fetch(str(folder / REPORT_PATH)) == folder / REPORT_PATH
    assert fetch(f"{server.url}/assets/csv/report.csv?token=secret").read_bytes() == body
    with pytest.raises(NotPublishedError, match=r"other\.csv does not exist"):
        fetch("misc/other.csv")
    with pytest.raises(SourceError, match=r"/assets/csv answers 403 to everything"):
        fetch(f"{server.url}/assets/csv/other.csv")
    with pytest.raises(SettingError, match="The setting `tlc_report` begins with ftp://"):
        fetch("ftp://mirror/report.csv")


def held(stores: Stores) -> tuple[list[tuple], list[tuple]]:
    query = "select month_year, license_class, trips_per_day from taxi_raw.tlc_monthly_report order by line_number"
    return stores.query(query), external_tables.query(stores.bigquery, query)


def test_both_stores_hold_an_empty_report_then_the_newest_edition_whole(stores: Stores, path: Path):
    with connect(stores.dsn) as connection:
        small_tables.ensure_in_postgres(connection)
    small_tables.ensure_in_lake(stores.bucket, stores.folder)
    external_tables.ensure_external_tables(stores.bigquery, stores.bucket.name, "US")
    assert held(stores) == ([], [])

    def replace(*lines: str) -> bool:
        report = read_report(written(path, HEADER, *lines))
        return small_tables.replace(REPORT, report, stores.dsn, stores.bucket, stores.folder)

    assert replace(*LINES)
    assert not replace(*LINES)
    assert replace(*LINES[:1], LINES[1].replace("1,625", "1,626"))
    rows = [("2025-03", "FHV - High Volume", "662,479"), ("2025-03", "Green", "1,626")]
    assert held(stores) == (rows, rows)
    with connect(stores.dsn) as connection:
        connection.execute("delete from taxi_raw.tlc_monthly_report")
    assert replace(*LINES[:1], LINES[1].replace("1,625", "1,626")), "a store that lost it gets it again"
    assert held(stores) == (rows, rows)
