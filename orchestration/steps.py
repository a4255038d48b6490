"""The line: every step of a run, in order. The plan lists them, orchestration/run/runner.py walks them."""

from dataclasses import dataclass
from enum import StrEnum


class Granularity(StrEnum):
    """How often a step is done."""

    RUN = "run"
    BATCH = "batch"
    """Once for the months of a batch; a step of dbt, for those of each of its builds."""
    MONTH = "month"


class Retry(StrEnum):
    """What becomes of a step that failed, besides being done by the next run. Requests are retried within a step."""

    NEXT_RUN = "next_run"
    MONTHS_ALONE = "months_alone"
    """Where several months fail together because of their data, each is done once more, alone."""


class Failure(StrEnum):
    """Whom a failure stops."""

    RUN = "run"
    """No month would fare better."""
    MONTHS = "months"
    """Those of the step; the others go on."""


@dataclass(frozen=True)
class Step:
    """A step, as the ledger names it.

    Its months must have passed the steps that it `needs`. A server that answers nothing ends it after
    `silence_seconds`, one that works on a statement after `statement_minutes` (settings; ingest/time_limits.py); a
    source is held to `source_timeout` and `source_minimum_rate`.
    """

    name: str
    granularity: Granularity
    needs: tuple[str, ...] = ()
    retry: Retry = Retry.NEXT_RUN
    failure: Failure = Failure.MONTHS
    limits: tuple[str, ...] = ("silence_seconds", "statement_minutes")
    warehouse: str | None = None
    """The one that it works on, where that is one alone."""


PREPARE = Step("prepare", Granularity.RUN, failure=Failure.RUN)
INGEST = Step(
    "ingest",
    Granularity.MONTH,
    ("prepare",),
    limits=("source_timeout", "source_minimum_rate", "silence_seconds", "statement_minutes"),
)
WIDEN = Step("widen", Granularity.MONTH, ("ingest",))
"""Months land again from the lake: those of an earlier declaration that the source does not give, as planned; and those
before a file with wider columns, which are known only when the file has been read."""
EXTERNAL_TABLES = Step("external tables", Granularity.BATCH, ("widen",), failure=Failure.RUN, warehouse="bigquery")
DBT = {
    # Postgres first: its tests are the gate to BigQuery.
    "postgres": Step("dbt on postgres", Granularity.BATCH, ("widen",), Retry.MONTHS_ALONE, warehouse="postgres"),
    "bigquery": Step(
        "dbt on bigquery",
        Granularity.BATCH,
        ("external tables", "dbt on postgres"),
        Retry.MONTHS_ALONE,
        warehouse="bigquery",
    ),
}
RECONCILE = Step("reconcile", Granularity.BATCH, ("dbt on postgres", "dbt on bigquery"))
PUBLISH = Step("publish the ledger", Granularity.BATCH, ("reconcile",), warehouse="bigquery")

LINE = (PREPARE, INGEST, WIDEN, EXTERNAL_TABLES, *DBT.values(), RECONCILE, PUBLISH)
WAREHOUSES = tuple(DBT)
