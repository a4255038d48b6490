"""`python -m linting`: all tools on the dbt project, for both warehouses side by side; what passed is one line each."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from linting.artifacts import COMPILE, PROJECT, TARGETS, VARS, environment, folder

BIN = Path(sys.executable).parent
MANIFEST = folder("bigquery") / "manifest.json"


SQLFLUFF = [sys.executable, "-m", "linting.offline_sqlfluff", "lint", "--nocolor", "--disable-progress-bar"]

# sqlfluff reads the SQL once, as rendered for Postgres; what is rendered otherwise for BigQuery, the analyzer reads.
STEPS: dict[str, dict[str, list[str]]] = {
    "postgres": {
        "short YAML": [sys.executable, "-m", "linting.yaml_lines"],
        "dbt compile": [str(BIN / "dbt"), "--quiet", *COMPILE, "--vars", VARS],
        "one meaning a column": [sys.executable, "-m", "linting.column_docs"],
        "reconciled types": [sys.executable, "-m", "linting.reconciled_types"],
        "sqlfluff": [*SQLFLUFF, "--dialect", "postgres"],
    },
    "bigquery": {
        "dbt compile": [str(BIN / "dbt"), "--quiet", *COMPILE, "--vars", VARS],
        "dbt-bouncer": [str(BIN / "dbt-bouncer"), "run", "--config-file", "dbt-bouncer.yml", "--show-all-failures"],
        "dbt-score": [str(BIN / "dbt-score"), "lint", "--manifest", str(MANIFEST)],
        "Google's analyzer": [sys.executable, "-m", "linting.bigquery_sql"],
    },
}


def _run(target: str) -> bool:
    """Whether all steps of a target pass. Without dbt's artifacts the others have nothing to look at."""
    passed = True
    for name, command in STEPS[target].items():
        began = time.monotonic()
        done = subprocess.run(
            command, cwd=PROJECT, env={**environment(target), "COLUMNS": "200"}, encoding="utf-8", check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        outcome = "ok" if done.returncode == 0 else "FAILED\n" + done.stdout
        print(f"{target}: {name}, {time.monotonic() - began:.0f} s: {outcome}", flush=True)
        passed = passed and done.returncode == 0
        if not passed and name == "dbt compile":
            return False
    return passed


if __name__ == "__main__":
    with ThreadPoolExecutor(len(TARGETS)) as pool:
        sys.exit(0 if all(list(pool.map(_run, TARGETS))) else 1)
