"""`dbt parse` as in docs/dbt.md, for tests that need no server."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "dbt_taxi"

# A process for both targets: to import dbt and to make its classes' schemas takes 3 s of the 8 that a project takes.
_PARSE = """
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner

folder, targets, *options = sys.argv[1:]
for target in targets.split(","):
    own = str(Path(folder) / target)
    sys.argv = ["dbt", "--no-use-colors", "--warn-error", "--log-path", own, "parse", "--project-dir", "dbt_taxi"]
    sys.argv += ["--profiles-dir", ".", "--target", target, "--target-path", own, *options]
    if not dbtRunner().invoke(sys.argv[1:]).success:
        sys.exit(1)
"""


def parse(folder: Path, *targets: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """`dbt parse` from the repository's root with no variables set; every warning and deprecation is an error.

    A folder in `folder` named for the target receives dbt's artifacts and log.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TAXI_", "DBT_"))}
    command = [sys.executable, "-c", _PARSE, str(folder), ",".join(targets), *options]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
