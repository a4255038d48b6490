"""What dbt makes of the project for each warehouse, with no server: the manifest, and in it every compiled query."""

from pathlib import Path

from common.environment import for_server

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "dbt_taxi"
TARGETS = ("postgres", "bigquery")

# `dbt compile` with these options connects to nothing.
COMPILE = ("compile", "--no-introspect", "--no-populate-cache")
# One month instead of all since 2009: the list of months is the same text in every query by file month.
VARS = '{"file_months": "2024-01-01"}'


def folder(target: str) -> Path:
    """Where the artifacts of a target are."""
    return PROJECT / "target" / "lint" / target


def environment(target: str) -> dict[str, str]:
    """The environment of tools that run dbt: profiles.yml's defaults, and a BigQuery that asks for no credentials.

    Nothing listens at its address: a tool that does connect is to fail, also on a machine that has credentials.
    """
    offline = {"DBT_TAXI_BIGQUERY_METHOD": "oauth-secrets", "DBT_TAXI_BIGQUERY_ENDPOINT": "http://127.0.0.1:9"}
    # variables, since sqlfluff has no options for these
    paths = {"DBT_TARGET": target, "DBT_TARGET_PATH": str(folder(target)), "DBT_LOG_PATH": str(folder(target))}
    ours = {**offline, **paths, "DBT_PROFILES_DIR": str(ROOT), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return for_server(**ours)
