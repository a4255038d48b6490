"""Makes what the stores lack before anything lands, and lands the zone lookup."""

from common.rows import one_value
from ingest import lake, postgres
from ingest.datasets import ZONE_LOOKUP_PATH
from ingest.errors import StoreError, TaxiError
from ingest.zones import read_zone_lookup
from orchestration.run.context import Context
from orchestration.run.leftovers import remove_leftovers
from orchestration.run.publish import publish_ledger
from orchestration.steps import PREPARE
from orchestration.warehouses.bigquery_jobs import job_label

ZONES = 265


def prepare(context: Context) -> None:
    """Raise TaxiError where nothing can begin: a store is down, or there is no zone lookup, not even an old one."""
    connections = context.connections
    if config := connections.bigquery.default_query_job_config:
        config.labels["run"] = job_label(context.ledger.run_id)
    with context.step(PREPARE):
        with postgres.connect(connections.dsn) as connection:
            postgres.ensure_raw_tables(connection)
            zones = one_value(connection.execute("select count(*) from taxi_raw.taxi_zone_lookup"))
        lake.ensure_bucket(connections.bucket, connections.bigquery_settings.location)
        lake.ensure_prefixes(connections.bucket, context.settings.scratch)
        if leftovers := remove_leftovers(connections, context.settings.scratch, context.ledger.runs.killed()):
            context.events.say(f"Removed what a killed run left behind: {', '.join(leftovers)}")
        try:
            _land_zones(context)
        except TaxiError as error:
            if isinstance(error, StoreError) or zones != ZONES:
                raise
            context.events.fail(error)
            context.events.warn("The zone lookup of an earlier run stays in use")
            context.failures.append(f"zone lookup: {error}")
        publish_ledger(connections, context.ledger.run_id, "running")  # dbt reads it


def _land_zones(context: Context) -> None:
    zones = read_zone_lookup(context.source.fetch(ZONE_LOOKUP_PATH).path)
    postgres.replace_zones(context.connections.dsn, zones)
    lake.replace_zones(context.connections.bucket, zones, context.settings.scratch)
