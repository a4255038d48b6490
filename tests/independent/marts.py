"""All marts, worked out by DuckDB in an order in which each finds the tables that it reads."""

from pathlib import Path

import duckdb
import psycopg

from tests.independent.dimensions import DIMENSIONS
from tests.independent.high_volume import HIGH_VOLUME
from tests.independent.ledger import LEDGER, copy_ledger
from tests.independent.mobility import MOBILITY
from tests.independent.quality import QUALITY
from tests.independent.raw import open_raw
from tests.independent.revenue import REVENUE
from tests.independent.tlc_report import TLC_REPORT, read_report
from tests.independent.trips import STEPS, TRIPS

# To each its primary key and its query.
MARTS = {**TRIPS, **REVENUE, **TLC_REPORT, **MOBILITY, **HIGH_VOLUME, **DIMENSIONS, **QUALITY, **LEDGER}


def recomputed(source: Path, postgres: psycopg.Connection) -> duckdb.DuckDBPyConnection:
    """A database with a table for each mart, from the files in `source` and the ledger of a line that ran on them."""
    own = open_raw(source)
    read_report(own, source)
    for step in STEPS:
        own.execute(step)
    copy_ledger(postgres, own)
    for mart, (_, query) in MARTS.items():
        own.execute(f"create table {mart} as {query}")
    return own
