"""The page Marts: what it draws, from which model, whether its months are reconciled, and what it costs."""

import csv
import hashlib
import io
import re
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from starlette.testclient import TestClient

from ingest.months import add_months, label
from ingest.zone_shapes import read_zone_shapes
from orchestration.ledger.ledger import Ledger
from orchestration.page.facts import marts
from orchestration.page.facts.charts import MONTHS, days_of, shades
from orchestration.page.facts.marts import reconciled
from orchestration.page.rendering import STATIC
from synthetic import write_zone_shapes
from synthetic.full_ledger import FAILED, LAST_MONTH, fill
from tests.orchestration.conftest import new_database
from tests.page.conftest import finish, land, run_of
from tests.page.full_marts import AIRPORTS, COMPANIES, fill_marts, fill_shapes
from tests.page.new_ledger import make_new

REAL = Path(__file__).resolve().parents[3] / "shared" / "tlc" / "misc" / "taxi_zones.zip"
CHARTS = ("revenue", "fares", "tips", "market", "airports", "congestion", "demand", "zones")


def paths_of(zipped: Path) -> dict[int, str]:
    table = read_zone_shapes(zipped)
    return dict(zip(table["location_id"].to_pylist(), table["svg_path"].to_pylist(), strict=True))


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    marts._kept.clear()


@pytest.fixture(scope="module")
def filled(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with a ledger and marts of all months, and TLC's own shapes where they are there, to be copied."""
    with psycopg.connect(new_database(postgres_server, "filled_marts"), autocommit=True) as connection:
        make_new(connection)
        fill(connection, runs=50)
        fill_marts(connection)
        shapes = REAL if REAL.is_file() else write_zone_shapes(tmp_path_factory.mktemp("shapes"))
        fill_shapes(connection, paths_of(shapes))
    return "filled_marts"


@pytest.fixture
def dsn(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own: a copy of the full one where it asks for that, for which Postgres takes 0.1 s."""
    template = request.getfixturevalue("filled") if "full" in request.fixturenames else "template1"
    with psycopg.connect(make_conninfo(postgres_server, dbname="postgres"), autocommit=True) as server:
        server.execute(f"create database marts_page template {template} strategy file_copy")
        yield make_conninfo(postgres_server, dbname="marts_page")
        server.execute("drop database marts_page with (force)")


@pytest.fixture
def connection(dsn: str, request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        if "full" not in request.fixturenames:
            make_new(connection)
        yield connection


@pytest.fixture
def ledger(connection: psycopg.Connection) -> Ledger:
    return Ledger(connection)


@pytest.fixture
def full(connection: psycopg.Connection) -> psycopg.Connection:
    """A ledger and marts of all months."""
    return connection


def test_on_a_line_that_never_ran_the_page_says_what_to_do(visitor: TestClient, connection: psycopg.Connection):
    answer = visitor.get("/marts")
    assert answer.status_code == 200
    assert "No month has landed yet. Start a run: <code>python orchestrate.py</code>" in answer.text
    assert "There is no market_share yet: a run builds it" in answer.text
    assert "not reconciled: no month has landed" in answer.text


def test_each_chart_names_its_model_and_says_that_its_months_are_reconciled(
    visitor: TestClient, full: psycopg.Connection
):
    text = visitor.get("/marts").text
    document = visitor.get("/api/marts").json()
    charts = [*document["lines"], document["congestion"], document["demand"], document["zones"]]
    assert [one["name"] for one in charts] == list(CHARTS)
    for chart in charts:
        assert f'<a href="/models/{chart["model"]}">' in text
        assert f'<a href="/marts/{chart["name"]}.csv">' in text
        assert chart["rows"], chart["name"]
    assert {one["reconciled"] for one in charts} == {
        "not reconciled: green 2024-03 is failed",  # FAILED
        "reconciled",
    }
    assert [one["reconciled"] for one in charts][-2:] == ["reconciled"] * 2, "of the newest months, which are done"


def test_lines_have_a_row_a_month_and_a_column_for_each_series(visitor: TestClient, full: psycopg.Connection):
    document = visitor.get("/api/marts").json()
    lines = {one["name"]: one for one in document["lines"]}
    assert {len(one["rows"]) for one in lines.values()} == {MONTHS}
    first = add_months(LAST_MONTH, 1 - MONTHS)
    assert (lines["fares"]["rows"][0][0], lines["fares"]["rows"][-1][0]) == (label(first), label(LAST_MONTH))
    assert set(lines["market"]["columns"][1:]) == set(COMPANIES)
    assert set(lines["airports"]["columns"][1:]) == set(AIRPORTS)
    assert set(lines["revenue"]["columns"][1:]) == {"yellow", "green", "fhvhv"}
    of_zones = sum(range(1, 266)) * 12345.67
    assert lines["revenue"]["rows"][0][lines["revenue"]["columns"].index("yellow")] == round(of_zones)
    assert {row[1] for row in lines["tips"]["rows"]} == {round(100 * 1234567.89 / 7654321, 2)}


def test_hours_of_the_week_are_averages_over_the_days_of_the_month(visitor: TestClient, full: psycopg.Connection):
    demand = visitor.get("/api/marts").json()["demand"]
    assert [row[0] for row in demand["rows"]] == [f"{hour:02}:00" for hour in range(24)]
    assert {value for row in demand["rows"] for value in row[1:]} == {4 * 53 * 40}
    assert days_of(date(2026, 7, 1)) == [4, 4, 5, 5, 5, 4, 4]


def test_the_congestion_charge_is_compared_before_and_since(visitor: TestClient, full: psycopg.Connection):
    rows = {row[0]: row[1:] for row in visitor.get("/api/marts").json()["congestion"]["rows"]}
    assert len(rows) == 16, "the relation that nobody knows is left out"
    assert rows["yellow, into the zone"] == [100000, 100000, 0, 14.2, 14.2]


@pytest.mark.parametrize("name", CHARTS)
def test_the_rows_of_a_chart_are_there_as_csv(visitor: TestClient, full: psycopg.Connection, name: str):
    answer = visitor.get(f"/marts/{name}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) > 10
    if name == "zones":
        assert len(rows) == 266, "all of them, also those that are nowhere on the map"


@pytest.mark.parametrize("name", ["nonsense", "..%2f..%2fetc", "revenue%22", "'; drop table x"])
def test_a_chart_that_is_not_there_is_no_csv(visitor: TestClient, full: psycopg.Connection, name: str):
    assert visitor.get(f"/marts/{name}.csv").status_code == 404


def test_the_map_has_every_zone_with_its_trips_and_a_legend(visitor: TestClient, full: psycopg.Connection):
    text = visitor.get("/marts").text
    drawn = re.findall(r'<path d="M[^"]+"><title>([^<]+): ([\d,]+)</title></path>', text)
    assert len(drawn) == 263
    assert ("A neighbourhood &amp; 105/West", f"{12 * 10 * 105 * 1000:,}") in drawn
    assert text.count('<span class="swatch') == 5
    assert "A neighbourhood &amp; 263/West" in text.partition("zones with most trips")[2]


def test_without_shapes_there_is_a_table_and_a_line_on_how_to_get_them(visitor: TestClient, full: psycopg.Connection):
    for statement in ("delete from taxi_raw.taxi_zone_shapes", "drop schema taxi_raw cascade"):
        full.execute(statement)
        marts._kept.clear()
        text = visitor.get("/marts").text
        assert "<svg" not in text
        assert "misc/taxi_zones.zip into misc/ of the source: the next run" in text
        assert "zones with most trips" in text


def test_the_page_takes_few_bytes_few_statements_and_little_time(
    visitor: TestClient, full: psycopg.Connection, counted: Callable[[], list[str]]
):
    before = len(counted())
    text = visitor.get("/marts").text
    assert len(counted()) - before <= 25
    assert len(text.encode()) < 100_000
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        visitor.get("/marts")
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.2


def test_a_mart_that_takes_too_long_leaves_the_others(
    visitor: TestClient, full: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
):
    full.execute(
        "alter table taxi_marts.airport_trips rename to held; create view taxi_marts.airport_trips as"
        " select held.* from taxi_marts.held, pg_sleep(20)"
    )
    monkeypatch.setattr(marts, "SECONDS_A_CHART", 1)
    lines = {one["name"]: one for one in visitor.get("/api/marts").json()["lines"]}
    assert "Postgres took more than 1 s for it" in lines["airports"]["note"]
    assert [name for name, one in lines.items() if not one["rows"]] == ["airports"]


def test_a_mart_that_is_not_built_leaves_the_others(visitor: TestClient, full: psycopg.Connection):
    full.execute("drop table taxi_marts.market_share")
    lines = {one["name"]: one for one in visitor.get("/api/marts").json()["lines"]}
    assert lines["market"]["note"] == "There is no market_share yet: a run builds it"
    assert [name for name, one in lines.items() if not one["rows"]] == ["market"]


def test_rows_are_read_again_once_a_month_changes(visitor: TestClient, ledger: Ledger, full: psycopg.Connection):
    assert visitor.get("/api/marts").json()["lines"][1]["rows"][-1][1:] != [99, 99, 99]
    full.execute("update taxi_marts.fare_percentiles set p50_fare_amount = 99")
    with run_of(ledger):
        finish(ledger, FAILED)
    document = visitor.get("/api/marts").json()
    assert document["lines"][1]["rows"][-1][1:] == [99, 99, 99]
    assert {one["reconciled"] for one in document["lines"]} == {"reconciled"}


def test_what_is_not_reconciled_is_named_with_the_newest_first(ledger: Ledger):
    assert reconciled({}, []) == "not reconciled: no month has landed"
    keys = [("green", date(2024, month, 1)) for month in (1, 2, 3)]
    with run_of(ledger):
        finish(ledger, keys[0])
        for key in keys[1:]:
            land(ledger, key)
    records = ledger.months.all()
    assert reconciled(records, keys[:1]) == "reconciled"
    assert reconciled(records, keys) == "not reconciled: green 2024-03 is landed, and 1 more of 3"


def test_shades_are_fifths_and_nothing_has_none():
    assert shades([0, None, 5, 1, 2, 3, 4]) == [0, 0, 5, 1, 2, 3, 4]
    assert shades([]) == []
    assert shades([7, 7, 7]) == [5, 5, 5]


def test_the_files_of_others_are_those_that_their_readme_names():
    readme = (STATIC / "vendor" / "README.md").read_text(encoding="utf-8")
    for name in ("uPlot.iife.min.js", "uPlot.min.css"):
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() in readme
