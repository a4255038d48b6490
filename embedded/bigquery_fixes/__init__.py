"""What local-bigquery 0.3.2 does differently from BigQuery, or not at all, mended one by one.

Each module is one fix: its docstring says what BigQuery does, what local-bigquery does, and what is changed. `early`
comes before local-bigquery is imported, `late` after. They replace functions of its modules, so they hold for this one
version, which requirements/local-bigquery.txt pins by hash; tests/embedded has a test for each.
"""


def early() -> None:
    """Make local-bigquery importable on this Python, and DuckDB what it expects."""
    from embedded.bigquery_fixes import duckdb_setup, old_python

    old_python.apply()
    duckdb_setup.apply()


def late() -> None:
    """Change what local-bigquery does."""
    from embedded.bigquery_fixes import (
        buckets_only,
        comments,
        created_tables,
        expiry,
        external_ddl,
        external_tables,
        grants,
        gzip_uploads,
        jobs_in_memory,
        lost_outcomes,
        moved_catalogue,
        partition_replacement,
        quick_lookups,
        quick_translation,
        remembered_resources,
        set_struct,
        time_zone,
        tokens,
        utc_clocks,
    )

    for fix in (
        buckets_only,
        comments,
        created_tables,
        expiry,
        external_ddl,
        external_tables,
        grants,
        gzip_uploads,
        jobs_in_memory,
        lost_outcomes,
        moved_catalogue,
        partition_replacement,
        quick_lookups,
        quick_translation,
        remembered_resources,
        set_struct,
        time_zone,
        tokens,
        utc_clocks,
    ):
        fix.apply()
