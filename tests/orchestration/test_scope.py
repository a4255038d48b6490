"""Some steps of the line alone: only where the months have passed the steps that these need."""

from dataclasses import replace

import pytest

from ingest.errors import SettingError
from orchestration.ledger.transitions import State
from orchestration.plan.plan import Plan
from orchestration.plan.reasons import Action
from orchestration.plan.scope import StepMissingError, check_passed, scope_of, step_named
from tests.orchestration.test_builds import EDITED, JANUARY, plan, record

LANDED = plan([JANUARY], [record(JANUARY, State.LANDED)])
NEW = plan([JANUARY], [])
PASSED = {
    ("ingest", "green 2024-01"): (2, True),
    ("external tables", ""): (3, True),
    ("dbt on postgres", "2024-01"): (4, True),
    ("dbt on bigquery", "2024-01"): (5, True),
}


def missing(plan: Plan, step: str, latest: dict) -> str:
    with pytest.raises(StepMissingError) as caught:
        check_passed(plan, scope_of(step, None), latest)
    return caught.value.what


def test_a_plan_has_the_steps_of_its_scope_alone():
    steps = [one.step.name for one in replace(LANDED, scope=scope_of(None, "bigquery")).steps()]
    assert steps == ["prepare", "dbt on bigquery", "reconcile", "publish the ledger"]
    assert not {*steps} >= {one.step.name for one in LANDED.steps()}


def test_a_step_may_be_named_by_a_part_that_no_other_has():
    assert [step_named(text, "--only").name for text in ("bigquery", "ingest", "rec", "dbt on p")] == [
        *("dbt on bigquery", "ingest", "reconcile", "dbt on postgres")
    ]
    with pytest.raises(SettingError, match="dbt could be dbt on postgres or dbt on bigquery"):
        step_named("dbt", "--only")
    with pytest.raises(SettingError, match=r"--only: there is no step 'nonsense'.*ingest, widen, external tables"):
        step_named("nonsense", "--only")


def test_from_is_the_step_and_all_that_follow():
    following = {"reconcile", "drop old partitions", "publish the ledger"}
    assert scope_of(None, "bigquery") == {"dbt on bigquery"} | following
    assert scope_of("bigquery", None) == {"dbt on bigquery"}
    assert scope_of(None, None) is None


def test_months_that_passed_what_a_step_needs_are_let_through():
    assert [one.action for one in LANDED.months] == [Action.BUILD]
    for step in ("external tables", "postgres", "bigquery", "reconcile", "publish"):
        check_passed(LANDED, scope_of(step, None), PASSED)


def test_a_month_that_never_landed_has_not_passed_ingest():
    assert missing(NEW, "postgres", {}).startswith("dbt on postgres needs ingest")
    assert "green 2024-01" in missing(NEW, "reconcile", PASSED)
    check_passed(NEW, scope_of(None, "ingest"), {})


def test_a_step_that_failed_or_came_before_the_last_landing_is_missing():
    failed = {**PASSED, ("dbt on bigquery", "2024-01"): (6, False)}
    assert missing(LANDED, "reconcile", failed).startswith("reconcile needs dbt on bigquery")
    other_data_set = {**PASSED, ("ingest", "yellow 2024-01"): (7, True)}
    assert missing(LANDED, "bigquery", other_data_set).startswith("dbt on bigquery needs external tables")


def test_no_month_has_passed_dbt_on_a_warehouse_that_another_project_built():
    edited = plan([JANUARY], [record(JANUARY, State.LANDED)], postgres=EDITED, bigquery=EDITED)
    assert "dbt on postgres, which has not been done with the dbt project as it is now" in missing(
        edited, "bigquery", PASSED
    )
    check_passed(edited, scope_of(None, "postgres"), PASSED)


def test_a_month_built_by_hand_needs_no_build_of_a_run():
    by_hand = plan([JANUARY], [record(JANUARY, State.LANDED, is_built=True)])
    check_passed(by_hand, scope_of("reconcile", None), {("external tables", ""): (1, True)})
