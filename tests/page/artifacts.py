"""dbt's artifacts of a small project, as a run leaves them: nodes in every layer, tests, and how they ended."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

BEGAN = datetime(2026, 11, 1, 10, tzinfo=UTC)
RUN = "20261101T100000-1f2e"
GRAIN_TEST, CODE_TEST = "test.taxi.unique_grain_fct_trips_.aa11", "test.taxi.vendor_id_is_known.bb22"
BOTH_TEST = "test.taxi.trips_add_up"
EVIL = "<script>alert('x')</script>"


def _node(kind: str, name: str, folders: list[str], parents: list[str], **more: Any) -> dict[str, Any]:
    return {
        "resource_type": kind,
        "package_name": "taxi",
        "name": name,
        "fqn": ["taxi", *folders, name],
        "original_file_path": "/".join([*folders, name]),
        "depends_on": {"nodes": parents},
        "config": {"materialized": "view"},
        "columns": {},
        "description": "",
        "raw_code": "",
        **more,
    }


def _column(name: str, kind: str, description: str = "") -> dict[str, Any]:
    return {"name": name, "data_type": kind, "description": description}


def manifest(warehouse: str = "postgres", at: datetime = BEGAN) -> dict[str, Any]:
    """The manifest that dbt writes for a warehouse."""
    text, quote = ("text", '"') if warehouse == "postgres" else ("STRING", "`")

    def relation(schema: str, name: str) -> str:
        return ".".join(f"{quote}{part}{quote}" for part in ("taxi", schema, name))

    def model(name: str, folders: list[str], parents: list[str], **more: Any) -> dict[str, Any]:
        return _node(
            "model", name, folders, parents, relation_name=relation("taxi_marts", name), group="core",
            raw_code=f"-- One row per {name}.\nselect * from {{{{ ref('x') }}}}", **more,
        )  # fmt: skip

    by_month = {"materialized": "incremental", "partition_by": {"field": "file_month"}}
    nodes = {
        "seed.taxi.vendors": _node("seed", "vendors", [], [], relation_name=relation("taxi_seeds", "vendors")),
        "model.taxi.stg_trips": model("stg_trips", ["staging"], ["source.taxi.raw.green_tripdata"]),
        "model.taxi.int_trips": model("int_trips", ["intermediate"], ["model.taxi.stg_trips"]),
        "model.taxi.fct_trips": model(
            "fct_trips", ["marts", "core"], ["model.taxi.int_trips"], config=by_month,
            description=f"Every trip {EVIL}. Primary key: row_number.",
            columns={
                "vendor_id": _column("vendor_id", text, f"Who? {EVIL}"),
                "row_number": _column("row_number", "bigint"),
            },
        ),
        "model.taxi.agg_fares": model("agg_fares", ["marts", "revenue"], ["model.taxi.fct_trips"]),
        "model.taxi.monthly_fares": model("monthly_fares", ["marts", "revenue"], ["model.taxi.agg_fares"]),
        GRAIN_TEST: _node(
            "test", "unique_grain_fct_trips_", [], ["model.taxi.fct_trips"], attached_node="model.taxi.fct_trips"
        ),
        CODE_TEST: _node(
            "test", "vendor_id_is_known", [], ["seed.taxi.vendors", "model.taxi.fct_trips"], column_name="vendor_id",
            attached_node="model.taxi.fct_trips", config={"severity": "WARN"},
        ),
        BOTH_TEST: _node("test", "trips_add_up", [], ["model.taxi.fct_trips", "model.taxi.agg_fares"]),
        "analysis.taxi.a_question": _node("analysis", "a_question", [], ["model.taxi.monthly_fares"]),
    }  # fmt: skip
    return {
        "metadata": {"generated_at": at.isoformat().replace("+00:00", "Z"), "adapter_type": warehouse},
        "nodes": nodes,
        "sources": {
            "source.taxi.raw.green_tripdata": _node(
                "source", "green_tripdata", ["staging", "raw"], [], source_name="raw",
                relation_name=relation("taxi_raw", "green_tripdata"),
                columns={"file_month": _column("file_month", "date")},
            )
        },
        "exposures": {
            "exposure.taxi.questions": _node(
                "exposure", "questions", [], ["model.taxi.monthly_fares"], type="analysis", owner={"name": "Ann"}
            )
        },
        "groups": {"group.taxi.core": {"name": "core", "owner": {"name": "Taxi data team"}}},
        "unit_tests": {"unit_test.taxi.fct_trips.a": {"model": "fct_trips"}},
    }  # fmt: skip


def run_results(
    months: list[str], at: datetime = BEGAN, without_tests: bool = False, **statuses: tuple[str, str]
) -> dict[str, Any]:
    """How a build of these months ended; `statuses` are by name: what became of a node, and its message."""
    dates = ", ".join(f"date '{month}-01'" for month in months)
    sql = f"select * from trips where file_month in ({dates})"
    names = [name for name in manifest()["nodes"] if not name.startswith("analysis")]
    results = []
    for place, name in enumerate(names):
        if without_tests and name.startswith("test."):
            continue
        status, message = statuses.get(name.split(".")[2], ("pass" if name.startswith("test.") else "success", ""))
        completed = (at + timedelta(seconds=place)).isoformat().replace("+00:00", "Z")
        results.append({
            "unique_id": name, "status": status, "message": message or None, "execution_time": 0.25,
            "failures": 3 if status in ("fail", "warn") else 0,
            "timing": [{"name": "execute", "completed_at": completed}],
            "compiled_code": sql if name.startswith("model.") else None,
        })  # fmt: skip
    return {"metadata": {"generated_at": at.isoformat().replace("+00:00", "Z")}, "args": {}, "results": results}


def leave(
    state_dir: Path,
    months: list[str],
    warehouse: str = "postgres",
    run: str = RUN,
    at: datetime = BEGAN,
    **statuses: Any,
) -> Path:
    """A run leaves its artifacts in its folder; returns dbt's target folder."""
    name = months[0] if len(months) == 1 else f"{months[0]}..{months[-1]}"
    target = state_dir / "runs" / run / f"dbt_{warehouse}_{name}" / "target"
    target.mkdir(parents=True)
    (target / "manifest.json").write_text(json.dumps(manifest(warehouse, at)))
    (target / "run_results.json").write_text(
        json.dumps(run_results(months, at, without_tests=warehouse == "bigquery", **statuses))
    )
    return target
