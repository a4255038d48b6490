"""How a dbt invocation ended, as its artifacts say."""

import json
from pathlib import Path

import pytest

from orchestration.warehouses.dbt_artifacts import read_result

NODE = {"name": "a", "resource_type": "test", "tags": []}


def write_artifacts(target: Path, nodes: list[str], results: dict[str, str]) -> None:
    entries = [{"unique_id": name, "status": status, "message": "1 row"} for name, status in results.items()]
    (target / "manifest.json").write_text(json.dumps({"nodes": dict.fromkeys(nodes, NODE)}))
    (target / "run_results.json").write_text(json.dumps({"results": entries}), "utf-8")


def test_a_failing_test_is_a_sentence_and_exposures_do_not_count(tmp_path: Path):
    write_artifacts(tmp_path, ["test.a"], {"test.a": "fail", "exposure.b": "success"})
    result = read_result(tmp_path)
    assert (result.ran, result.passed, result.failed) == (1, 0, ("a: 1 row",))


def test_a_result_that_the_manifest_lacks_is_an_error_and_never_lost(tmp_path: Path):
    write_artifacts(tmp_path, ["test.a"], {"test.a": "pass", "test.new": "fail"})
    with pytest.raises(ValueError, match="test\\.new is not in"):
        read_result(tmp_path)
