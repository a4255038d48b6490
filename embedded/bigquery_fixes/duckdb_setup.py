"""Gives DuckDB its extensions from Python packages, a limit on memory, and folders of its own.

BigQuery: does not matter, but for one thing: a query reads the objects as they are when it starts.
local-bigquery: lets DuckDB download its extensions from the network; lets it take 80 % of the machine's memory; lets it
    spill to disk in the current directory, and read secrets from the user's home.
Changed: the extensions come from the wheels duckdb-extension-*, and nothing is downloaded; memory, threads and folders
    are set here; the cache of file contents is off, so that a parquet file that was replaced is read anew.
"""

import importlib.util
import os
from pathlib import Path

EXTENSIONS = ("ducklake", "spatial", "httpfs")
# The table of a month of three million trips is built within it; a bigger sort spills to disk.
MEMORY = "2GB"


def apply() -> None:
    """Change what `duckdb.connect` makes from now on."""
    import duckdb

    scratch = Path(os.environ["BIGQUERY_SCRATCH"])
    settings = {
        "extension_directory": str(scratch / "extensions"),
        "autoinstall_known_extensions": "false",
        "temp_directory": str(scratch / "spill"),
        "enable_external_file_cache": "false",
        "allow_persistent_secrets": "false",
        "memory_limit": MEMORY,
        "threads": str(min(4, os.cpu_count() or 1)),
    }
    connect_as_before = duckdb.connect

    def connect(*args, config: dict | None = None, **named):
        config = {**(config or {}), **settings}
        # As an option of connect() it would be looked up before the extension that knows time zones is there.
        zone = config.pop("TimeZone", None)
        connection = connect_as_before(*args, config=config, **named)
        if zone:
            connection.execute(f"SET GLOBAL TimeZone = '{zone}'")
        return connection

    _install(scratch / "extensions")
    duckdb.connect = connect


def _install(folder: Path) -> None:
    """Link the wheels' files to where DuckDB looks for installed extensions (its INSTALL would copy 130 MB)."""
    import duckdb

    version = f"v{duckdb.__version__}"
    (platform,) = duckdb.sql("PRAGMA platform").fetchone()
    installed = folder / version / platform
    installed.mkdir(parents=True, exist_ok=True)
    for name in EXTENSIONS:
        wheel = Path(importlib.util.find_spec(f"duckdb_extension_{name}").origin).parent
        link = installed / f"{name}.duckdb_extension"
        link.unlink(missing_ok=True)
        link.symlink_to(wheel / "extensions" / version / link.name)
