"""The BigQuery server's program: local-bigquery 0.3.2, mended. `embedded.bigquery` runs it, and embedded/Dockerfile.

Options are those of local-bigquery. Two variables are read: GCS_LOCAL_ROOT, the folder in which Cloud Storage keeps its
objects, and BIGQUERY_SCRATCH, a folder for what may be lost.
"""

from embedded import bigquery_fixes


def main() -> None:
    """Serve until stopped."""
    bigquery_fixes.early()
    from local_bigquery import cli

    bigquery_fixes.late()
    cli.main()


if __name__ == "__main__":
    main()
