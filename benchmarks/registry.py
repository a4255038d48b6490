"""All comparisons, in the order in which they are run and shown. A new one is one entry here."""

from benchmarks.compare import Comparison
from benchmarks.landing import landing_in_both, landing_in_lake, landing_in_postgres

COMPARISONS = (
    Comparison("landing/postgres", "a yellow month, file → Postgres, replaced atomically", landing_in_postgres),
    Comparison("landing/lake", "the same month → Cloud Storage, parquet in the declared schema", landing_in_lake),
    Comparison("landing/both", "both stores from one file", landing_in_both),
)
