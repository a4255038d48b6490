"""The words for what a plan does and why."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ingest.months import label
from orchestration.plan.builds import Build
from orchestration.plan.months import PlannedMonth
from orchestration.plan.reasons import Action, BuildReason, Models, MonthReason, PublishReason, StepReason
from orchestration.run.adopt import Adopted

if TYPE_CHECKING:
    from orchestration.check.items import Report

_SHOWN = 5

_TODO = {
    Action.LAND: "land, build, reconcile",
    Action.LAND_AGAIN: "land again from the lake, build, reconcile",
    Action.BUILD: "build, reconcile",
    Action.RECONCILE: "reconcile",
    Action.NOTHING: "nothing",
    Action.WAIT: "nothing: it waits",
    Action.UNAVAILABLE: "unavailable",
}
_DONE_SOMEHOW = (Action.LAND, Action.LAND_AGAIN, Action.BUILD, Action.RECONCILE)
_WHY_MONTH = {
    MonthReason.NEW: "new",
    MonthReason.FORCED: "forced",
    MonthReason.INTERRUPTED: "interrupted while landing",
    MonthReason.FILE_CHANGED: "the file changed",
    MonthReason.COLUMNS_CHANGED: "the declared columns changed",
    MonthReason.LANDED_ELSEWHERE: "it was landed elsewhere",
    MonthReason.FAILED: "failed last time",
    MonthReason.ACCEPTED: "accepted",
    MonthReason.FORMER_FILE: "the file is again the one that landed",
    MonthReason.NOT_RECONCILED: "landed, not yet reconciled",
    MonthReason.DONE: "done, and the file is unchanged",
    MonthReason.SUSPECT: "suspect",
    MonthReason.NOT_PUBLISHED: "not published",
    MonthReason.SOURCE_UNAVAILABLE: "source unavailable",
    MonthReason.GONE: "gone from the source; its rows stay",
    MonthReason.KEPT_AGAIN: "Postgres keeps it by postgres_keeps, and does not have it",
    MonthReason.REFUSED: "refused by the source, or gone from it; its rows stay",
}
_WHY_BUILD = {
    BuildReason.LANDED: "the months that land",
    BuildReason.NEVER_BUILT: "it was never built as a whole",
    BuildReason.RELATION_MISSING: "a table or view is gone",
    BuildReason.PROJECT_CHANGED: "the dbt project changed",
    BuildReason.SETTINGS_CHANGED: "the dbt project's settings or macros by file month, or dbt_select, changed",
    BuildReason.NOTHING_TO_COMPARE: "the dbt project changed, and the manifest of the last build is not there",
}
_WHY_STEP = {
    StepReason.WORK_TO_COME: "there is work to do",
    StepReason.BUILDS_TO_COME: "dbt builds from them",
    StepReason.TABLES_CHANGE: "the tables of these months change",
    StepReason.OLDER_THAN_KEPT: "they are older than what Postgres keeps (postgres_keeps)",
}
_WHY_PUBLISH = {
    PublishReason.MONTHS_CHANGE: "months change, or fail",
    PublishReason.COPY_IS_OLDER: "BigQuery's copy is older than the ledger",
}
_MODELS = {
    Models.OF_MONTHS: "what new months change",
    Models.CHANGED: "what changed, and all that depends on it",
    Models.OF_MONTHS_AND_CHANGED: "what new months change and what changed",
    Models.ALL: "all models",
}


def todo(planned: PlannedMonth) -> str:
    """What is to be done for a month."""
    if planned.lander:
        return "nothing now"
    if planned.reason is MonthReason.KEPT_AGAIN:
        return "bring back to Postgres from the lake, build there, reconcile"
    text = _TODO[planned.action]
    return f"{text}, without Postgres" if planned.skips_postgres and planned.action in _DONE_SOMEHOW else text


def why_month(planned: PlannedMonth) -> str:
    """Why, with what the ledger knows of it."""
    record, text = planned.record, _WHY_MONTH[planned.reason]
    if planned.lander:
        return f"run {planned.lander} is landing it"
    if planned.awaited and planned.reason is MonthReason.NOT_PUBLISHED:
        return planned.awaited.words
    if planned.reason is MonthReason.FAILED and record and record.error:
        text = f"{text}: {record.error}"
    if planned.reason is MonthReason.LANDED_ELSEWHERE and record:
        text = f"{text} ({record.stores})"
    return f"{text}: {planned.error}" if planned.error else text


def why(reason: MonthReason | BuildReason | StepReason | PublishReason) -> str:
    """Why a step is done."""
    match reason:
        case MonthReason():
            return _WHY_MONTH[reason]
        case BuildReason():
            return _WHY_BUILD[reason]
        case StepReason():
            return _WHY_STEP[reason]
        case PublishReason():
            return _WHY_PUBLISH[reason]


def what_is_built(build: Build) -> str:
    """Which models, for which months."""
    tests = ", with dbt's tests" if build.warehouse == "bigquery" and build.is_tested else ""
    return f"{_MODELS[build.models]}, {few([label(month) for month in build.months])}{tests}"


def adopted(found: Adopted) -> str:
    """What was recorded of a build by hand, and what is left to do."""
    text = f"Recorded: {found.made} models and seeds on {found.warehouse} are built from this project."
    if found.behind:
        what = " and ".join(found.behind)
        text += f" Not yet on {what}: build there and adopt again, or leave it to the next run."
    if found.to_reconcile:
        text += f" The next run reconciles {found.to_reconcile} file months."
    return text


def gone(months: Sequence[str], what: str = "Gone from the source") -> str:
    """'Gone from the source: green 2024-01; …'."""
    rows = "its rows stay" if len(months) == 1 else f"the rows of all {len(months):,} stay"
    return f"{what}: {few(months)}; {rows}"


def few(names: Sequence[str]) -> str:
    """The first names, and that there are more."""
    return ", ".join([*names[:_SHOWN], *["…"] * (len(names) > _SHOWN)])


def of_check(profile: str, report: "Report") -> str:
    """What a check has answered, and how many items passed."""
    asked = "Google Cloud" if profile == "gcp" else f"the servers of the profile {profile}"
    settled = [f"Settled, of {asked}:", *(f"  {answer}." for answer in report.settled)] if report.settled else []
    if profile != "gcp" and settled:
        settled.append("  Only the profile gcp answers for Google Cloud.")
    outcomes = Counter(str(result.outcome) for result in report.results)
    count = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
    verdict = "a run finds all that it needs." if report.has_passed else "a run lacks what is missing above."
    return "\n".join(["", *settled, *([""] if settled else []), f"{count}: {verdict}"])
