"""docs/mage.md: every command of ours that it shows runs as written, in its order."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import opened
from tests.line import ROOT, Line
from tests.months import write

PAGE = (ROOT / "docs" / "mage.md").read_text(encoding="utf-8")
CONNECT = 'eval "$(python orchestrate.py env)"'
OURS = ("python orchestrate.py", "dbt ", "DBT_TAXI_SCHEMA=", "eval ")


def commands() -> list[str]:
    """What the page has in code, in tables, lists and blocks, if it begins as a command of ours does."""
    found = []
    for line in PAGE.splitlines():
        spans = re.findall(r"`([^`]+)`", line) or [line.partition("  #")[0].strip()]
        found += [span for span in spans if span.startswith(OURS)]
    return found


@pytest.fixture
def line(tmp_path: Path, synthetic_source: Path) -> Iterator[Line]:
    source = tmp_path / "source"
    (source / "misc").mkdir(parents=True)
    (source / "misc/taxi_zone_lookup.csv").write_bytes((synthetic_source / "misc/taxi_zone_lookup.csv").read_bytes())
    for month in ("2023-01", "2023-02"):
        write(source, "green", month)
    yield from opened(tmp_path / "state", source, "+agg_zone_revenue +daily_trips")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_command_of_the_page_for_people_who_think_in_blocks_runs_as_written(line: Line, tmp_path: Path):
    shown = commands()
    assert len(shown) >= 20, "the page shows fewer commands than it did: look at what this test finds"
    variables = {**line.environment, "DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path)}
    variables["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in shown:
        # As in the terminal in which somebody typed the `eval` of the page before.
        script = command if command.startswith(("python", "eval")) else f"{CONNECT}; {command}"
        done = subprocess.run(
            ["sh", "-c", script], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
