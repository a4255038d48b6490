"""The page of a run: what it does or did, whether that is normal, what failed, and the end of its steps' logs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.masking import masked
from orchestration.ledger.records import RunRecord, StepRecord
from orchestration.page.facts.gantt import Gantt, gantt
from orchestration.page.facts.progress import Progress, progress
from orchestration.page.facts.run_months import Failure, MonthOfRun, failures, months_of
from orchestration.page.facts.runs import usual_seconds
from orchestration.page.facts.step_log import StepLog, step_log
from orchestration.page.facts.texts import brief, clipped
from orchestration.page.reading import NotFoundError, Reading
from orchestration.steps import INGEST

_SHOWN = 80
"""Steps: more make the page larger than it should be."""
_MUCH_SLOWER = 2.0
_SECONDS_SLOWER = 5.0


@dataclass(frozen=True)
class StepLine:
    """A step. `offset` is when it began, in seconds after the run; `is_slow`: more than twice as long as usual."""

    step: str
    subject: str
    attempt: int | None
    outcome: str
    started_at: datetime
    offset: float
    seconds: float | None
    usual_seconds: float | None
    is_slow: bool
    rows: int | None
    bytes: int | None
    bytes_billed: int | None
    error: str | None


@dataclass(frozen=True)
class Origin:
    """Who began a run, how, and with which code."""

    command: str
    by: str | None
    host: str | None
    trigger: str
    request: int | None
    profile: str
    source: str
    git_commit: str | None
    is_dirty: bool | None
    requirements_sha256: str | None
    dbt_project: str | None
    versions: dict[str, str]


@dataclass(frozen=True)
class Run:
    """The page. `is_open`: its process is at work. `steps` are those of `steps_in_all` that tell most."""

    run: str
    outcome: str
    is_open: bool
    sentence: str
    failures: list[Failure]
    failures_in_all: int
    error: str | None
    started_at: datetime
    finished_at: datetime | None
    seconds: float
    usual_seconds: float | None
    bytes_billed: int | None
    progress: Progress
    steps: list[StepLine]
    steps_in_all: int
    chart: Gantt
    months: list[MonthOfRun]
    origin: Origin
    log: StepLog | None
    now: datetime


def facts(reading: Reading, run: str, step: str = "") -> Run:
    """The run with this id; with `step`, the log of such steps. Raises NotFoundError."""
    ledger, now = reading.ledger, reading.now
    found = ledger.runs.get(run)
    if found is None:
        raise NotFoundError(f"There is no run {run}", "See /runs")
    is_open = found.outcome == "running" and run in {one.run_id for one in ledger.at_work()}
    is_broken_off = found.outcome == "running" and not is_open
    records, usual = ledger.runs.steps_of(run), ledger.runs.usual_seconds()
    seconds = ((found.finished_at or now) - found.started_at).total_seconds()
    steps = _chosen([_line(one, found.started_at, usual, now if is_open else None) for one in records])
    months, state = months_of(reading, run), reading.settings.run.state_dir
    failed = failures(months, found.error if found.outcome != "done" else None)
    landed = len({one.subject for one in records if one.step == INGEST.name})
    folder = state / "runs" / run
    return Run(
        run=run,
        outcome="interrupted" if is_broken_off else found.outcome,
        is_open=is_open,
        sentence=_sentence(found, is_open, is_broken_off, len(failed), records),
        failures=failed[:_SHOWN],
        failures_in_all=len(failed),
        error=clipped(found.error),
        started_at=found.started_at,
        finished_at=found.finished_at,
        seconds=seconds,
        usual_seconds=usual_seconds(reading).get(landed),
        bytes_billed=found.bytes_billed,
        progress=progress(state, folder, records, usual, now, is_open),
        steps=steps,
        steps_in_all=len(records),
        chart=gantt(steps, seconds if not is_broken_off else 0),
        months=months,
        origin=_origin(found, reading.rows("select versions from taxi_ledger.runs where run_id = %s", run)),
        log=step_log(folder, records, step) if step else None,
        now=now,
    )


def _line(record: StepRecord, began: datetime, usual: dict[str, float], now: datetime | None) -> StepLine:
    seconds = record.milliseconds / 1000 if record.milliseconds is not None else None
    if record.outcome == "running" and now:
        seconds = (now - record.started_at).total_seconds()
    usually = usual.get(record.step)
    is_slow = seconds is not None and usually is not None and seconds > max(
        _MUCH_SLOWER * usually, usually + _SECONDS_SLOWER
    )  # fmt: skip
    return StepLine(
        record.step, record.subject, record.attempt, record.outcome, record.started_at,
        max(0.0, (record.started_at - began).total_seconds()), seconds, usually, is_slow, record.rows, record.bytes,
        record.bytes_billed, brief(record.error),
    )  # fmt: skip


def _chosen(steps: list[StepLine]) -> list[StepLine]:
    """All, or of many those that did not end well, and of the others the last."""
    if len(steps) <= _SHOWN:
        return steps
    bad = [number for number, one in enumerate(steps) if one.outcome != "done"][-_SHOWN:]
    others = [number for number in range(len(steps)) if number not in set(bad)]
    kept = {*bad, *others[len(others) - (_SHOWN - len(bad)) :]} if len(bad) < _SHOWN else {*bad}
    return [one for number, one in enumerate(steps) if number in kept]


def _sentence(run: RunRecord, is_open: bool, is_broken_off: bool, failed: int, steps: list[StepRecord]) -> str:
    if is_open:
        at_work = [f"{one.step} {one.subject}".strip() for one in steps if one.outcome == "running"]
        return f"It is in progress: {'; '.join(at_work)}." if at_work else "It is in progress."
    if is_broken_off:
        return "It broke off: its process is gone. The next run goes on from what has landed."
    if run.outcome == "failed" and failed:
        return "It failed." if failed == 1 else f"It failed, for {failed} reasons."
    return {
        "done": "It did all that was wanted.",
        "failed": "It failed.",
        "interrupted": "It was interrupted. What has landed is kept, and the next run goes on from there.",
    }.get(run.outcome, f"It is {run.outcome}.")


def _origin(run: RunRecord, versions: list[dict[str, Any]]) -> Origin:
    return Origin(
        command=masked(brief(run.command) or ""), by=run.started_by, host=run.host, trigger=run.trigger,
        request=run.request_number, profile=run.profile, source=masked(run.source), git_commit=run.git_commit,
        is_dirty=run.is_dirty, requirements_sha256=run.requirements_sha256, dbt_project=run.dbt_project,
        versions=versions[0]["versions"] if versions else {},
    )  # fmt: skip
