"""A batch of months on its way through the line: each step gets the months that passed the steps that it needs."""

from collections.abc import Callable, Collection
from contextlib import ExitStack
from datetime import date
from types import TracebackType

from ingest import external_tables, postgres
from ingest.datasets import DATASETS, Column
from ingest.months import label
from ingest.postgres_connection import connect
from ingest.time_limits import LOCK
from ingest.watched_postgres import session_settings
from orchestration.ledger.claims import Purpose
from orchestration.ledger.records import MonthKey
from orchestration.ledger.transitions import State
from orchestration.memory import give_back
from orchestration.plan.plan import Batch, chunks
from orchestration.plan.reasons import MonthReason
from orchestration.plan.wanted import is_redeclared
from orchestration.run.ahead import MeasuredAhead
from orchestration.run.build import Building, parse_cache
from orchestration.run.context import Context
from orchestration.run.dbt_ahead import has_builds, lands_beside_dbt
from orchestration.run.drop import drop_old_partitions
from orchestration.run.land import Landing
from orchestration.run.measure import Part
from orchestration.run.reconcile import reconcile
from orchestration.run.widen import Widening
from orchestration.steps import DBT, DROP, EXTERNAL_TABLES, INGEST, RECONCILE, WIDEN, Step
from orchestration.warehouses.dbt import Dbt


class BatchWork:
    """What a run does for one batch of its plan; `do` a step of the line after the other, within a `with`."""

    def __init__(
        self,
        context: Context,
        batch: Batch,
        landing: Landing,
        widening: Widening,
        building: Building,
        scope: Collection[str],
    ):
        self._context = context
        self._scope = scope
        self._batch = batch
        self._landing = landing
        self._widening = widening
        self._building = building
        self._entered = ExitStack()
        self._dbt: Dbt | None = None
        self._ahead: MeasuredAhead | None = None
        self._passed: dict[str, set[date]] = {}
        self._landed: list[MonthKey] = []
        self._widened: list[MonthKey] = []
        self._claimed: list[MonthKey] = []
        self._work: dict[str, Callable[[set[date]], set[date]]] = {
            INGEST.name: self._ingest,
            WIDEN.name: self._widen,
            EXTERNAL_TABLES.name: self._refresh_external_tables,
            **{step.name: self._build_on(warehouse) for warehouse, step in DBT.items()},
            RECONCILE.name: self._reconcile,
            DROP.name: self._drop,
        }

    def __enter__(self) -> "BatchWork":
        if lands_beside_dbt(self._batch, self._scope):
            builds = [build for build in self._batch.builds if DBT[build.warehouse].name in self._scope]
            for warehouse in dict.fromkeys(build.warehouse for build in builds):
                folder = self._context.folder / f"project_{warehouse}"
                self._start_dbt().read(warehouse, folder, parse_cache(self._context, warehouse))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._ahead:
            self._ahead.close()
        self._entered.__exit__(kind, error, traceback)
        if self._claimed and error is None:  # otherwise they end with the lease
            self._context.ledger.claims.let_go(self._claimed)

    def do(self, step: Step) -> None:
        """Do this step for the file months that passed the steps that it needs.

        One that is not in the scope is passed by: its months have passed it before (orchestration/plan/scope.py).
        """
        before = [self._passed[name] for name in step.needs if name in self._passed]
        months = set.intersection(*before) if before else set()
        if step.name in self._scope:
            self._context.budget.check(step.name)
        elif step not in (INGEST, WIDEN):
            self._passed[step.name] = months
            return
        self._passed[step.name] = self._work[step.name](months)

    def _ingest(self, _: set[date]) -> set[date]:
        is_passed_by = INGEST.name not in self._scope
        landed = self._batch.months if is_passed_by else self._landing.land(self._batch.months)
        give_back()
        self._landed = [planned.key for planned in landed]
        return {month for _, month in self._landed} | self._batch.held

    def _widen(self, _: set[date]) -> set[date]:
        """Earlier months follow the columns of today; from here on only months that both stores hold whole go on."""
        returning = [planned.key for planned in self._batch.months if planned.reason is MonthReason.KEPT_AGAIN]
        followed, failed = self._widening.follow(returning) if WIDEN.name in self._scope else ([], [])
        self._widened = [key for key in followed if key not in returning]
        going = self._claim({month for _, month in {*self._landed} - {*failed}} | self._batch.held)
        self._context.touch(self._batch.waiting)
        stores = self._context.connections.stores
        left_out: set[date] = set()
        for (dataset, month), record in sorted(self._context.ledger.months.all().items()):
            if month not in going or not (record.stores_differ or is_redeclared(record, stores)):
                continue
            text = f"{label(month)} is not built: "
            if record.stores_differ:
                text += f"the landing of {dataset} broke off between Postgres and the lake"
            else:
                text += f"{dataset} is in the lake by an earlier declaration of its columns"
            self._context.events.warn(text)
            self._context.failures.append(text)
            left_out.add(month)
        if self._batch.is_rebuild:  # what of them is done is so by the project of before
            self._context.ledger.months.tables_changed(left_out)
        return going - left_out

    def _claim(self, months: set[date]) -> set[date]:
        """Claim these file months of all data sets until the batch ends; returns those that no lander has.

        What is built of a file month, tested and measured then is one edition of each of its files.
        """
        claims, context = self._context.ledger.claims, self._context
        keys = [(dataset, month) for dataset in DATASETS for month in sorted(months)]
        taken = claims.take(keys, Purpose.BUILD)
        self._claimed = [key for key in keys if key not in taken]
        left_out = {month for _, month in taken}
        for month in sorted(left_out):
            who = ", ".join(f"{dataset}: {claim}" for (dataset, of), claim in sorted(taken.items()) if of == month)
            context.events.say(f"{label(month)} is not built now: {who}")
        if left_out:
            claims.let_go([key for key in self._claimed if key[1] in left_out])
            self._claimed = [key for key in self._claimed if key[1] not in left_out]
            if self._batch.is_rebuild:  # what of them is done is so by the project of before
                context.ledger.months.tables_changed(left_out)
        return months - left_out

    def _refresh_external_tables(self, months: set[date]) -> set[date]:
        if not months and not self._widened:
            return months
        if others := months & {*self._batch.others}:
            self._context.events.say(
                f"The dbt project changed, or a table is gone: {len(others)} more file months are brought up to it"
            )
        connections = self._context.connections
        if months and has_builds(self._batch, self._scope):
            self._start_dbt()
        with self._context.step(EXTERNAL_TABLES):
            undeclared: dict[str, tuple[Column, ...]] = {}
            with connect(connections.dsn) as connection:
                for dataset in DATASETS.values():
                    declared = {column.name for column in dataset.columns}
                    types = postgres.column_types(connection, dataset)
                    undeclared[dataset.name] = tuple(
                        Column(name, column_type, "") for name, column_type in types.items() if name not in declared
                    )
            external_tables.ensure_external_tables(
                connections.bigquery, connections.lake.bucket, connections.bigquery_settings.location, undeclared
            )
        return months

    def _build_on(self, warehouse: str) -> Callable[[set[date]], set[date]]:
        def build(months: set[date]) -> set[date]:
            builds = [build for build in self._batch.builds if build.warehouse == warehouse]
            named = {month for build in builds for month in build.months}
            if named & months:
                self._start_dbt()
            # A warehouse that is as the project would build it has nothing to do for months that are built there.
            if warehouse == "bigquery" and named & months and RECONCILE.name in self._scope:
                self._measure_ahead(months)
            passed = self._building.build(self._dbt, builds, months) if self._dbt else []
            return (months - named) | {*passed}

        return build

    def _reconcile(self, months: set[date]) -> set[date]:
        self._entered.close()  # dbt gives its memory back
        context = self._context
        measured = self._to_measure(months)
        planned = self._to_reconcile(measured)
        for keys in planned:
            reconcile(context, keys, self._ahead)
        followers = sorted({*self._widened} & self._whole_months() - {key for keys in planned for key in keys})
        if taken := context.ledger.claims.take(followers, Purpose.BUILD) if followers else {}:
            followers = [key for key in followers if key not in taken]
        self._claimed += [key for key in followers if key not in self._claimed]
        for some in chunks(followers, context.settings.batch_months):
            reconcile(context, some)
        return measured

    def _to_measure(self, months: set[date]) -> set[date]:
        """A change that left the tables of the others alone, such as a report's, is none that has to be measured."""
        return months - ({*self._batch.others} - self._building.rebuilt)

    def _to_reconcile(self, measured: set[date]) -> list[list[MonthKey]]:
        """The whole file months of these months, as many at once as the plan says."""
        is_whole = self._whole_months()
        planned = [
            [key for key in one.keys if key[1] in measured and key in is_whole] for one in self._batch.reconciliations
        ]
        return [keys for keys in planned if keys]

    def _whole_months(self) -> set[MonthKey]:
        stores = self._context.connections.stores
        return {
            key
            for key, record in self._context.ledger.months.all().items()
            if record.state in (State.LANDED, State.DONE) and record.is_held_in(stores)
        }

    def _measure_ahead(self, months: set[date]) -> None:
        """Begin to measure these months, for the reconciliation; on BigQuery not where a run may bill only so much."""
        records = self._context.ledger.months.all()
        planned = self._to_reconcile(self._to_measure(months))
        rows = {key: records[key].rows or 0 for keys in planned for key in keys}
        in_postgres = {key: count for key, count in rows.items() if records[key].is_in_postgres}
        parts = {Part.POSTGRES: in_postgres, Part.RAW_ON_BIGQUERY: {} if self._context.budget.is_limited else rows}
        if parts := {part: of_part for part, of_part in parts.items() if of_part}:
            self._ahead = MeasuredAhead(self._context.connections, parts)

    def _drop(self, months: set[date]) -> set[date]:
        self._entered.close()
        drop_old_partitions(self._context)
        return months

    def _start_dbt(self) -> Dbt:
        """It starts, unless it has, while the run goes on."""
        if self._dbt:
            return self._dbt
        context = self._context
        process = context.dbt_ahead.take() if context.dbt_ahead else None
        deadline = context.ledger.lease.deadline
        dbt = Dbt(self._variables_of_dbt(), context.connections.heartbeats, deadline, process)
        self._dbt = self._entered.enter_context(dbt)
        return self._dbt

    def _variables_of_dbt(self) -> dict[str, str]:
        connections, lease = self._context.connections, self._context.ledger.lease
        environment, settings = connections.environment, session_settings()
        asked = [f"-c {name}={value}" for name, value in settings.items()]
        return {
            **environment,
            **self._context.settings.owner,
            "DBT_TAXI_RUN_ID": self._context.ledger.run_id,
            "DBT_TAXI_LEASE": str(lease.epoch),
            "DBT_TAXI_LOCK_SECONDS": f"{LOCK:.0f}",
            "PGAPPNAME": f"{connections.postgres['application_name']} dbt",
            "PGOPTIONS": " ".join([*asked, environment.get("PGOPTIONS", "")]).strip(),
        }
