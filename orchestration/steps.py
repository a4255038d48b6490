"""The line: every step of a run, in order. The plan lists them, orchestration/run/runner.py walks them."""

from dataclasses import dataclass
from enum import StrEnum


class Granularity(StrEnum):
    """How often a step is done."""

    RUN = "run"
    BATCH = "batch"
    """Once for the months of a batch; a step of dbt, for those of each of its builds."""
    MONTH = "month"


@dataclass(frozen=True)
class Retry:
    """What becomes of a step that failed, besides being done by the next run. The kind of the error decides.

    A transient error, such as a connection that is reset, gets `tries` in a run; those with tries of their own, and a
    server that hung for a minute, get no others. Bad data gets none, and neither does a setting or a missing right.
    """

    tries: int = 1
    pause: float = 5.0
    """Seconds before the second try, with jitter; each pause after that is twice as long."""
    requests: tuple[str, ...] = ("30 s",)
    """What limits the tries of each request within the step: a setting, or so long in all."""
    months_alone: bool = False
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
    source is held to `source_timeout` and `source_minimum_rate`. What gets on and does not come to an end stops the run
    after `hours`.
    """

    name: str
    granularity: Granularity
    needs: tuple[str, ...] = ()
    retry: Retry = Retry()
    failure: Failure = Failure.MONTHS
    limits: tuple[str, ...] = ("silence_seconds", "statement_minutes")
    hours: float = 4
    warehouse: str | None = None
    """The one that it works on, where that is one alone."""


_WITH_SOURCE = ("source_tries", "30 s")
_TWICE = Retry(tries=2)
_DBT = Retry(tries=2, months_alone=True)

PREPARE = Step("prepare", Granularity.RUN, retry=Retry(requests=_WITH_SOURCE), failure=Failure.RUN)
INGEST = Step(
    "ingest",
    Granularity.MONTH,
    ("prepare",),
    Retry(tries=2, requests=_WITH_SOURCE),
    limits=("source_timeout", "source_minimum_rate", "silence_seconds", "statement_minutes"),
    hours=24,  # 500 MB at source_minimum_rate are 14
)
WIDEN = Step("widen", Granularity.MONTH, ("ingest",), _TWICE)
"""Months land again from the lake: those of an earlier declaration that the source does not give, as planned; and those
before a file with wider columns, which are known only when the file has been read."""
EXTERNAL_TABLES = Step("external tables", Granularity.BATCH, ("widen",), failure=Failure.RUN, warehouse="bigquery")
DBT = {
    # Postgres first: its tests are the gate to BigQuery.
    "postgres": Step("dbt on postgres", Granularity.BATCH, ("widen",), _DBT, hours=24, warehouse="postgres"),
    "bigquery": Step(
        "dbt on bigquery",
        Granularity.BATCH,
        ("external tables", "dbt on postgres"),
        _DBT,
        hours=24,
        warehouse="bigquery",
    ),
}
RECONCILE = Step("reconcile", Granularity.BATCH, ("dbt on postgres", "dbt on bigquery"), _TWICE, hours=24)
DROP = Step("drop old partitions", Granularity.BATCH, ("reconcile",), warehouse="postgres")
"""Months that are older than those of the setting postgres_keeps leave Postgres."""
PUBLISH = Step("publish the ledger", Granularity.BATCH, ("reconcile",), warehouse="bigquery")

LINE = (PREPARE, INGEST, WIDEN, EXTERNAL_TABLES, *DBT.values(), RECONCILE, DROP, PUBLISH)
WAREHOUSES = tuple(DBT)
