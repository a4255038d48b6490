"""What each store held of a file month when a run measured it."""

from collections.abc import Mapping

from psycopg.types.json import Jsonb

from ingest.measure import Measure
from orchestration.ledger.records import MonthKey
from orchestration.ledger.session import Session

OF_TODAY = (
    "(stage not like 'postgres%%' or not exists (select from taxi_ledger.months where not is_in_postgres"
    " and (service_type, file_month) = (stages.service_type, stages.file_month)))"
)
"""A condition on rows of taxi_ledger.stages: what Postgres held of a month that has left it is history."""


class Stages:
    """Reads and writes taxi_ledger.stages."""

    def __init__(self, session: Session):
        self._session = session

    def add(self, key: MonthKey, stage: str, measure: Measure, seconds: float) -> None:
        """Record what a store holds of the month."""
        self.add_all(key, {stage: (measure, seconds)})

    def add_all(self, key: MonthKey, stages: Mapping[str, tuple[Measure, float]]) -> None:
        """Record what the stores hold of the month, each with the seconds that it took, in one transaction.

        A month has 35 stages, and a transaction each would take half a second of a busy disk.
        """
        statement = (
            "insert into taxi_ledger.stages"
            " (run_id, run_number, service_type, file_month, stage, rows, cents, digest, columns, seconds)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " on conflict (run_id, service_type, file_month, stage) do update set"
            " rows = excluded.rows, cents = excluded.cents, digest = excluded.digest, columns = excluded.columns,"
            " seconds = excluded.seconds, measured_at = now()"
        )
        run = (self._session.run_id, self._session.run_number, *key)
        rows = [
            (*run, stage, measure.rows, measure.cents, measure.digest, Jsonb(measure.columns), seconds)
            for stage, (measure, seconds) in stages.items()
        ]
        with self._session.writing() as cursor:
            cursor.executemany(statement, rows)

    def latest(self, key: MonthKey) -> dict[str, Measure]:
        """The measure of each stage of the month by the last run that took it; none of Postgres if it has left."""
        rows = self._session.all(
            "select distinct on (stage) stage, rows, cents, columns from taxi_ledger.stages"
            f" where (service_type, file_month) = (%s, %s) and {OF_TODAY} order by stage, run_number desc",
            *key,
        )
        return {
            row["stage"]: Measure(
                row["rows"], row["cents"], {name: tuple(sums) for name, sums in row["columns"].items()}
            )
            for row in rows
        }
