"""Runs dbt for a set of file months, in this process: killed with it, a dbt of its own would go on writing."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dbt.artifacts.schemas.results import NodeStatus
from dbt.cli.main import dbtRunner

from ingest.errors import TaxiError
from orchestration.settings import ROOT

_FAILED = (NodeStatus.Error, NodeStatus.Fail, NodeStatus.RuntimeErr)
_PASSED = (NodeStatus.Success, NodeStatus.Pass)

_COMMANDS = {"postgres": ("build", "--exclude-resource-type", "unit_test"), "bigquery": ("run",)}


class DbtError(TaxiError):
    """dbt ended with errors or failing tests (`is_about_the_data`), or could not run at all."""

    def __init__(self, what: str, next_step: str, is_about_the_data: bool):
        super().__init__(what, next_step)
        self.is_about_the_data = is_about_the_data


@dataclass(frozen=True)
class DbtResult:
    """How a dbt invocation ended."""

    passed: int
    warnings: tuple[str, ...]


def build(
    target: str,
    months: Sequence[date],
    environment: dict[str, str],
    folder: Path,
    on_progress: Callable[[str], None] = lambda _: None,
) -> DbtResult:
    """Build all models on `target`, for these file months only; on Postgres, the gate, with all tests of the data.

    BigQuery's tables need no tests of their own in a run: they are held against the tested ones, column by column.
    (`dbt build` by hand tests them as well. Unit tests are about the code, not the data: CI runs them.)

    `folder` receives dbt's log and artifacts (target/run_results.json and the compiled SQL). Raises DbtError that
    names the models and tests that failed.
    """
    os.environ.update(environment)
    arguments = [
        *("--log-level", "none", "--log-level-file", "debug", "--log-path", str(folder), "--no-use-colors"),
        *_COMMANDS[target],
        *("--project-dir", str(ROOT / "dbt_taxi"), "--profiles-dir", str(ROOT), "--target", target),
        *("--target-path", str(folder / "target")),
    ]
    variables = {"file_months": [month.isoformat() for month in months]}
    with _as_command("dbt", *arguments):
        outcome = dbtRunner(callbacks=[_progress(on_progress)]).invoke(arguments, vars=variables)
    log = folder / "dbt.log"
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    if outcome.exception:
        raise DbtError(f"dbt on {target} could not run: {_one_line(outcome.exception)[:600]}", f"See {log}", False)
    failed = [result for result in outcome.result if result.status in _FAILED]
    if failed:
        shown = "; ".join(
            f"{result.node.name}: {_one_line(result.message or result.status)[:250]}" for result in failed[:3]
        )
        more = " …" if len(failed) > 3 else ""
        raise DbtError(f"dbt on {target}: {len(failed)} failed: {shown}{more}", f"See {log}", True)
    warnings = tuple(
        f"{result.node.name}: {result.message}" for result in outcome.result if result.status == NodeStatus.Warn
    )
    return DbtResult(sum(result.status in _PASSED for result in outcome.result), warnings)


@contextmanager
def _as_command(*words: str) -> Iterator[None]:
    """dbt writes this process' command line into its log and artifacts: it must be dbt's, not one with a password."""
    command, sys.argv = sys.argv, list(words)
    try:
        yield
    finally:
        sys.argv = command


def _progress(on_progress: Callable[[str], None]) -> Callable:
    """A dbt event callback that says which model or test has ended."""

    def callback(event) -> None:
        if event.info.name in ("LogModelResult", "LogTestResult"):
            name = event.data.node_info.node_name
            total = getattr(event.data, "total", 0) or getattr(event.data, "num_models", 0)
            on_progress(f"{event.data.index}/{total} {name}")

    return callback


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
