"""Leaves the spaces in texts alone, whatever the comments of a query say.

BigQuery: a comment changes nothing.
local-bigquery: passes comments on to DuckDB as /* … */. DuckDB replaces the non-ASCII spaces outside of texts before it
parses, and takes an apostrophe in such a comment for the start of a text: from there on it replaces those in the texts.
Changed: DuckDB gets no comments.
"""

from local_bigquery.sql.dialect import DuckDBDialect


def apply() -> None:
    """Write DuckDB's SQL without comments."""
    DuckDBDialect.Generator.maybe_comment = lambda self, sql, *_args, **_options: sql
