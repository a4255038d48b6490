"""From dbt's run_results to the last result of each node, and the tests of each file month."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from orchestration.catalog.records import FAILED, PASSED, SKIPPED, WARNED, Months, MonthTests, Result, Results

_OUTCOMES = {
    "success": PASSED,
    "pass": PASSED,
    "warn": WARNED,
    "error": FAILED,
    "fail": FAILED,
    "runtime error": FAILED,
    "partial success": FAILED,
    "skipped": SKIPPED,
}
_SHOWN = ("model", "seed", "test")
_LONGEST = 300  # characters of a message
_MOST_NAMES = 100
_IN_MONTHS = re.compile(r"file_month in \(([^)]*)\)")
_DATE = re.compile(r"(\d{4}-\d\d)-\d\d")


def read_results(document: Mapping[str, Any], run: str) -> Results:
    """How each model, seed and test of one dbt command ended."""
    otherwise = document["metadata"]["generated_at"]
    results = {}
    for one in document["results"]:
        outcome = _OUTCOMES.get(one["status"])
        if outcome is None or one["unique_id"].split(".")[0] not in _SHOWN:
            continue
        at = one["timing"][-1]["completed_at"] if one.get("timing") else otherwise
        message = None if outcome == PASSED else " ".join((one.get("message") or "").split())[:_LONGEST] or None
        seconds, failures = round(float(one.get("execution_time") or 0), 3), one.get("failures")
        results[one["unique_id"]] = Result(outcome, _moment(at), seconds, run, failures, message)
    return results


def months_of(document: Mapping[str, Any]) -> list[str]:
    """The file months that the command was limited to, by the SQL of its models; [] where none is by month."""
    for one in document["results"]:
        lists = _IN_MONTHS.findall(one.get("compiled_code") or "")
        if lists and (found := _DATE.findall(lists[0])):
            return sorted(set(found))
    return []


def with_newer(before: Results, now: Results) -> Results:
    """The last results. What did not run now, or ran before what is known, stays as it was."""
    newer = {
        key: one
        for key, one in now.items()
        if one.outcome != SKIPPED and (key not in before or one.at >= before[key].at)
    }
    return {**before, **newer}


def with_months(before: Months, warehouse: str, months: Sequence[str], now: Results) -> Months:
    """The tests of each month after this build of `months`.

    Where several months failed together nobody knows which: each is then built alone, and only that counts. A build
    without tests, as a run makes on BigQuery, says nothing of them.
    """
    tests = {key: one for key, one in now.items() if key.startswith("test.")}
    failed = _named(now, FAILED)
    if not now or (failed and len(months) > 1) or not (tests or failed):
        return before
    last = max(now.values(), key=lambda one: one.at)
    found = {month: dict(one) for month, one in before.items()}
    for month in months:
        known = found.setdefault(month, {}).get(warehouse)
        if known and known.at > last.at:
            continue
        once = dict(known.once_failed) if known else {}
        once.update(dict.fromkeys(known.failed, known.at) if known else {})
        found[month][warehouse] = MonthTests(
            at=last.at,
            run=last.run,
            passed=sum(one.outcome == PASSED for one in tests.values()),
            warned=_named(now, WARNED),
            failed=failed,
            skipped=sum(one.outcome == SKIPPED for one in now.values()),
            once_failed={name: at for name, at in once.items() if name not in failed},
        )
    return found


def _named(results: Results, outcome: str) -> list[str]:
    """By the ids of those with this outcome, their names without dbt's hash."""
    return sorted({key.split(".")[2] for key, one in results.items() if one.outcome == outcome})[:_MOST_NAMES]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
