"""All comparisons, in the order in which they are run and shown. A new one is one entry here."""

from benchmarks.backfill import twelve_months
from benchmarks.building import dbt_on_postgres
from benchmarks.compare import Comparison
from benchmarks.growth import growth
from benchmarks.history import month_after_others
from benchmarks.idle import run_with_nothing_to_do
from benchmarks.jobs import jobs_of_a_month
from benchmarks.landers import landers_side_by_side
from benchmarks.landing import landing_in_both, landing_in_lake, landing_in_postgres
from benchmarks.page import pages_of_a_full_ledger
from benchmarks.peers_landing import landing_of_peers
from benchmarks.stock import line_on_stock_settings
from benchmarks.tiny import tiny_months
from benchmarks.wal import bytes_written
from benchmarks.whole_line import whole_line

COMPARISONS = (
    Comparison("landing/postgres", "a yellow month, file → Postgres, replaced atomically", landing_in_postgres),
    Comparison("landing/lake", "the same month → Cloud Storage, parquet in the declared schema", landing_in_lake),
    Comparison("landing/both", "both stores from one file", landing_in_both),
    Comparison("dbt", "dbt on Postgres, against the same SQL by hand", dbt_on_postgres),
    Comparison("line", "the whole line, a month, against the sum of limits", whole_line),
    Comparison("idle", "nothing to do, against the same imports", run_with_nothing_to_do),
    Comparison("history", "a month after 24 others, against one after one other", month_after_others),
    Comparison("backfill", "12 months in one run, against 12 runs", twelve_months),
    Comparison("jobs", "one more small month: its seconds, its jobs on BigQuery", jobs_of_a_month, is_default=False),
    Comparison("page", "each page of a full ledger, against its limit", pages_of_a_full_ledger),
    Comparison("wal", "bytes written by a month, against those kept", bytes_written),
    Comparison(
        "peers", "landing, against pandas, dlt's defaults, ingestr, Mage, DuckDB", landing_of_peers, is_default=False
    ),
    Comparison("landers", "12 months landed by 4 landers, against 1", landers_side_by_side, is_default=False),
    Comparison("stock", "the line on stock settings of Postgres", line_on_stock_settings, is_default=False),
    Comparison("tiny", "301 months of 200 rows of every era in one run", tiny_months, is_default=False),
    Comparison("growth", "1 to 32 months, 0.1 to 20 million rows: an hour", growth, is_default=False),
)
