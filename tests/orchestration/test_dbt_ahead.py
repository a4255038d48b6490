"""dbt's process starts while a run plans, if the first batch is small. A run that does not use it kills it."""

from dataclasses import replace
from datetime import date

import psutil
import pytest

from orchestration.ledger.deadline import Deadline, now
from orchestration.plan.builds import Build
from orchestration.plan.plan import Batch, Plan
from orchestration.plan.reasons import BuildReason, Models
from orchestration.run.dbt_ahead import DbtAhead
from orchestration.steps import INGEST

BUILD = Build("postgres", (date(2024, 1, 1),), Models.OF_MONTHS, BuildReason.LANDED)
SMALL = Batch(months=(), builds=(BUILD,), reconciliations=(), rows=2_000)
PLAN = Plan(months=(), rebuilds={}, batches=(SMALL,), publish=None)


@pytest.fixture
def deadline() -> Deadline:
    in_a_minute = Deadline()
    in_a_minute.set(now() + 60)
    return in_a_minute


@pytest.fixture
def this_process() -> psutil.Process:
    return psutil.Process()


def test_a_small_batch_gets_a_process_that_outlives_the_planning(deadline: Deadline, this_process: psutil.Process):
    with DbtAhead(deadline) as ahead:
        ahead.begin(PLAN)
        process = ahead.take()
        assert ahead.take() is None
    assert process is not None
    assert process.pid in [child.pid for child in this_process.children()]
    process.close()
    assert process.pid not in [child.pid for child in this_process.children()]


def test_an_unused_process_is_killed(deadline: Deadline, this_process: psutil.Process):
    others = this_process.children()
    with DbtAhead(deadline) as ahead:
        ahead.begin(PLAN)
        (child,) = [one for one in this_process.children() if one not in others]
    assert not child.is_running()


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, batches=(replace(SMALL, rows=3_000_000),)),
        replace(PLAN, batches=(replace(SMALL, builds=()),)),
        replace(PLAN, scope=frozenset({INGEST.name})),
    ],
    ids=["large files", "nothing to build", "dbt is not in the scope"],
)
def test_no_process_starts_if_dbt_has_to_wait_or_is_not_needed(plan: Plan, deadline: Deadline):
    with DbtAhead(deadline) as ahead:
        ahead.begin(plan)
        assert ahead.take() is None
