"""A build that somebody made with dbt by hand, and what dbt's own artifacts prove of it."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ingest.errors import TaxiError
from ingest.months import add_months, label
from orchestration.steps import WAREHOUSES
from orchestration.warehouses.dbt_artifacts import DbtResult, read_result

IDENTITY = "TAXI_WAREHOUSES"
"""dbt writes each variable DBT_ENV_CUSTOM_ENV_<name> into its artifacts.

See https://docs.getdbt.com/reference/artifacts/dbt-artifacts.
"""

_MADE = ("success", "pass", "warn")
# The conditions that macros/by_file_month/ writes into every model by file month (in_file_months.sql), and into every
# report by month of pick-up (of_pickup_months.sql), by the column of the partitions.
_MONTHS = {column: re.compile(column + r" in \(([^)]*)\)") for column in ("file_month", "pickup_month")}
# What decides the tables that dbt makes. The rest of a manifest is times, paths, and SQL compiled for some months.
_DECISIVE = {
    "nodes": ("checksum", "raw_code", "config", "columns", "description", "test_metadata", "alias"),
    "sources": ("identifier", "schema", "columns", "config", "description"),
    "macros": ("macro_sql",),
}


class NotProvenError(TaxiError):
    """The artifacts do not show that a warehouse was built from the project."""

    def __init__(self, what: str, next_step: str = "Build again, then adopt; or have a run build it"):
        super().__init__(f"Nothing is adopted: {what}", next_step)


@dataclass(frozen=True)
class HandBuild:
    """What a dbt command made on `warehouse`, from `started_at` on.

    `passed` are dbt's ids of the models, seeds and tests that did. `months` are the file months of every table kept by
    file month that it made; None where it made none. `is_full_refresh`: it made its tables again.
    """

    warehouse: str
    started_at: datetime
    passed: frozenset[str]
    months: frozenset[date] | None
    is_full_refresh: bool
    result: DbtResult

    def check_columns(self, before: Path) -> None:
        """Raises NotProvenError where a table lost a column since dbt's manifest `before`, and was not made again."""
        old, now = (_read(one)["nodes"] for one in (before, self.result.manifest))
        for name in sorted(self.passed & old.keys()):
            dropped = sorted(old[name]["columns"].keys() - now[name]["columns"].keys())
            if dropped and not self.is_full_refresh and old[name]["config"]["materialized"] in ("incremental", "seed"):
                what = f"the table of {name} still has the column {dropped[0]}"
                raise NotProvenError(what, "Build with --full-refresh, then adopt; or have a run build it")

    def check_project(self, today: Path) -> None:
        """Raises NotProvenError where dbt's manifest `today` is of another project than the one that was built."""
        built, now = _read(self.result.manifest), _read(today)
        for kind, fields in _DECISIVE.items():
            before, after = (_decisive(one[kind], fields) for one in (built, now))
            for name in sorted(before.keys() | after.keys()):
                if before.get(name) != after.get(name):
                    raise NotProvenError(f"{name} is not what it was when dbt built")

    def check_nodes(self, needed: Collection[str]) -> None:
        """Raises NotProvenError where one of the models, seeds and tests `needed` did not pass."""
        if missing := sorted({*needed} - self.passed):
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise NotProvenError(f"that dbt command left out {missing[0]}{more}")

    def check_months(self, held: Collection[date]) -> None:
        """Raises NotProvenError where it made its tables for only some of the file months that are `held`."""
        if self.months is not None and (missing := sorted({*held} - self.months)):
            what = f"it built {len({*held} & self.months)} of {len({*held})} file months, without {label(missing[0])}"
            raise NotProvenError(what, "Build with file_months: all, then adopt; or have a run build it")


def read_hand_build(target: Path, identity: str) -> HandBuild:
    """The last build in dbt's folder of artifacts. Raises NotProvenError where it failed, or proves nothing.

    `identity` is that of the warehouses in use, as `python orchestrate.py env` hands it to dbt.
    """
    try:
        document, manifest = _read(target / "run_results.json"), _read(target / "manifest.json")
        result = read_result(target)
    except (OSError, ValueError):
        hint = "Run `dbt build`, or name its folder: python orchestrate.py adopt --target-path FOLDER"
        raise NotProvenError(f"there are no artifacts of a dbt build in {target}", hint) from None
    _check_invocation(document, manifest, identity)
    if result.failed:
        raise NotProvenError(f"that dbt command failed: {result.failed[0]}")
    passed = [one for one in document["results"] if one["status"] in _MADE]
    by_month = {
        name: node["config"]["partition_by"]["field"]
        for name, node in manifest["nodes"].items()
        if node["config"].get("partition_by")
    }
    of_tables = [
        _months_of(one["compiled_code"], by_month[one["unique_id"]]) for one in passed if one["unique_id"] in by_month
    ]
    return HandBuild(
        manifest["metadata"]["adapter_type"],
        datetime.fromisoformat(document["metadata"]["invocation_started_at"].replace("Z", "+00:00")),
        frozenset(one["unique_id"] for one in passed),
        frozenset[date].intersection(*of_tables) if of_tables else None,
        bool(document["args"].get("full_refresh")),
        result,
    )


def _check_invocation(document: dict[str, Any], manifest: dict[str, Any], identity: str) -> None:
    arguments, metadata = document["args"], manifest["metadata"]
    command = arguments.get("which")
    if command not in ("build", "run"):
        raise NotProvenError(f"the last dbt command in that folder was `dbt {command}`")
    if metadata["invocation_id"] != document["metadata"]["invocation_id"]:
        raise NotProvenError("after the build, another dbt command wrote its manifest.json into that folder")
    if metadata["adapter_type"] not in WAREHOUSES or metadata["env"].get(IDENTITY) != identity:
        hint = 'Before you build: eval "$(python orchestrate.py env)", with the profile that you adopt for'
        raise NotProvenError("that dbt command did not build on the warehouses in use", hint)
    for name in ("empty", "sample", "defer"):
        if arguments.get(name):
            raise NotProvenError(f"that dbt command had the option --{name}")
    schemas = {node["schema"] for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")}
    if strange := sorted(schema for schema in schemas if not schema.startswith("taxi_")):
        raise NotProvenError(f"that dbt command built into {strange[0]}", "Build without DBT_TAXI_SCHEMA, then adopt")
    if metadata["dbt_version"] != version("dbt-core"):
        raise NotProvenError(f"dbt {metadata['dbt_version']} built, and {version('dbt-core')} is installed")


def _months_of(sql: str, column: str) -> frozenset[date]:
    """The file months of which a table partitioned by `column` has all, by what every part of its query is limited to.

    A file month reaches into the months of pick-up beside it.
    """
    texts = _MONTHS[column].findall(sql)
    lists = [frozenset(map(date.fromisoformat, re.findall(r"\d{4}-\d\d-\d\d", one))) for one in texts]
    found = frozenset[date].intersection(*lists) if lists else frozenset()
    if column == "file_month":
        return found
    return frozenset(month for month in found if {add_months(month, -1), add_months(month, 1)} <= found)


def _decisive(items: dict[str, dict[str, Any]], fields: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    return {
        name: {field: item.get(field) for field in fields}
        for name, item in items.items()
        if item["package_name"] == "taxi" and item.get("resource_type") not in ("analysis", "operation")
    }


def _read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document
