"""Makes what the stores lack before anything lands, and lands the zones, their shapes and TLC's report."""

import pyarrow as pa

from common.rows import one_value
from ingest import lake, postgres, small_tables
from ingest.datasets import ZONE_LOOKUP_PATH, ZONE_SHAPES_PATH
from ingest.errors import NotPublishedError, StoreError, TaxiError
from ingest.postgres_connection import connect
from ingest.small_tables import REPORT, SHAPES, ZONES, SmallTable
from ingest.tlc_report import read_report
from ingest.zone_shapes import read_zone_shapes
from ingest.zones import ZONE_IDS, read_zone_lookup
from orchestration.run.context import Context
from orchestration.run.leftovers import remove_folders_of_landers, remove_leftovers
from orchestration.run.publish import ensure_published
from orchestration.steps import PREPARE
from orchestration.warehouses.bigquery_jobs import job_label


def prepare(context: Context) -> None:
    """Raise TaxiError where nothing can begin: a store is down, or there is no zone lookup, not even an old one."""
    connections = context.connections
    if config := connections.bigquery.default_query_job_config:
        config.labels["run"] = job_label(context.ledger.run_id)
    with context.step(PREPARE):
        prepare_stores(context)
        with connect(connections.dsn) as connection:
            small_tables.ensure_in_postgres(connection)
            zones = one_value(connection.execute("select count(*) from taxi_raw.taxi_zone_lookup"))
        lake.ensure_prefixes(connections.bucket, context.settings.scratch, context.ledger.lease)
        small_tables.ensure_in_lake(connections.bucket, context.settings.scratch, context.ledger.lease)
        remove_folders_of_landers(context.settings.state_dir, {one.run_id for one in context.ledger.at_work()})
        if leftovers := remove_leftovers(connections, context.settings.scratch, context.ledger.runs.killed()):
            context.events.say(f"Removed what a killed run left behind: {', '.join(leftovers)}")
        try:
            _land_zones(context)
        except TaxiError as error:
            if isinstance(error, StoreError) or zones != len(ZONE_IDS):
                raise
            context.events.fail(error)
            context.events.warn("The zone lookup of an earlier run stays in use")
            context.failures.append(f"zone lookup: {error}")
        _land_shapes(context)
        _land_report(context)
        ensure_published(connections, context.ledger.run_id)


def prepare_stores(context: Context) -> None:
    """Make what a landing needs: raw tables and the bucket. Several processes may do so at once."""
    connections = context.connections
    with connect(connections.dsn) as connection:
        postgres.ensure_raw_tables(connection)
    if warning := lake.ensure_bucket(connections.bucket, connections.bigquery_settings.location):
        context.events.warn(warning)


def _land_zones(context: Context) -> None:
    _replace(context, ZONES, read_zone_lookup(context.source.fetch(ZONE_LOOKUP_PATH).path))


def _land_shapes(context: Context) -> None:
    """Land the shapes of the zones, which only a map needs: without them the run goes on."""
    try:
        shapes = read_zone_shapes(context.source.fetch(ZONE_SHAPES_PATH).path)
    except NotPublishedError:  # as where a folder was copied without them; the page of the marts says so
        return
    except TaxiError as error:
        context.events.warn(f"The map's zone shapes stay as they are, or absent: {error}")
        return
    _replace(context, SHAPES, shapes)


def _land_report(context: Context) -> None:
    """Land TLC's monthly report where there is one. Trips need no report: without it the run goes on."""
    try:
        path = context.fetch_report()
        if path is None:
            return
        report = read_report(path)
    except TaxiError as error:
        what = f"TLC's monthly report stays as it is, or empty: {error.what}"
        if isinstance(error, NotPublishedError):
            context.events.say(f"{what} (setting tlc_report)")
        else:
            context.events.warn(f"{what} (setting tlc_report)")
        return
    if _replace(context, REPORT, report):
        context.events.say(f"TLC's monthly report has another edition: {report.num_rows:,} lines landed")


def _replace(context: Context, small: SmallTable, rows: pa.Table) -> bool:
    dsn, bucket = context.connections.dsn, context.connections.bucket
    return small_tables.replace(small, rows, dsn, bucket, context.settings.scratch, context.ledger.lease)
