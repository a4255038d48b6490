"""Which months live in Postgres, which leave it and come back, and where each is built: by the plan alone."""

from datetime import date

import pytest

from ingest.datasets import GREEN
from ingest.source import FileStat
from orchestration.ledger.records import MonthRecord
from orchestration.ledger.transitions import State
from orchestration.plan.builds import Warehouse
from orchestration.plan.plan import Plan, Snapshot, make_plan
from orchestration.plan.reasons import Action
from orchestration.plan.scope import StepMissingError, check_passed
from orchestration.plan.wanted import Listing, Request, wanted_months
from tests.orchestration.test_builds import CURRENT, EDITED, HERE, PROJECT, record, steps

JANUARY, FEBRUARY, MARCH, APRIL = (date(2024, month, 1) for month in (1, 2, 3, 4))
FIRST = Warehouse()


def plan(
    wanted: list[date],
    records: list[MonthRecord],
    keeps: int | None = 1,
    both: Warehouse = CURRENT,
    batch_months: int = 12,
    etag: str = "etag",
    force: bool = False,
) -> Plan:
    """The plan for these months of green, whose files all have this ETag; the ledger's is "etag"."""
    return make_plan(
        Snapshot(
            today=date(2026, 11, 29),
            request=Request((GREEN,), force=force),
            files={(GREEN, month): FileStat("url", etag, 1, "") for month in wanted},
            records={one.key: one for one in records},
            stores=HERE,
            is_published=True,
            project=PROJECT,
            warehouses={"postgres": both, "bigquery": both},
            batch_months=batch_months,
            keeps=keeps,
        )
    )


def left(month: date, state: State = State.DONE, **changes) -> MonthRecord:
    """A month that is in the lake and BigQuery alone."""
    return record(month, state, is_in_postgres=False, **changes)


def builds(plan: Plan) -> list[tuple[str, tuple[date, ...], bool]]:
    """By warehouse the months, and whether they are tested there."""
    return [(one.warehouse, one.months, one.is_tested) for batch in plan.batches for one in batch.builds]


def test_done_months_that_are_older_than_the_newest_leave_and_all_stay_by_default():
    held = [record(JANUARY), record(FEBRUARY), record(MARCH)]
    assert steps(plan([], held)) == ["prepare", "drop old partitions: 2024-01, 2024-02", "publish the ledger"]
    assert plan([], held, keeps=None).is_nothing
    assert plan([], held, keeps=3).is_nothing
    assert plan([], [left(JANUARY), left(FEBRUARY), record(MARCH)]).is_nothing


@pytest.mark.parametrize("changes", [{"stores_differ": True}, {"stores": "gs://other"}, {"state": State.FAILED}])
def test_a_month_stays_while_a_data_set_of_it_is_not_done_here(changes: dict):
    other = record(JANUARY, **{"dataset": "yellow", **changes})
    assert plan([], [record(JANUARY), other, record(FEBRUARY)]).is_nothing


def test_a_data_set_of_which_nothing_ever_landed_holds_no_month():
    failed = record(JANUARY, State.FAILED, "yellow", rows=None, error="no such file")
    assert "drop old partitions: 2024-01" in steps(plan([], [record(JANUARY), failed, record(FEBRUARY)]))


def test_a_new_month_pushes_the_oldest_out_once_it_has_landed():
    found = plan([MARCH], [record(JANUARY), record(FEBRUARY)], keeps=2)
    assert builds(found) == [("postgres", (MARCH,), True), ("bigquery", (MARCH,), False)]
    assert steps(found)[-3:] == ["reconcile: 2024-03", "drop old partitions: 2024-01", "publish the ledger"]


def test_new_months_that_are_older_than_the_newest_pass_postgres_by_and_are_tested_on_bigquery():
    found = plan([JANUARY, FEBRUARY, MARCH], [], both=FIRST)
    assert [(one.month, one.skips_postgres) for one in found.months] == [
        (JANUARY, True), (FEBRUARY, True), (MARCH, False),
    ]  # fmt: skip
    assert builds(found) == [
        ("postgres", (MARCH,), True), ("bigquery", (MARCH,), False), ("bigquery", (JANUARY, FEBRUARY), True),
    ]  # fmt: skip
    assert "drop old partitions" not in {one.step.name for one in found.steps()}


def test_the_months_that_postgres_keeps_come_first_so_that_its_tables_are_there():
    found = plan([JANUARY, FEBRUARY, MARCH], [], both=FIRST, batch_months=1)
    assert [batch.months[0].month for batch in found.batches] == [MARCH, JANUARY, FEBRUARY]


def test_a_changed_rule_rebuilds_each_month_where_it_is_and_tests_it_there():
    found = plan([], [left(JANUARY), left(FEBRUARY), record(MARCH)], both=EDITED)
    assert builds(found) == [
        ("postgres", (MARCH,), True), ("bigquery", (MARCH,), False), ("bigquery", (JANUARY, FEBRUARY), True),
    ]  # fmt: skip
    assert "reconcile: 2024-01, 2024-02, 2024-03" in steps(found)


@pytest.mark.parametrize("how", [{"etag": "new"}, {"force": True}])
def test_a_month_that_lands_again_goes_through_both_warehouses_is_tested_on_both_and_leaves(how: dict):
    found = plan([JANUARY], [left(JANUARY), record(FEBRUARY)], **how)
    assert not found.months[0].skips_postgres
    assert builds(found) == [("postgres", (JANUARY,), True), ("bigquery", (JANUARY,), True)]
    assert "drop old partitions: 2024-01" in steps(found)


def test_another_data_set_of_a_month_that_lands_again_is_built_on_bigquery_with_tests():
    yellow = left(JANUARY, dataset="yellow")
    found = plan([JANUARY], [record(JANUARY, State.LANDED), yellow, record(FEBRUARY)])
    assert builds(found) == [("postgres", (JANUARY,), True), ("bigquery", (JANUARY,), True)]


def test_a_declaration_that_changed_brings_no_old_month_into_postgres():
    found = plan([JANUARY, FEBRUARY], [left(JANUARY, declared="older"), record(FEBRUARY, declared="older")])
    assert [one.skips_postgres for one in found.months] == [True, False]


def test_months_that_postgres_is_to_keep_again_come_back_from_the_lake_and_are_built_there_alone():
    found = plan([JANUARY, FEBRUARY], [left(JANUARY), left(FEBRUARY), record(MARCH)], keeps=2)
    assert [one.action for one in found.months] == [Action.NOTHING, Action.LAND_AGAIN]
    assert builds(found) == [("postgres", (FEBRUARY,), True)]
    assert steps(found) == [
        *("prepare", "widen: green 2024-02", "external tables", "dbt on postgres: 2024-02", "reconcile: 2024-02"),
        "publish the ledger",
    ]
    assert [one.action for one in plan([JANUARY], [left(JANUARY), record(MARCH)], keeps=None).months] == ["land_again"]


def test_a_month_that_is_not_reconciled_is_built_on_both_when_it_comes_back():
    found = plan([JANUARY], [left(JANUARY, State.LANDED)], keeps=None)
    assert {warehouse for warehouse, *_ in builds(found)} == {"postgres", "bigquery"}


def test_months_that_postgres_lacks_are_wanted_of_a_source_that_cannot_be_listed():
    records = [left(JANUARY), left(FEBRUARY), record(MARCH)]
    for keeps, expected in ((None, [JANUARY, FEBRUARY]), (2, [FEBRUARY]), (1, [])):
        found = wanted_months(Listing("https://tlc"), Request((GREEN,)), records, HERE, keeps)
        assert [month for _, month in found] == expected


def test_months_leave_after_the_batch_in_which_newer_ones_land():
    found = plan([MARCH, APRIL], [record(JANUARY), record(FEBRUARY)], keeps=2, batch_months=1)
    assert [batch.leaving for batch in found.batches] == [(JANUARY,), (FEBRUARY,)]


def test_a_warehouse_without_months_needs_no_rebuild():
    assert plan([], [left(JANUARY)], keeps=1, both=EDITED).rebuilds.keys() == {"bigquery"}


def test_a_month_without_postgres_needs_no_step_there():
    found = plan([JANUARY], [left(JANUARY, State.LANDED), record(FEBRUARY)])
    latest = {("external tables", ""): (3, True), ("dbt on bigquery", "2024-01"): (4, True)}
    check_passed(found, frozenset({"reconcile"}), latest)
    held = plan([JANUARY], [record(JANUARY, State.LANDED), record(FEBRUARY)])
    with pytest.raises(StepMissingError, match="dbt on postgres"):
        check_passed(held, frozenset({"reconcile"}), latest)
