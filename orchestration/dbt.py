"""Runs dbt for a set of file months, in this process: killed with it, a dbt of its own would go on writing."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest.errors import TaxiError
from orchestration.settings import ROOT

# As dbt.artifacts.schemas.results.NodeStatus has them.
_FAILED = ("error", "fail", "runtime error")
_PASSED = ("success", "pass")

# Unit tests are about the code, not the data: CI runs them.
_COMMANDS = {
    "postgres": ("build", "--exclude-resource-type", "unit_test"),
    "bigquery": ("build", "--exclude-resource-type", "unit_test", "test"),
}

_ALWAYS = ("+fct_trips", "+rejected_trips", "+dim_zones")
# The tables kept by file month and the dimensions made from data; all else changes with the project's code only.
_MONTHS = "tag:months"
_CHANGED = "state:modified+"
_TESTS_OF_RAW = "test_name:row_numbers_run_from_1"  # on views that need no building, over rows that are new


class DbtError(TaxiError):
    """dbt ended with errors or failing tests (`is_about_the_data`), or could not run at all."""

    def __init__(self, what: str, next_step: str, is_about_the_data: bool):
        super().__init__(what, next_step)
        self.is_about_the_data = is_about_the_data


@dataclass(frozen=True)
class DbtResult:
    """How a dbt invocation ended.

    `relations` are the tables, views and seeds it made, as schema.name; `has_months`: tables kept by file month were
    among them; `manifest` is dbt's, of the whole project.
    """

    passed: int
    warnings: tuple[str, ...]
    relations: tuple[str, ...]
    manifest: Path
    has_months: bool


def build(
    target: str,
    months: Sequence[date],
    environment: dict[str, str],
    folder: Path,
    parse_cache: Path,
    wanted: str = "",
    months_only: bool = False,
    changed_since: Path | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> DbtResult:
    """Build models on `target`, for these file months only; on Postgres, the gate, with all tests of the data.

    BigQuery's tables need no tests of their own in a run: they are held against the tested ones, column by column.
    (`dbt build` by hand tests them as well.)

    `wanted` are dbt's selection criteria, as for its --select ('': all models); to them comes what the ledger needs:
    trips, rejected trips and zones. With `months_only`, of these just what new months change is built; with
    `changed_since`, just what differs from the project whose manifest is in that folder, and all that depends on it;
    with both, both. `folder` receives dbt's log and artifacts (target/run_results.json and the compiled SQL).
    `parse_cache` keeps the parsed project from run to run: parsing takes seconds, reading it half of one. Raises
    DbtError that names the models and tests that failed.
    """
    # Imported when it is first needed: it holds 50 MB, which the landing before it has use for.
    from dbt.cli.main import dbtRunner

    os.environ.update(environment)
    os.environ["DBT_TAXI_FILE_MONTHS"] = ",".join(month.isoformat() for month in months)
    arguments = [
        *("--log-level", "none", "--log-level-file", "debug", "--log-path", str(folder), "--no-use-colors"),
        *_COMMANDS[target],
        *_selection(wanted, months_only, changed_since),
        *("--project-dir", str(ROOT / "dbt_taxi"), "--profiles-dir", str(ROOT), "--target", target),
        *("--target-path", str(folder / "target")),
        *(("--partial-parse-file-path", str(parse_cache)) if parse_cache.is_file() else ()),
    ]
    with _as_command("dbt", *arguments):
        outcome = dbtRunner(callbacks=[_progress(on_progress)]).invoke(arguments)
    _keep_parsed(folder / "target" / "partial_parse.msgpack", parse_cache)
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
    warnings = tuple(f"{result.node.name}: {result.message}" for result in outcome.result if result.status == "warn")
    if not outcome.result.results and not changed_since:  # which may be a comment alone
        raise DbtError(f"dbt on {target}: no model was selected", "Check the setting dbt_select", False)
    made = [result.node for result in outcome.result if result.node.resource_type in ("model", "seed")]
    return DbtResult(
        passed=sum(result.status in _PASSED for result in outcome.result),
        warnings=warnings,
        relations=tuple(f"{node.schema}.{node.alias}" for node in made),
        manifest=folder / "target" / "manifest.json",
        has_months=any("months" in node.tags for node in made),
    )


def _selection(wanted: str, months_only: bool, changed_since: Path | None) -> list[str]:
    kinds = [_MONTHS] * months_only + [_CHANGED] * (changed_since is not None)
    criteria = [*_ALWAYS, *wanted.split()] if wanted else []
    if kinds:
        criteria = [f"{criterion},{kind}" for criterion in criteria for kind in kinds] or kinds
    if months_only:
        criteria.append(_TESTS_OF_RAW)
    # A test that needs a model that nobody wanted could not run.
    tests = ["--indirect-selection", "buildable"] if wanted else []
    state = ["--state", str(changed_since)] if changed_since else []
    # Reports are read over all file months: tested when the project changes, not by each month (a quarter of dbt's time
    # on Postgres, with 24 months of 300,000 rows).
    exclude = ["--exclude", "tag:reports"] if months_only and not changed_since else []
    return ["--select", *criteria, *tests, *state, *exclude] if criteria else []


def _keep_parsed(written: Path, parse_cache: Path) -> None:
    if written.is_file():
        parse_cache.parent.mkdir(exist_ok=True)
        os.replace(written, parse_cache)


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
