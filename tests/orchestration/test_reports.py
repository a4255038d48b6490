"""A report that BigQuery keeps as a table is noticed when it is stale."""

from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace

import pytest

from orchestration.ledger.transitions import State
from orchestration.run.reports import differing_reports, stale_months
from orchestration.settings import load_settings
from orchestration.warehouses.connections import Connections
from orchestration.warehouses.servers import Servers
from tests.line import Line
from tests.warehouses import bigquery_of

JANUARY, FEBRUARY, MARCH, APRIL = (("green", date(2023, month, 1)) for month in (1, 2, 3, 4))
DIFFERING = {FEBRUARY: "origin_destination"}


def records(**states: State) -> dict:
    """The ledger's, of these months of 2023."""
    months = {"january": JANUARY, "february": FEBRUARY, "march": MARCH, "april": APRIL}
    return {months[name]: SimpleNamespace(state=state, rows=400) for name, state in states.items()}


def test_a_stale_report_keeps_the_file_months_that_reach_into_it_from_being_done():
    held = records(january=State.DONE, february=State.LANDED, march=State.LANDED, april=State.LANDED)
    assert stale_months(DIFFERING, [FEBRUARY, MARCH, APRIL], held).keys() == {FEBRUARY, MARCH}
    assert stale_months({}, [FEBRUARY, MARCH, APRIL], held) == {}


@pytest.mark.parametrize("state", [State.LANDED, State.FAILED])
def test_a_report_is_not_called_stale_while_a_file_month_beside_it_may_differ_itself(state: State):
    assert stale_months(DIFFERING, [FEBRUARY], records(january=State.DONE, february=State.LANDED, march=state)) == {}


@pytest.fixture
def connections(marts_line: Line, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connections]:
    for name, value in marts_line.environment.items():
        monkeypatch.setenv(name, value)
    with Servers(load_settings()) as servers:
        yield servers.all()


@pytest.mark.slow
@pytest.mark.parametrize("report", ["origin_destination", "travel_time_percentiles"])
def test_a_report_that_lacks_trips_on_bigquery_is_found(marts_line: Line, connections: Connections, report: str):
    client = bigquery_of(marts_line)
    assert client.get_table(f"taxi_marts.{report}").time_partitioning.field == "pickup_month"
    assert differing_reports(connections, [date(2023, 1, 1)]) == {}
    column = "trips" if report == "origin_destination" else "timed_trips"
    change = "update taxi_marts.{} set {} = {} {} 1 where service_type = 'green' and pickup_month = date '2023-02-01'"
    client.query_and_wait(change.format(report, column, column, "+"))
    try:
        assert differing_reports(connections, [date(2023, 1, 1)]) == {FEBRUARY: report}
        assert differing_reports(connections, [date(2023, 4, 1)]) == {}, "it reaches into March to May"
        assert differing_reports(connections, [date(2023, 1, 1)], {("green", date(2022, 12, 1))}) == {FEBRUARY: report}
        for month in (JANUARY, FEBRUARY, MARCH):  # Postgres lacks trips of February without any of these
            assert differing_reports(connections, [date(2023, 1, 1)], {month}) == {}
    finally:
        client.query_and_wait(change.format(report, column, column, "-"))
