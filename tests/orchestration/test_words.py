"""What plan and status say and print, without a server."""

import json
from datetime import UTC, date, datetime

import pytest

from ingest.datasets import GREEN
from ingest.errors import SourceError
from orchestration.cli import documents, sentences
from orchestration.cli.tables import Output
from orchestration.ledger.records import MonthRecord
from orchestration.ledger.transitions import State
from orchestration.plan.estimates import Estimate, Outlook
from orchestration.plan.months import PlannedMonth
from orchestration.plan.plan import Plan
from orchestration.plan.reasons import Action, BuildReason, Models, MonthReason, PublishReason, StepReason
from orchestration.planning import Planned
from orchestration.steps import INGEST
from tests.orchestration.test_builds import EDITED, FEBRUARY, JANUARY, plan, record


@pytest.mark.parametrize("reason", [*MonthReason, *BuildReason, *StepReason, *PublishReason])
def test_every_reason_has_words(reason):
    assert sentences.why(reason)


def test_every_action_and_selection_has_words():
    assert all(sentences.todo(PlannedMonth(GREEN, JANUARY, action, MonthReason.NEW)) for action in Action)
    (batch,) = plan([], [record(JANUARY)], EDITED).batches
    assert sentences.what_is_built(batch.builds[0]) == "what changed, and all that depends on it, 2024-01"
    assert set(sentences._MODELS) == set(Models)


@pytest.mark.parametrize(
    ("reason", "changes", "words"),
    [
        (MonthReason.FAILED, {"error": "disk full"}, "failed last time: disk full"),
        (MonthReason.LANDED_ELSEWHERE, {"stores": "gs://other"}, "it was landed elsewhere (gs://other)"),
        (MonthReason.NEW, {}, "new"),
    ],
)
def test_a_months_reason_comes_with_what_the_ledger_knows(reason: MonthReason, changes: dict, words: str):
    planned = PlannedMonth(GREEN, JANUARY, Action.LAND, reason, record(JANUARY, **changes))
    assert sentences.why_month(planned) == words


def test_why_a_month_is_unavailable_is_told_with_it():
    error = SourceError("The source is down", "Run again later")
    planned = PlannedMonth(GREEN, JANUARY, Action.UNAVAILABLE, MonthReason.SOURCE_UNAVAILABLE, error=error)
    assert sentences.why_month(planned) == "source unavailable: The source is down. Run again later"


def outlook(of: Plan) -> Outlook:
    """With a second for each step, and for the landing a megabyte."""
    estimates = [
        Estimate(1, download_bytes=10**6, disk_bytes=10**7) if one.step is INGEST else Estimate(1) for one in of.steps()
    ]
    return Outlook(tuple(estimates), 10**9)


def test_a_plan_shows_months_then_what_is_rebuilt_and_why_then_the_steps_that_months_share(
    capsys: pytest.CaptureFixture[str],
):
    of_two = plan([JANUARY, FEBRUARY], [record(JANUARY)], EDITED)
    Output().print_plan(of_two, outlook(of_two), is_billed=False)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines == [
        "data set month to do why seconds download disk",
        "green 2024-01 nothing done, and the file is unchanged – – –",
        "green 2024-02 land, build, reconcile new 1.0 s 1.0 MB 10.0 MB",
        "rebuild what why",
        "postgres what changed, and all that depends on it, 2024-01 the dbt project changed",
        "postgres what new months change and what changed, 2024-02 the dbt project changed",
        "step about seconds BigQuery bills disk",
        "prepare 1.0 s – –",
        "external tables 1.0 s – –",
        "dbt on postgres 2024-01 1.0 s – –",
        "dbt on postgres 2024-02 1.0 s – –",
        "dbt on bigquery 2024-02 1.0 s – –",
        "reconcile 2024-01, 2024-02 1.0 s – –",
        "publish the ledger 1.0 s – –",
        "Total: 8.0 s; 1.0 MB to download; 10.0 MB of disk, 1.0 GB free",
    ]


def test_a_plan_as_json_has_values_for_programs_and_words_for_people():
    of_one = plan([JANUARY], [record(JANUARY)], EDITED)
    planned = Planned(of_one, "/source", ("notes.csv",), {})
    document = documents.of_plan(planned, outlook(of_one), "0123456789ab")
    document = json.loads(json.dumps(document))
    assert (document["hash"], document["not_taken"]) == ("0123456789ab", ["notes.csv"])
    assert {one["estimate"]["seconds"] for one in document["steps"]} == {1}
    assert document["total"]["seconds"] == len(document["steps"])
    assert [(one["action"], one["reason"], one["why"]) for one in document["months"]] == [
        ("nothing", "done", "done, and the file is unchanged")
    ]
    built = next(one for one in document["steps"] if one["step"] == "dbt on postgres")
    assert (built["subject"], built["models"], built["reason"]) == ("2024-01", "changed", "project_changed")


def test_a_status_has_a_column_for_each_data_set_and_names_what_is_wrong(capsys: pytest.CaptureFixture[str]):
    records = [
        record(JANUARY, rows=1_000),
        record(JANUARY, State.FAILED, "yellow", difference=3, error="the stages differ"),
    ]
    Output().print_status(records)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines == [
        "month green yellow",
        "2024-01 done 1,000 ±0 failed 10 ±3",
        "yellow 2024-01: the stages differ",
    ]


def test_only_five_names_are_shown_of_many():
    assert sentences.gone([f"green 2024-0{month}" for month in range(1, 8)]) == (
        "Gone from the source: green 2024-01, green 2024-02, green 2024-03, green 2024-04, green 2024-05, …;"
        " the rows of all 7 stay"
    )


def test_a_month_as_json_has_the_time_of_its_last_change():
    changed = MonthRecord(**{**vars(record(JANUARY)), "updated_at": datetime(2026, 11, 29, 12, tzinfo=UTC)})
    document = documents.of_month(changed, is_gone=True)
    assert (document["updated_at"], document["gone"]) == ("2026-11-29T12:00:00+00:00", True)
    assert document["month"] == f"{date(2024, 1, 1):%Y-%m}"
