"""How many of a step's jobs wait for one another."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.jobs import Job, chain

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def job(created: int, ended: int, node: str = "") -> Job:
    return Job(node, BEGIN + timedelta(seconds=created), BEGIN + timedelta(seconds=ended))


def test_jobs_that_were_sent_side_by_side_wait_for_none_of_each_other():
    assert chain([job(0, 9), job(1, 3), job(2, 5), job(3, 4)]) == 2
    assert chain([]) == 0


def test_dbts_jobs_wait_for_those_of_the_models_below_through_views_that_send_none(tmp_path: Path):
    names = {"trips": [], "view": ["trips"], "report": ["view"], "other": []}
    nodes = {
        name: {"name": name, "resource_type": "model", "depends_on": {"nodes": below}} for name, below in names.items()
    }
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"nodes": nodes}), encoding="utf-8")
    sent = [job(0, 1, "trips"), job(1, 2, "trips"), job(2, 3, "report"), *(job(at, at + 1, "other") for at in (3, 4))]
    assert chain(sent, manifest) == 3
