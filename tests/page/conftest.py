"""A ledger in Postgres that the tests fill through the ledger's own classes, and the page over it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from starlette.testclient import TestClient

from ingest.datasets import DATASETS, declared_fingerprint
from ingest.measure import Measure
from ingest.source import Fetched, FileStat
from orchestration.ledger.ledger import Ledger
from orchestration.page.app import application
from orchestration.page.reading import Reader
from orchestration.page.security import COOKIE, Token
from orchestration.page.site import Site
from orchestration.settings import Settings, load_settings
from orchestration.warehouses.servers import Servers
from tests.orchestration.conftest import dsn as dsn
from tests.page.new_ledger import make_new

PORT = 6789
ADDRESS = f"http://localhost:{PORT}"
GREEN = ("green", date(2024, 3, 1))
STORES = "gs://taxi-lake, BigQuery project taxi-local"
FETCHED = Fetched(Path("a"), FileStat("trip-data/green_tripdata_2024-03.parquet", "etag-1", 60_291, ""), "5a" * 32)
STAGES = ("file", "postgres_raw", "lake", "bigquery_raw")


@pytest.fixture
def settings_file(dsn: str, tmp_path: Path) -> Path:
    """The settings of the line: the profile docker, over the Postgres of the tests."""
    server = conninfo_to_dict(dsn)
    names = {
        "postgres_host": "host",
        "postgres_user": "user",
        "postgres_password": "password",
        "postgres_dbname": "dbname",
    }
    lines = [f'{name} = "{server[of]}"' for name, of in names.items()]
    file = tmp_path / "settings.toml"
    file.write_text("\n".join([*lines, f"postgres_port = {server['port']}", f'state_dir = "{tmp_path}/state"', ""]))
    return file


@pytest.fixture
def settings(settings_file: Path) -> Settings:
    return load_settings({"profile": "docker"}, settings_file)


@pytest.fixture
def connection(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection to the file's database, with an empty ledger."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        make_new(connection)
        yield connection


@pytest.fixture
def ledger(connection: psycopg.Connection) -> Ledger:
    """The empty ledger."""
    connection.execute("drop schema if exists taxi_marts cascade")
    return Ledger(connection)


@pytest.fixture
def site(settings: Settings, ledger: Ledger) -> Iterator[Site]:
    settings.run.state_dir.mkdir(parents=True, exist_ok=True)
    reader = Reader(settings)
    reader.prepare(Servers(settings))
    yield Site(settings, reader, Token(settings.run.state_dir), PORT)
    reader.close()


@pytest.fixture
def visitor(site: Site) -> TestClient:
    """A browser that has not signed in."""
    return TestClient(application(site), base_url=ADDRESS, follow_redirects=False)


@pytest.fixture
def browser(site: Site) -> TestClient:
    """A browser that has signed in, and says where its requests come from."""
    headers = {"origin": ADDRESS}
    return TestClient(
        application(site), ADDRESS, cookies={COOKIE: site.token.session}, headers=headers, follow_redirects=False
    )


@contextmanager
def run_of(ledger: Ledger, outcome: str = "done", error: str | None = None, **origin: Any) -> Iterator[str]:
    """A run of the ledger while this lasts; gives its id."""
    yield ledger.runs.start("orchestrate.py run", "docker", "/tlc", **origin)
    ledger.runs.finish(outcome, error)


def land(ledger: Ledger, key: tuple[str, date] = GREEN, rows: int = 2000, **undeclared: Any) -> None:
    """The run in progress lands a month."""
    with ledger.runs.step("ingest", f"{key[0]} {key[1]:%Y-%m}") as figures:
        ledger.months.landing_began(key)
        ledger.months.landed(key, FETCHED, declared_fingerprint(DATASETS[key[0]]), STORES, undeclared, rows)
        figures.rows = rows


def measure(ledger: Ledger, key: tuple[str, date] = GREEN, rows: int = 2000, rejected: int = 6, **other: int) -> None:
    """Every stage was measured; `other` are the rows of stages that differ."""
    amounts = dict.fromkeys(STAGES, rows)
    for warehouse in ("postgres", "bigquery"):
        amounts |= {f"{warehouse}_accepted": rows - rejected, f"{warehouse}_rejected": rejected}
    for stage, count in (amounts | other).items():
        ledger.stages.add(key, stage, Measure(count, 100 * count, {"fare_amount": (count, 1, 1)}), 0.25)


def finish(ledger: Ledger, key: tuple[str, date] = GREEN) -> None:
    """The run in progress brings a month through."""
    land(ledger, key)
    measure(ledger, key)
    ledger.months.reconciled(key)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The SQL statements that were executed since the fixture was asked for."""
    statements: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(self: psycopg.Cursor, query: Any, *arguments: Any, **named: Any) -> psycopg.Cursor:
        statements.append(str(query))
        return execute(self, query, *arguments, **named)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    return lambda: statements


@pytest.fixture
def large_ledger(connection: psycopg.Connection, ledger: Ledger) -> str:
    """A ledger of 5,000 runs with nine steps each, and of 612 months; gives the newest run."""
    connection.execute(
        "insert into taxi_ledger.runs"
        " (run_id, command, profile, source, versions, started_at, finished_at, outcome, error)"
        " select to_char(timestamp '2020-01-01' + number * interval '1 hour', 'YYYYMMDD\"T\"HH24MISS') || '-aaaa',"
        " 'orchestrate.py run', 'docker', '/tlc', '{}', timestamp '2020-01-01' + number * interval '1 hour',"
        " timestamp '2020-01-01' + number * interval '1 hour' + interval '3 minutes',"
        " case when number % 10 = 0 then 'failed' else 'done' end,"
        " case when number % 10 = 0 then repeat('no space left on device ', 200) end"
        " from generate_series(1, 5000) as number"
    )
    connection.execute(
        "insert into taxi_ledger.steps (run_id, step, subject, months, started_at, outcome, milliseconds, rows, error)"
        " select run_id, step, month, string_to_array(month, ', '), started_at + place * interval '10 seconds',"
        " case when step = 'ingest' then outcome else 'done' end, 9000 + place, 2000,"
        " case when step = 'ingest' then error end from taxi_ledger.runs, lateral (values (1, 'prepare', ''),"
        " (2, 'ingest', 'green 2024-03'), (3, 'ingest', 'green 2024-04'), (4, 'ingest', 'green 2024-05'),"
        " (5, 'external tables', ''), (6, 'dbt on postgres', '2024-03, 2024-04, 2024-05'),"
        " (7, 'dbt on bigquery', '2024-03, 2024-04, 2024-05'), (8, 'reconcile', '2024-03, 2024-04, 2024-05'),"
        " (9, 'publish the ledger', '')) as steps (place, step, month) order by run_number, place"
    )
    connection.execute(
        "insert into taxi_ledger.months (service_type, file_month, state, rows, difference, run_id)"
        " select name, date '2013-01-01' + number * interval '1 month', 'done', 1000000, 0, (select max(run_id)"
        " from taxi_ledger.runs) from unnest(array['yellow', 'green', 'fhv', 'fhvhv']) as name,"
        " generate_series(1, 153) as number"
    )
    connection.execute(
        "insert into taxi_ledger.events (service_type, file_month, state_before, state_after, event, run_id)"
        " select service_type, file_month, 'landed', 'done', 'reconciled', run_id from taxi_ledger.months"
    )
    connection.execute(
        "insert into taxi_ledger.ticks (started_at, finished_at, outcome, checked)"
        " select started_at, started_at, 'nothing', array['green 2024-03'] from taxi_ledger.runs order by started_at"
    )
    connection.execute("analyze")
    found = connection.execute("select max(run_id) from taxi_ledger.runs").fetchone()
    return found[0] if found else ""
