"""A line on which nothing is new may tick for months: its ledger grows by a row a tick, and by nothing else."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.datasets import get_dataset
from orchestration.events.events import Events
from orchestration.plan.wanted import Request
from orchestration.run.disk import Disk
from orchestration.service import Service
from orchestration.settings import load_settings
from synthetic import write_zone_lookup
from tests.conftest import ONE_MART
from tests.line import Line
from tests.months import write

TICKS = 200
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    source = tmp_path / "source"
    for dataset, month in (("green", "2023-01"), ("green", "2023-02"), ("fhv", "2023-01")):
        write(source, dataset, month)
    write_zone_lookup(source)
    line = Line(tmp_path / "state", source, ONE_MART)
    line.done("up")
    yield line
    line.run("down", "--force")


def contents(line: Line) -> dict[str, str]:
    """A digest of each table of the ledger."""
    tables = line.query("select tablename from pg_tables where schemaname = 'taxi_ledger' order by 1")
    found = {}
    for (table,) in tables:
        rows = line.query(f"select to_jsonb(one)::text from taxi_ledger.{table} as one order by 1")
        found[table] = hashlib.sha256("\n".join(row for (row,) in rows).encode()).hexdigest()
    return found


def test_200_ticks_with_nothing_new_leave_the_ledger_unchanged_except_for_their_own_rows(
    line: Line, monkeypatch: pytest.MonkeyPatch
):
    line.done("run")
    line.done("tick")
    before = contents(line)
    for name, value in line.environment.items():
        if name.startswith("TAXI_"):
            monkeypatch.setenv(name, value)
    settings = load_settings({})
    datasets = tuple(get_dataset(name) for name in settings.source.datasets)
    heard: list[object] = []
    # As the command does, without 200 starts of Python.
    service = Service(settings, Events(heard.append), Disk(settings.run.state_dir, settings.cache, is_local=True))
    results = [service.tick(Request(datasets, are_named=False), ["tick"]) for _ in range(TICKS)]
    assert {result.outcome for result in results} == {"nothing"}
    after = contents(line)
    assert {table for table in after if after[table] != before[table]} == {"ticks"}
    assert line.query("select count(*), count(distinct outcome) from taxi_ledger.ticks") == [(TICKS + 1, 1)]
    assert not heard, "a tick with nothing new has nothing to tell"
