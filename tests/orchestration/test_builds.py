"""What is built, and for which months, follows from the ledger, the warehouses and the dbt project alone."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from ingest.datasets import GREEN, YELLOW, declared_fingerprint
from ingest.errors import NotPublishedError
from ingest.source import FileStat
from orchestration.ledger.records import MonthRecord
from orchestration.ledger.transitions import State
from orchestration.plan.builds import Build, Fingerprint, Warehouse, rebuild_of, with_what_is_due
from orchestration.plan.plan import Plan, Snapshot, make_plan
from orchestration.plan.reasons import BuildReason, Models, PublishReason
from orchestration.plan.wanted import Request

JANUARY, FEBRUARY, MARCH, APRIL = (date(2024, month, 1) for month in (1, 2, 3, 4))
HERE = "gs://lake, BigQuery project p"
PROJECT = Fingerprint("files", "settings")
RELATIONS = frozenset({"taxi_marts.fct_trips"})
CURRENT = Warehouse(PROJECT, RELATIONS, RELATIONS, PROJECT)
EDITED = Warehouse(Fingerprint("older", "settings"), RELATIONS, RELATIONS, Fingerprint("older", "settings"))


def record(month: date, state: State = State.DONE, dataset: str = "green", **changes) -> MonthRecord:
    values = {
        "dataset": dataset, "month": month, "state": state, "source_etag": "etag", "source_length": 1,
        "source_sha256": "f", "declared": declared_fingerprint({"green": GREEN, "yellow": YELLOW}[dataset]),
        "stores": HERE, "stores_differ": False, "undeclared": {}, "rows": 10, "difference": 0, "error": None,
        "updated_at": datetime.now(UTC),
    }  # fmt: skip
    return MonthRecord(**{**values, **changes})


def plan(
    wanted: list[date],
    records: list[MonthRecord],
    postgres: Warehouse = CURRENT,
    bigquery: Warehouse = CURRENT,
    batch_months: int = 12,
    batch_rows: int = 300_000_000,
    is_published: bool = True,
    etag: str = "etag",
) -> Plan:
    """The plan for these months of green, whose files all have this ETag; the ledger's is "etag"."""
    stat = FileStat("url", etag, 1, "")
    return make_plan(
        Snapshot(
            today=date(2026, 11, 29),
            request=Request((GREEN,)),
            files={(GREEN, month): stat for month in wanted},
            records={one.key: one for one in records},
            stores=HERE,
            is_published=is_published,
            project=PROJECT,
            warehouses={"postgres": postgres, "bigquery": bigquery},
            batch_months=batch_months,
            batch_rows=batch_rows,
        )
    )


def steps(plan: Plan) -> list[str]:
    return [f"{one.step.name}: {one.subject}" if one.subject else one.step.name for one in plan.steps()]


def builds(plan: Plan) -> list[tuple[str, tuple[date, ...], Models]]:
    return [(one.warehouse, one.months, one.models) for batch in plan.batches for one in batch.builds]


def test_where_all_is_done_there_is_nothing_to_do():
    assert plan([JANUARY], [record(JANUARY)]).is_nothing
    assert plan([], []).is_nothing, "and nothing to rebuild where nothing has landed"


def test_a_month_whose_tables_were_made_by_hand_is_reconciled_and_not_built():
    by_hand, waiting = record(JANUARY, State.LANDED, is_built=True), record(FEBRUARY, State.LANDED)
    found = plan([JANUARY], [by_hand])
    assert steps(found) == ["prepare", "external tables", "reconcile: 2024-01", "publish the ledger"]
    found = plan([JANUARY, FEBRUARY], [by_hand, waiting])
    assert {months for _, months, _ in builds(found)} == {(FEBRUARY,)}
    assert "reconcile: 2024-01, 2024-02" in steps(found)


def test_a_month_whose_tables_were_made_by_hand_is_built_where_a_warehouse_is_behind():
    by_hand = record(JANUARY, State.LANDED, is_built=True)
    found = plan([JANUARY], [by_hand], bigquery=EDITED)
    assert builds(found) == [("bigquery", (JANUARY,), Models.OF_MONTHS_AND_CHANGED)]
    assert "reconcile: 2024-01" in steps(found)


def test_a_month_that_failed_is_built_on_both_warehouses_where_one_is_behind():
    found = plan([], [record(JANUARY, State.FAILED, error="a test failed")], bigquery=EDITED)
    assert {(warehouse, months) for warehouse, months, _ in builds(found)} == {
        ("postgres", (JANUARY,)), ("bigquery", (JANUARY,)),
    }  # fmt: skip


def test_a_month_whose_other_data_set_waits_is_built():
    by_hand, other = record(JANUARY, State.LANDED, is_built=True), record(JANUARY, State.LANDED, "yellow")
    assert [months for _, months, _ in builds(plan([JANUARY], [by_hand], batch_months=1))] == []
    found = plan([JANUARY], [by_hand, other])
    assert builds(found) == [(name, (JANUARY,), Models.OF_MONTHS) for name in ("postgres", "bigquery")]


def test_a_copy_of_the_ledger_that_is_older_is_made_again():
    found = plan([JANUARY], [record(JANUARY)], is_published=False)
    assert (steps(found), found.publish) == (["publish the ledger"], PublishReason.COPY_IS_OLDER)


def test_new_months_go_through_the_line_in_batches():
    found = plan([JANUARY, FEBRUARY, MARCH], [record(JANUARY)], batch_months=1)
    assert steps(found) == [
        "prepare",
        *("ingest: green 2024-02", "external tables", "dbt on postgres: 2024-02", "dbt on bigquery: 2024-02"),
        *("reconcile: 2024-02", "publish the ledger"),
        *("ingest: green 2024-03", "external tables", "dbt on postgres: 2024-03", "dbt on bigquery: 2024-03"),
        *("reconcile: 2024-03", "publish the ledger"),
    ]
    assert {models for _, _, models in builds(found)} == {Models.OF_MONTHS}


def test_a_batch_ends_where_its_rows_are_many():
    records = [record(month, State.LANDED) for month in (JANUARY, FEBRUARY, MARCH)]
    found = plan([JANUARY, FEBRUARY, MARCH], records, batch_rows=20)  # of 10 rows each
    assert [months for warehouse, months, _ in builds(found) if warehouse == "postgres"] == [
        (JANUARY, FEBRUARY), (MARCH,)
    ]  # fmt: skip


def test_the_first_batch_of_all_makes_every_model_and_the_others_what_months_change():
    found = plan([JANUARY, FEBRUARY], [], Warehouse(), Warehouse(), batch_months=1)
    assert builds(found) == [
        ("postgres", (JANUARY,), Models.ALL),
        ("bigquery", (JANUARY,), Models.ALL),
        ("postgres", (FEBRUARY,), Models.OF_MONTHS),
        ("bigquery", (FEBRUARY,), Models.OF_MONTHS),
    ]


def test_an_edited_project_is_applied_to_all_months_that_are_held():
    found = plan([JANUARY, FEBRUARY], [record(JANUARY), record(FEBRUARY)], EDITED, EDITED)
    assert steps(found) == [
        *("prepare", "external tables", "dbt on postgres: 2024-01, 2024-02", "dbt on bigquery: 2024-01, 2024-02"),
        *("reconcile: 2024-01, 2024-02", "publish the ledger"),
    ]
    assert [one.is_conditional for one in found.steps()] == [False] * 4 + [True, False]
    assert {models for _, _, models in builds(found)} == {Models.CHANGED}


def test_new_months_of_an_edited_project_get_what_changed_as_well_as_what_months_change():
    found = plan([JANUARY, FEBRUARY], [record(JANUARY)], EDITED)
    assert builds(found) == [
        ("postgres", (JANUARY,), Models.CHANGED),
        ("postgres", (FEBRUARY,), Models.OF_MONTHS_AND_CHANGED),
        ("bigquery", (FEBRUARY,), Models.OF_MONTHS),
    ]


def test_a_warehouse_that_lost_a_table_is_rebuilt_alone():
    records = [record(JANUARY)]
    found = plan([JANUARY], records, bigquery=Warehouse(PROJECT, RELATIONS, frozenset(), PROJECT))
    assert builds(found) == [("bigquery", (JANUARY,), Models.ALL)]
    assert found.rebuilds["bigquery"].reason is BuildReason.RELATION_MISSING


def test_months_that_wait_for_a_changed_project_are_built_once_with_the_first_batch():
    records = [record(month, State.LANDED) for month in (JANUARY, FEBRUARY)]
    found = plan([JANUARY, FEBRUARY], records, EDITED, EDITED, batch_months=1)
    assert [months for warehouse, months, _ in builds(found) if warehouse == "postgres"] == [(JANUARY,), (FEBRUARY,)]
    assert len(found.batches) == 1
    assert found.batches[0].waiting == (("green", JANUARY), ("green", FEBRUARY))


def test_a_month_that_lands_in_a_later_batch_is_brought_up_to_the_project_before_as_it_was():
    records = [record(JANUARY), record(FEBRUARY)]
    found = plan([JANUARY, FEBRUARY], records, EDITED, EDITED, batch_months=1, etag="of a new file")
    assert [(months, models) for warehouse, months, models in builds(found) if warehouse == "postgres"] == [
        ((FEBRUARY,), Models.CHANGED),
        ((JANUARY,), Models.OF_MONTHS_AND_CHANGED),
        ((FEBRUARY,), Models.OF_MONTHS),
    ]


def test_all_that_landed_by_another_declaration_lands_before_anything_is_built():
    records = [record(JANUARY, declared="older"), record(FEBRUARY), record(MARCH, declared="older")]
    found = plan([JANUARY, FEBRUARY, MARCH], records, EDITED, batch_months=1)
    (batch,) = found.batches
    assert [one.month for one in batch.months] == [JANUARY, MARCH]
    assert {build.months for build in batch.builds if build.warehouse == "postgres"} == {
        (JANUARY,), (FEBRUARY,), (MARCH,)
    }  # fmt: skip


def test_a_month_whose_last_build_failed_is_built_alone():
    records = [record(JANUARY, State.FAILED), record(FEBRUARY, State.FAILED, is_doubtful=True)]
    found = plan([JANUARY, FEBRUARY, MARCH], records)
    assert [months for warehouse, months, _ in builds(found) if warehouse == "postgres"] == [
        (JANUARY, MARCH),
        (FEBRUARY,),
    ]


def test_what_the_stores_hold_in_two_editions_is_not_rebuilt_nor_are_other_data_sets_of_its_month():
    halves = [record(JANUARY, State.FAILED, stores_differ=True), record(JANUARY, dataset="yellow"), record(FEBRUARY)]
    assert builds(plan([], halves, EDITED)) == [("postgres", (FEBRUARY,), Models.CHANGED)]


def test_a_rebuild_is_of_every_month_that_is_held_whether_its_new_file_lands_or_not():
    (batch,) = plan([JANUARY], [record(JANUARY), record(FEBRUARY)], EDITED, etag="of a new file").batches
    assert [str(one) for one in batch.months] == ["green 2024-01"]
    assert batch.held == {JANUARY, FEBRUARY}
    (no_rebuild,) = plan([JANUARY], [record(JANUARY), record(FEBRUARY)], etag="of a new file").batches
    assert no_rebuild.held == set()


@pytest.mark.parametrize(
    ("planned", "due", "made"),
    [
        (Models.OF_MONTHS, None, Models.OF_MONTHS),
        (Models.OF_MONTHS, Models.CHANGED, Models.OF_MONTHS_AND_CHANGED),
        (Models.CHANGED, Models.CHANGED, Models.CHANGED),
        (Models.OF_MONTHS, Models.ALL, Models.ALL),
        (Models.CHANGED, Models.ALL, Models.ALL),
    ],
)
def test_until_a_rebuild_has_ended_well_every_build_there_makes_what_it_owes(planned: Models, due, made: Models):
    build = Build("postgres", (JANUARY,), planned, BuildReason.LANDED)
    assert with_what_is_due(build, due).models is made


def test_that_a_month_is_gone_is_news_for_the_copy_of_the_ledger_once():
    snapshot = Snapshot(
        today=date(2026, 11, 29), request=Request((GREEN,)),
        files={(GREEN, JANUARY): NotPublishedError("it is gone")}, records={("green", JANUARY): record(JANUARY)},
        stores=HERE, is_published=True, project=PROJECT, warehouses={"postgres": CURRENT, "bigquery": CURRENT},
    )  # fmt: skip
    assert make_plan(snapshot).publish is PublishReason.MONTHS_CHANGE
    known = {("green", JANUARY): record(JANUARY, gone_since=datetime.now(UTC))}
    assert make_plan(replace(snapshot, records=known)).is_nothing


def test_only_months_that_the_stores_hold_and_that_did_not_fail_are_reconciled():
    records = [record(JANUARY), record(JANUARY, State.FAILED, "yellow"), record(FEBRUARY, State.SUSPECT)]
    (batch,) = plan([JANUARY], records, EDITED).batches
    assert [one.keys for one in batch.reconciliations] == [(("green", JANUARY),)]


def test_a_month_that_is_suspect_as_it_is_held_is_judged_again_by_new_rules():
    records = [record(JANUARY, State.SUSPECT, suspect_sha256="f")]
    (batch,) = plan([], records, EDITED).batches
    assert [one.keys for one in batch.reconciliations] == [(("green", JANUARY),)]


@pytest.mark.parametrize(
    ("warehouse", "reason", "models"),
    [
        (Warehouse(), BuildReason.NEVER_BUILT, Models.ALL),
        (Warehouse(PROJECT, RELATIONS, frozenset(), PROJECT), BuildReason.RELATION_MISSING, Models.ALL),
        (EDITED, BuildReason.PROJECT_CHANGED, Models.CHANGED),
        (Warehouse(EDITED.built_from, RELATIONS, None, None), BuildReason.NOTHING_TO_COMPARE, Models.ALL),
        (Warehouse(EDITED.built_from, RELATIONS, None, PROJECT), BuildReason.NOTHING_TO_COMPARE, Models.ALL),
        (Warehouse(Fingerprint("files", "older"), RELATIONS, None, None), BuildReason.SETTINGS_CHANGED, Models.ALL),
        (Warehouse(Fingerprint("files", "settings", "+a"), RELATIONS), BuildReason.SETTINGS_CHANGED, Models.ALL),
    ],
)
def test_a_warehouse_is_rebuilt_for_a_reason(warehouse: Warehouse, reason: BuildReason, models: Models):
    rebuild = rebuild_of(warehouse, PROJECT)
    assert rebuild is not None
    assert (rebuild.reason, rebuild.models) == (reason, models)


@pytest.mark.parametrize("existing", [None, RELATIONS, RELATIONS | {"taxi_marts.another"}])
def test_a_warehouse_that_was_built_from_this_project_and_lost_nothing_needs_no_rebuild(existing):
    assert rebuild_of(Warehouse(PROJECT, RELATIONS, existing, None), PROJECT) is None
