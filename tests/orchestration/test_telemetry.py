"""Traces and lineage of a run reach a collector; one that fails or hangs is a warning, and delays nobody."""

import json
import re
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from common import masking
from ingest.errors import SettingError
from orchestration.events.events import AnyEvent, Events, Message, MonthChanged
from orchestration.settings import TelemetrySettings
from orchestration.telemetry import telemetry
from orchestration.telemetry.telemetry import ObservedRun, check_telemetry, observed
from tests.orchestration.collector import Collector

MODELS = {
    "stg_trips": "success",
    "fct_trips": "success",
    "dim_zones": "error",
    "unique_key": "pass",
    "later": "skipped",
}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector
        collector.release.set()
        collector.shutdown()


@pytest.fixture
def run(tmp_path: Path) -> ObservedRun:
    """A run, and what dbt left in its folder."""
    target = tmp_path / "dbt_postgres_2024-01..2024-02" / "target"
    target.mkdir(parents=True)
    times = {"started_at": "2026-11-29T06:00:01.5Z", "completed_at": "2026-11-29T06:00:03.5Z"}
    results = [
        {
            "unique_id": f"{'test' if status == 'pass' else 'model'}.taxi.{name}",
            "status": status,
            "timing": [] if status == "skipped" else [{"name": "execute", **times}],
            "message": "it holds hunter2-hunter2",
            "relation_name": f'"taxi"."taxi_marts"."{name}"',
        }
        for name, status in MODELS.items()
    ]
    (target / "run_results.json").write_text(json.dumps({"results": results}))
    return ObservedRun(
        "20261129T060000-abcd", "local", "hand", "https://host/tlc", "postgres://db:5432", "taxi", "lake", tmp_path
    )


def settings(collector: Collector) -> TelemetrySettings:
    return TelemetrySettings(otlp_endpoint=collector.url, openlineage_url=collector.url)


def happen(settings: TelemetrySettings, run: ObservedRun, failures: list[str]) -> list[AnyEvent]:
    """A run of two months; returns what people heard."""
    heard: list[AnyEvent] = []
    events = Events(heard.append)
    with observed(settings, events, run, failures):
        for month in (1, 2):
            with events.step("ingest", f"green 2024-0{month}", ""):
                events.emit(MonthChanged(("green", date(2024, month, 1)), None, "landed", "new"))
        with events.step("dbt on postgres", "2024-01, 2024-02", ""):
            pass
    return [one for one in heard if isinstance(one, Message)]


def test_a_run_its_steps_and_its_models_are_spans_of_one_trace(collector: Collector, run: ObservedRun):
    masking.hide("hunter2-hunter2")
    assert happen(settings(collector), run, []) == []
    spans = {span.name: span for span in collector.spans()}
    assert spans.keys() == {"run", "ingest", "dbt on postgres", "stg_trips", "fct_trips", "dim_zones"}
    assert len({span.trace_id for span in collector.spans()}) == 1
    root, dbt, model = spans["run"], spans["dbt on postgres"], spans["fct_trips"]
    assert (root.parent_span_id, dbt.parent_span_id, model.parent_span_id) == (b"", root.span_id, dbt.span_id)
    assert {one.key: one.value.string_value for one in root.attributes}["taxi.run"] == run.run_id
    assert [event.name for event in root.events] == ["month changed"] * 2
    assert model.end_time_unix_nano - model.start_time_unix_nano == 2_000_000_000
    assert spans["dim_zones"].status.message == "it holds ***"


def test_lineage_names_the_file_the_raw_table_the_object_and_the_marts(collector: Collector, run: ObservedRun):
    assert happen(settings(collector), run, []) == []
    events = collector.events()
    assert [(one["eventType"], one["job"]["name"]) for one in events] == [
        ("START", "run"),
        *[("START", "ingest green"), ("COMPLETE", "ingest green")] * 2,
        ("START", "dbt on postgres"),
        ("COMPLETE", "dbt on postgres"),
        ("COMPLETE", "run"),
    ]
    for one in events:
        assert all((one["producer"], one["schemaURL"], one["eventTime"], one["run"]["runId"]))
    landed, built, whole = events[2], events[6], events[7]
    (file,) = landed["inputs"]
    assert (file["namespace"], file["name"]) == ("https://host", "tlc/trip-data/green_tripdata_2024-01.parquet")
    assert [(one["namespace"], one["name"]) for one in landed["outputs"]] == [
        ("gs://lake", "raw/dataset=green/file_month=2024-01-01/green_tripdata_2024-01.parquet"),
        ("postgres://db:5432", "taxi.taxi_raw.green_tripdata"),
    ]
    assert [one["name"] for one in built["inputs"]] == ["taxi.taxi_raw.green_tripdata"]
    assert [one["name"] for one in built["outputs"]] == ["taxi.taxi_marts.fct_trips", "taxi.taxi_marts.stg_trips"]
    assert (len(whole["inputs"]), len(whole["outputs"])) == (3, 5)
    parents = {one["run"]["facets"]["parent"]["run"]["runId"] for one in events[1:-1]}
    assert parents == {whole["run"]["runId"]}


def test_a_run_that_failed_is_failed_in_both(collector: Collector, run: ObservedRun):
    happen(settings(collector), run, ["green 2024-01: the file is broken"])
    (root,) = (span for span in collector.spans() if span.name == "run")
    assert root.status.message == "green 2024-01: the file is broken"
    assert collector.events()[-1]["eventType"] == "FAIL"


def test_a_run_that_is_broken_off_is_failed_with_its_steps(collector: Collector, run: ObservedRun):
    events = Events()
    with (
        pytest.raises(KeyboardInterrupt),
        observed(settings(collector), events, run, []),
        events.step("ingest", "green 2024-01", ""),
    ):
        raise KeyboardInterrupt
    assert [one["eventType"] for one in collector.events()] == ["START", "START", "FAIL", "FAIL"]
    assert {span.status.message for span in collector.spans()} == {"KeyboardInterrupt"}


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("refuses", "it answers 500"),
        ("hangs", "no answer in time|it does not answer"),
        ("is gone", "it does not answer"),
    ],
)
def test_a_collector_that_fails_is_one_warning_each_and_delays_no_run_by_more_than_5_s(
    collector: Collector, run: ObservedRun, fault: str, why: str
):
    to = settings(collector)
    if fault == "refuses":
        collector.status = 500
    elif fault == "hangs":
        collector.release.clear()
    else:
        gone = "http://user:hunter2@127.0.0.1:1"
        to = TelemetrySettings(otlp_endpoint=gone, openlineage_url=gone)
    began = time.monotonic()
    traces, lineage = happen(to, run, [])
    assert time.monotonic() - began < 4
    assert traces.what.startswith("Telemetry did not reach the setting otlp_endpoint: ")
    assert re.fullmatch(f"Telemetry did not reach the setting openlineage_url: ({why})", lineage.what)
    assert "hunter2" not in traces.what


def test_a_fault_in_what_is_told_fails_no_run(collector: Collector, run: ObservedRun):
    (run.folder / "dbt_postgres_2024-01..2024-02" / "target" / "run_results.json").write_text("{")
    first, second = happen(settings(collector), run, [])
    assert "JSONDecodeError" in first.what
    assert "JSONDecodeError" in second.what
    assert collector.events()[-1]["eventType"] == "COMPLETE"


def test_without_settings_nothing_is_imported_and_nothing_is_sent(run: ObservedRun):
    assert list(telemetry._observers(TelemetrySettings(), run)) == []


def test_a_collector_without_its_package_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(telemetry, "find_spec", lambda name: None)
    check_telemetry(TelemetrySettings())
    with pytest.raises(
        SettingError, match=r"openlineage_url needs the package openlineage.*requirements/telemetry.txt"
    ):
        check_telemetry(TelemetrySettings(openlineage_url="http://host"))


def test_an_address_with_a_query_keeps_it():
    assert telemetry.below("https://u:p@host/otel/?key=1", "v1/traces") == "https://u:p@host/otel/v1/traces?key=1"
