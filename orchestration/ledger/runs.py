"""The runs of the ledger and their steps."""

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from psycopg.types.json import Jsonb

from common.masking import masked
from ingest.errors import StoreError
from orchestration import interrupts
from orchestration.ledger import holders, lease
from orchestration.ledger.claims import PostponedError
from orchestration.ledger.records import LAND, RUN, LikeRuns, PastStep, RunRecord, StepFigures, StepRecord
from orchestration.ledger.session import Session
from orchestration.steps import INGEST

_PACKAGES = ("dlt", "dbt-core", "dbt-postgres", "dbt-bigquery", "pyarrow", "google-cloud-storage")
_RUN = (
    "run_id, command, profile, source, started_at, finished_at, outcome, error, started_by, host, trigger, git_commit,"
    " is_dirty, requirements_sha256, dbt_project, arguments, bytes_billed,"
    " request_number, kind"
)
_STEP = (
    "step, subject, started_at, outcome, error, milliseconds, months, warehouse, attempt, rows, bytes, bytes_billed,"
    " log_file, pid"
)


class Runs:
    """Reads and writes taxi_ledger.runs and .steps."""

    def __init__(self, session: Session):
        self._session = session
        self._began = time.monotonic()

    def start(self, command: str, profile: str, source: str, kind: str = RUN, **origin: Any) -> str:
        """Take a lease, open a run and return its id. `kind` LAND takes a lander's lease, RUN that of the line.

        `origin` has further columns of the run: who began it, and with which code. Raises BusyError while another run
        has the line's lease.
        """
        session = self._session
        session.lease = (lease.join if kind == LAND else lease.take)(session.connection, command)
        holders.end_dead_landers(session.connection)
        # A run that still says 'running', and holds no lease, was killed.
        session.write(
            "update taxi_ledger.runs set outcome = 'interrupted', finished_at = now() where outcome = 'running'"
            " and run_id not in (select run_id from taxi_ledger.lease where not is_free)"
        )
        session.write(
            "update taxi_ledger.steps set outcome = 'interrupted' where outcome = 'running'"
            " and run_id not in (select run_id from taxi_ledger.runs where outcome = 'running')"
        )
        versions = Jsonb({package: version(package) for package in _PACKAGES})
        names = "".join(f", {name}" for name in origin)
        inserted = None
        while not inserted:  # where the clock was set back, the second of this start may have had a run before
            session.run_id = f"{_time_of_start()}-{secrets.token_hex(2)}"
            values = (session.run_id, command, profile, source, versions, kind, *origin.values())
            with session.writing() as cursor:  # at once: a run that is open, and has no lease, counts as killed
                inserted = cursor.execute(
                    f"insert into taxi_ledger.runs (run_id, command, profile, source, versions, kind{names})"
                    f" values (%s, %s, %s, %s, %s, %s{', %s' * len(origin)})"
                    " on conflict do nothing returning run_number",
                    values,
                ).fetchall()
                cursor.execute(
                    "update taxi_ledger.lease set run_id = %s where epoch = %s", (session.run_id, session.lease.epoch)
                )
        session.run_number, self._began = inserted[0]["run_number"], time.monotonic()
        session.one("select set_config('application_name', %s, false)", holders.application_name(session.run_id))
        return session.run_id

    def finish(self, outcome: str, error: str | None = None) -> None:
        """Close the run, and let go of the lease."""
        session = self._session
        session.write(
            "update taxi_ledger.runs set outcome = %s, error = %s, finished_at = now() where run_id = %s",
            outcome, error and masked(error), session.run_id,
        )  # fmt: skip
        session.write(
            "update taxi_ledger.steps set outcome = 'interrupted' where run_id = %s and outcome = 'running'",
            session.run_id,
        )
        self._release()

    def withdraw(self) -> None:
        """Forget the run, which did and recorded nothing, and let go of the lease."""
        self._session.write("delete from taxi_ledger.runs where run_id = %s", self._session.run_id)
        self._release()

    def _release(self) -> None:
        session = self._session
        if not (held := session.lease):
            return
        with session.writing() as cursor:
            for table in ("claims", "data_set_claims"):
                cursor.execute(f"delete from taxi_ledger.{table} where epoch = %s", (held.epoch,))
            if held.scope == holders.LAND:
                cursor.execute("delete from taxi_ledger.lease where epoch = %s", (held.epoch,))
            else:
                cursor.execute("update taxi_ledger.lease set is_free = true where epoch = %s", (held.epoch,))
        if held.scope == holders.LAND:
            session.lease = None

    def killed(self) -> list[str]:
        """The runs that were broken off since one last came to its end; no landers, which leave nothing behind."""
        rows = self._session.all(
            "select run_id from taxi_ledger.runs where outcome = 'interrupted' and kind = %s and run_number >"
            " (select coalesce(max(run_number), 0) from taxi_ledger.runs"
            " where outcome in ('done', 'failed') and kind = %s)",
            RUN, RUN,
        )  # fmt: skip
        return [row["run_id"] for row in rows]

    def get(self, run_id: str) -> RunRecord | None:
        """A run by its id."""
        row = self._session.one(f"select {_RUN} from taxi_ledger.runs where run_id = %s", run_id)
        return RunRecord(**row) if row else None

    def last(self, kind: str | None = None) -> RunRecord | None:
        """The run that began last, perhaps of one kind."""
        row = self._session.one(
            f"select {_RUN} from taxi_ledger.runs where %s::text is null or kind = %s order by run_number desc limit 1",
            kind, kind,
        )  # fmt: skip
        return RunRecord(**row) if row else None

    def last_done_at(self) -> datetime | None:
        """When a run last ended with all that it wanted done."""
        row = self._session.one("select max(finished_at) as at from taxi_ledger.runs where outcome = 'done'")
        return row["at"] if row else None

    def steps_of(self, run_id: str) -> list[StepRecord]:
        """The steps of a run, in the order in which they began."""
        query = f"select {_STEP} from taxi_ledger.steps where run_id = %s order by step_number"
        return [StepRecord(**row) for row in self._session.all(query, run_id)]

    def latest_steps(self) -> dict[tuple[str, str], tuple[int, bool]]:
        """By step and month, as in steps.months ('' for steps without): the latest's number, and if it is done."""
        rows = self._session.all(
            "select distinct on (step, month) step, coalesce(month, '') as month, step_number, outcome"
            " from taxi_ledger.steps left join lateral unnest(months) as month on true"
            " order by step, month, step_number desc"
        )
        return {(row["step"], row["month"]): (row["step_number"], row["outcome"] == "done") for row in rows}

    def past_steps(self) -> dict[str, list[PastStep]]:
        """The last 10 of each step that ended well, the newest first."""
        found: dict[str, list[PastStep]] = {}
        for row in self._session.all(
            "select step, milliseconds / 1000.0::float as seconds, bytes, bytes_billed from ("
            " select *, row_number() over (partition by step order by step_number desc) as place"
            " from taxi_ledger.steps where outcome = 'done' and milliseconds is not null"
            ") as latest where place <= 10 order by step_number desc"
        ):
            found.setdefault(row.pop("step"), []).append(PastStep(**row))
        return found

    def usual_seconds(self) -> dict[str, float]:
        """The median duration of each step, over the last 10 that ended well."""
        rows = self._session.all(
            "select step, percentile_cont(0.5) within group (order by milliseconds) / 1000 as seconds"
            " from (select distinct step from taxi_ledger.steps) as known, lateral ("
            "  select milliseconds from taxi_ledger.steps where steps.step = known.step and outcome = 'done'"
            "  and milliseconds is not null order by step_number desc limit 10"
            ") as latest group by step order by step"
        )
        return {row["step"]: row["seconds"] for row in rows}

    def newest_and_like(self, count: int = 10) -> LikeRuns | None:
        """The newest run that landed months and ended well, and the last `count` before it that did as much."""
        rows = self._session.all(
            "with landed as ("
            " select run_number, run_id, profile, kind, started_at, finished_at,"
            "  extract(epoch from finished_at - started_at)::float as seconds,"
            "  (select string_agg(split_part(subject, ' ', 1), ' ' order by subject) from taxi_ledger.steps"
            "   where steps.run_id = runs.run_id and step = %s) as datasets"
            " from taxi_ledger.runs where outcome = 'done' order by run_number desc limit 200"
            "), newest as (select * from landed where datasets is not null order by run_number desc limit 1)"
            " select landed.* from landed inner join newest using (profile, datasets, kind)"
            " order by landed.run_number desc limit %s",
            INGEST.name, count + 1,
        )  # fmt: skip
        if not rows:
            return None
        first, seconds = rows[0], tuple(row["seconds"] for row in rows)
        return LikeRuns(first["run_id"], first["started_at"], first["finished_at"], seconds[0], seconds[1:])

    def worked_since(self, moment: datetime, steps: Sequence[str]) -> str:
        """A step among `steps` that lasted until after `moment`, as 'run: step subject'; '' where there is none.

        A step that was killed may have lasted until the next run began.
        """
        row = self._session.one(
            "select concat_ws(' ', run_id || ':', step, subject) as what from taxi_ledger.steps"
            " inner join taxi_ledger.runs using (run_id) where step = any(%s)"
            " and coalesce(steps.finished_at, runs.finished_at, now()) >= %s order by step_number desc limit 1",
            list(steps), moment,
        )  # fmt: skip
        return row["what"].strip() if row else ""

    @contextmanager
    def step(
        self,
        step: str,
        subject: str = "",
        warehouse: str | None = None,
        log_file: str | None = None,
        pid: int | None = None,
    ) -> Iterator[StepFigures]:
        """Record what happens inside as a step of the run: how long it took, and the error it ended with, if any.

        `pid` is the process that does the work, if it is not this one. Gives what the caller tells the figures to.
        """
        run_id, months = self._session.run_id, subject.split(", ") if subject else []
        number = self._session.write(
            "insert into taxi_ledger.steps (run_id, step, subject, months, warehouse, log_file, pid, attempt)"
            " select %s, %s, %s, %s, %s, %s, %s, count(*) + 1 from taxi_ledger.steps"
            " where run_id = %s and step = %s and months && %s::text[] returning step_number",
            run_id, step, subject, months, warehouse, log_file, pid or os.getpid(), run_id, step, months,
        )[0]["step_number"]  # fmt: skip
        began, figures = time.monotonic(), StepFigures()

        def finish(outcome: str, error: str | None) -> None:
            now = time.monotonic()
            self._session.write(
                "update taxi_ledger.steps set finished_at = now(), outcome = %s, error = %s, milliseconds = %s,"
                " run_milliseconds = %s, rows = %s, bytes = %s, bytes_billed = %s where step_number = %s",
                outcome, error, int((now - began) * 1000), int((now - self._began) * 1000),
                figures.rows, figures.bytes, figures.bytes_billed, number,
            )  # fmt: skip
            if figures.bytes_billed is not None:
                self._session.write(
                    "update taxi_ledger.runs set bytes_billed = coalesce(bytes_billed, 0) + %s where run_id = %s",
                    figures.bytes_billed, run_id,
                )  # fmt: skip

        try:
            yield figures
        except BaseException as failure:
            with suppress(StoreError):  # what broke the step may be Postgres; the error to tell is the first one
                if isinstance(failure, KeyboardInterrupt):
                    interrupts.acknowledge()
                error = masked(str(failure)) or type(failure).__name__
                has_failed = not isinstance(failure, (KeyboardInterrupt, PostponedError))
                finish("failed" if has_failed else "interrupted", error)
            raise
        finish("done", None)


def _time_of_start() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
