"""The BigQuery server's program: local-bigquery 0.3.2, mended. `embedded.bigquery` runs it, and embedded/Dockerfile.

Options are those of local-bigquery. Four variables are read: BIGQUERY_TOKEN lets clients in; GCS_LOCAL_ROOT is the
folder in which Cloud Storage keeps its objects, and BIGQUERY_SCRATCH one for what may be lost; BIGQUERY_CONTRACT lists
rules of `embedded.contract`. Relative folders start from the data folder.
"""

import gc
import os
import sys
from pathlib import Path

from embedded import bigquery_fixes, contract


def main() -> None:
    """Serve until stopped."""
    _go_to_the_data_folder()
    bigquery_fixes.early()
    from local_bigquery import cli

    bigquery_fixes.late()
    contract.apply()
    _spare_the_processor()
    cli.main()


def _spare_the_processor() -> None:
    """Save a seventh of a small month's processor time: no pandas for DuckDB, and fewer garbage collections."""
    sys.modules["pandas"] = None
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _go_to_the_data_folder() -> None:
    """Work in the data folder, and name all files from there on.

    local-bigquery puts names of files into SQL, globs and catalogues: a quote, a bracket or `x=y` in the folder's own
    name would break or change them, and a catalogue that is copied elsewhere would still name the old place.
    """
    value = sys.argv.index("--data-dir") + 1
    folder = Path(sys.argv[value])
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    sys.argv[value] = "."


if __name__ == "__main__":
    main()
