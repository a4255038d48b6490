"""Runs dbt for a set of file months, in a process of its own: dbt takes 3 s to import, and one run at a time."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest.errors import TaxiError
from orchestration.settings import ROOT

_FAILED = ("error", "fail", "runtime error")


class DbtError(TaxiError):
    """dbt ended with errors, or with failing tests."""


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
    """`dbt build` of all models and tests on `target`, for these file months only.

    `folder` receives dbt's log and artifacts (target/run_results.json and the compiled SQL). Raises DbtError that
    names the models and tests that failed.
    """
    artifacts = folder / "target"
    folder.mkdir(parents=True, exist_ok=True)
    (artifacts / "run_results.json").unlink(missing_ok=True)
    variables = json.dumps({"file_months": [month.isoformat() for month in months]})
    command = [
        *(sys.executable, "-m", "dbt.cli.main", "--log-format", "json", "--log-path", str(folder), "build"),
        *("--project-dir", str(ROOT / "dbt_taxi"), "--profiles-dir", str(ROOT), "--target", target),
        *("--target-path", str(artifacts), "--vars", variables),
    ]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        messages = [_message(line, on_progress) for line in process.stdout]
        code = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    results = _results(artifacts / "run_results.json")
    if code:
        raise DbtError(_explain(target, results, [text for text in messages if text]), f"See {folder / 'dbt.log'}")
    warnings = tuple(_name(result) for result in results if result["status"] == "warn")
    return DbtResult(sum(result["status"] in ("success", "pass") for result in results), warnings)


def _message(line: str, on_progress: Callable[[str], None]) -> str:
    """The text of dbt's log line if it is an error; progress is passed on."""
    try:
        entry = json.loads(line)
        info, data = entry["info"], entry.get("data", {})
    except (ValueError, KeyError, TypeError):
        return line.strip()
    if info.get("name") in ("LogModelResult", "LogTestResult") and "index" in data:
        name = (data.get("node_info") or {}).get("node_name") or data.get("name", "")
        on_progress(f"{data['index']}/{data.get('total') or data.get('num_models')} {name}")
    return info.get("msg", "") if info.get("level") == "error" else ""


def _results(path: Path) -> list[dict]:
    try:
        return json.loads(path.read_text())["results"]
    except FileNotFoundError:
        return []


def _explain(target: str, results: list[dict], messages: list[str]) -> str:
    failed = [result for result in results if result["status"] in _FAILED]
    if not failed:
        return f"dbt failed on {target}: {' '.join(messages)[:600] or 'it said nothing'}"
    shown = "; ".join(
        f"{_name(result)}: {' '.join((result['message'] or result['status']).split())[:200]}" for result in failed[:3]
    )
    return f"dbt on {target}: {len(failed)} failed: {shown}{' …' if len(failed) > 3 else ''}"


def _name(result: dict) -> str:
    """'test.taxi.not_null_fct_trips_row_number.1a2b' -> 'not_null_fct_trips_row_number'."""
    return result["unique_id"].split(".")[2]
