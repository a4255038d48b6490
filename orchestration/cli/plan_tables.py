"""The tables of `plan`: the wanted months, what is rebuilt, the steps that months share; and the total."""

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from ingest.months import label
from orchestration.cli import sentences
from orchestration.cli.amounts import shown_bytes, shown_seconds
from orchestration.plan.estimates import Basis, Estimate, Outlook
from orchestration.plan.months import PlannedMonth
from orchestration.plan.plan import Plan
from orchestration.plan.reasons import BuildReason
from orchestration.steps import INGEST, WIDEN


def of_plan(plan: Plan, outlook: Outlook) -> Iterator[Table]:
    """The tables, with what each line takes."""
    estimates = list(zip(plan.steps(), outlook.steps, strict=True))
    of_months = {one.subject: estimate for one, estimate in estimates if one.step in (INGEST, WIDEN)}
    table = _table(("data set", "month", "to do", "why"), ("seconds", "download", "disk"))
    for planned in plan.months:
        table.add_row(*_month(planned), *_takes(of_months.get(str(planned))))
    yield table
    builds = [one.build for one, _ in estimates if one.build and one.build.reason is not BuildReason.LANDED]
    if builds:
        table = _table(("rebuild", "what", "why"), ())
        for build in builds:
            table.add_row(build.warehouse, sentences.what_is_built(build), sentences.why(build.reason))
        yield table
    shared = [(one, estimate) for one, estimate in estimates if one.subject not in of_months]
    if shared:
        table = _table(("step", "about"), ("seconds", "BigQuery bills", "disk"))
        for one, estimate in shared:
            billed = f"{shown_bytes(estimate.bytes_billed)}{f' ({estimate.basis})' if estimate.basis else ''}"
            table.add_row(
                one.step.name, one.subject, shown_seconds(estimate.seconds), billed, shown_bytes(estimate.disk_bytes)
            )
        yield table


def total(outlook: Outlook, is_billed: bool) -> str:
    """What all of it takes; `is_billed`: this BigQuery is Google's."""
    of_all = outlook.total
    if not outlook.steps:
        return "Total: nothing to do"
    seconds = shown_seconds(of_all.seconds)
    if of_all.seconds is not None and outlook.without_seconds:
        seconds += f" and {outlook.without_seconds} steps without a figure yet"
    parts = [seconds]
    if of_all.bytes_billed is not None:
        least = "at least " if of_all.basis is Basis.COLUMN_SIZES else ""
        bills = "BigQuery bills" if is_billed else "Google's BigQuery would bill"
        parts.append(f"{bills} {least}{shown_bytes(of_all.bytes_billed)} (by {of_all.basis})")
    if of_all.download_bytes:
        parts.append(f"{shown_bytes(of_all.download_bytes)} to download")
    short = ": not enough" if of_all.disk_bytes > outlook.disk_free else ""
    parts.append(f"{shown_bytes(of_all.disk_bytes)} of disk, {shown_bytes(outlook.disk_free)} free{short}")
    return f"Total: {'; '.join(parts)}"


def _month(planned: PlannedMonth) -> tuple[str, ...]:
    return (
        planned.dataset.name,
        label(planned.month),
        sentences.todo(planned),
        escape(sentences.why_month(planned)),
    )


def _takes(estimate: Estimate | None) -> tuple[str, ...]:
    if estimate is None:
        return "–", "–", "–"
    return shown_seconds(estimate.seconds), shown_bytes(estimate.download_bytes), shown_bytes(estimate.disk_bytes)


def _table(texts: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(*texts, box=None, header_style="bold")
    for number in numbers:
        table.add_column(number, justify="right")
    return table
