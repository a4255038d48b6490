"""Reconciles file months: measures every store, compares them, and records which months are done."""

from collections.abc import Mapping, Sequence
from functools import partial

from common.pool import thread_pool
from common.rows import one_value
from ingest import external_tables
from ingest.errors import StoreError, TaxiError, first_line
from ingest.external_tables import BIGQUERY_FAULTS
from ingest.measure import Measure
from ingest.postgres_connection import connect
from ingest.stored_object import StoredObject
from orchestration.ledger.records import MonthKey
from orchestration.plan.plan import subject_of
from orchestration.plan.suspicion import SuspectError, after_build, is_mostly_rejected
from orchestration.run.ahead import MeasuredAhead
from orchestration.run.context import Context, name_of
from orchestration.run.differences import find_differences
from orchestration.run.measure import Part, measure_stages
from orchestration.run.measure_lake import Stage
from orchestration.run.reports import differing_reports, stale_months
from orchestration.run.tries import tried
from orchestration.steps import RECONCILE
from orchestration.warehouses.bigquery_jobs import billed_bytes

_MOST_FREQUENT_RULES = (  # on both warehouses
    "select reject_reasons from taxi_marts.fct_rejected_trips"
    " where service_type = '{}' and file_month = date '{}' group by reject_reasons"
    " order by count(*) desc, reject_reasons limit 1"
)


def reconcile(context: Context, keys: Sequence[MonthKey], ahead: MeasuredAhead | None = None) -> None:
    """Measure what every store holds of these file months; done are those of which all hold the same."""
    context.touch(keys)
    ledger = context.ledger
    files = {key: ledger.stages.latest(key)["file"] for key in keys}
    known = ledger.lake_objects.holding(files)
    try:
        stages, differing = tried(RECONCILE, partial(_measure, context, files, known, ahead), context.events.warn)
    except TaxiError as error:
        context.budget.check_refusal(error, RECONCILE.name)
        context.events.fail(error)
        for key in keys:
            context.failures.append(f"{name_of(key)}: {error}")
            ledger.months.not_verified(key, str(error))
        return
    sound = []
    for key, measured in stages.items():
        stores = {name: (stage.measure, stage.seconds) for name, stage in measured.items() if name != "file"}
        ledger.stages.add_all(key, stores)
        differences = find_differences({name: stage.measure for name, stage in measured.items()})
        lake = measured["lake"]
        if lake.stored and lake.stored != known.get(key) and lake.measure.digest == files[key].digest:
            ledger.lake_objects.record(key, lake.stored, lake.measure)
        if differences:
            explained = f"the stages differ: {'; '.join(map(str, differences))}"
            context.fail(key, TaxiError(f"{name_of(key)}: {explained}"))
            ledger.months.differed(key, explained, sum(difference.size for difference in differences))
        elif suspicion := _suspicion(context, key, measured):
            context.fail(key, suspicion)
            ledger.months.found_suspect(key, suspicion.without_the_month, 0, **suspicion.for_the_ledger)
        else:
            sound.append(key)
    stale = stale_months(differing, sound, ledger.months.all())
    for key in sound:
        if key in stale:
            context.fail(key, TaxiError(f"{name_of(key)}: {stale[key]}", "Run again, which builds the month again"))
            ledger.months.not_verified(key, stale[key])
        else:
            ledger.months.reconciled(key)


def _measure(
    context: Context,
    files: dict[MonthKey, Measure],
    known: Mapping[MonthKey, StoredObject],
    ahead: MeasuredAhead | None,
) -> tuple[dict[MonthKey, dict[str, Stage]], dict[MonthKey, str]]:
    """The stages of these file months, whose `files` were measured as they landed, and the reports that differ."""
    months = {month for _, month in files}
    with context.step(RECONCILE, subject_of(sorted(months)), f"reconciling {len(files)} file months") as figures:
        figures.rows = sum(file.rows for file in files.values())
        trusted = known if context.settings.reconcile_lake == "checksum" else {}
        records = context.ledger.months.all()
        absent = {key for key, record in records.items() if record.rows is not None and not record.is_in_postgres}
        in_postgres, connections = files.keys() - absent, context.connections
        parts = {Part.POSTGRES: in_postgres, Part.RAW_ON_BIGQUERY: files.keys()}
        measured_ahead = ahead.take(parts) if ahead else {}
        compared = {month for _, month in in_postgres}
        with thread_pool(1) as pool:
            reports = pool.submit(differing_reports, connections, compared, absent) if compared else None
            stages = measure_stages(connections, files, context.settings.scratch, trusted, absent, measured_ahead)
            differing = reports.result() if reports else {}
        figures.bytes_billed = billed(context)
        context.budget.spend(figures.bytes_billed or 0)
    return stages, differing


def billed(context: Context) -> int | None:
    """Bytes that BigQuery billed for what measured, and was not counted yet; None where it does not say."""
    connections = context.connections
    try:
        return billed_bytes(connections.bigquery, connections.uncounted_jobs)
    except BIGQUERY_FAULTS as error:
        context.events.warn(f"BigQuery does not say what it billed for reconciling: {first_line(error)}")
        return None


def _on_bigquery(context: Context, query: str) -> str:
    try:
        rows = external_tables.query(context.connections.bigquery, query, context.connections.uncounted_jobs)
    except BIGQUERY_FAULTS as error:
        raise StoreError(f"BigQuery does not say why rows were rejected: {first_line(error)}", "Run again") from error
    return str(rows[0][0])


def _suspicion(context: Context, key: MonthKey, measured: dict[str, Stage]) -> SuspectError | None:
    """What is suspicious of a month as it was built; what this run was told to accept is recorded as such."""
    warehouse = "postgres" if "postgres_raw" in measured else "bigquery"
    if f"{warehouse}_rejected" not in measured:  # left out by the setting dbt_select
        return None
    rows, rejected = (measured[f"{warehouse}_{name}"].measure.rows for name in ("raw", "rejected"))
    record = context.ledger.months.get(key)
    if record is None or not is_mostly_rejected(rows, rejected):
        return None
    query = _MOST_FREQUENT_RULES.format(*key)
    if warehouse == "postgres":
        with connect(context.connections.dsn) as connection:
            rules = one_value(connection.execute(query))
    else:
        rules = _on_bigquery(context, query)
    suspicion = after_build(record, rows, rejected, rules)
    if suspicion and record.source_sha256 and key in context.accepted:
        context.ledger.months.accepted(key, record.source_sha256)
        return None
    return suspicion
