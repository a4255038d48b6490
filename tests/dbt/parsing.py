"""`dbt parse` as in docs/dbt.md, for tests that need no server."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "dbt_taxi"


def parse(target: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`dbt parse` from the repository's root with no variables set; every warning and deprecation is an error.

    `folder` receives dbt's artifacts and log.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TAXI_", "DBT_"))}
    command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--warn-error", "--log-path", str(folder)]
    command += ["parse", "--project-dir", "dbt_taxi", "--profiles-dir", ".", "--target", target]
    command += ["--target-path", str(folder), *options]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
