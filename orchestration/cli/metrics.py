"""`metrics`: the ledger's figures as Prometheus text, for node_exporter's textfile collector or a scrape."""

from collections.abc import Iterable

from ingest.months import label
from orchestration.ledger.records import MonthRecord
from orchestration.ledger.transitions import State
from orchestration.read_model import LedgerFigures

_OUTCOMES = ("running", "done", "failed", "interrupted")


def of_ledger(figures: LedgerFigures) -> str:
    """The metrics; format: https://prometheus.io/docs/instrumenting/exposition_formats/."""
    service_types = sorted({record.dataset for record in figures.months})
    lines = [
        *_family("taxi_months", "gauge", "File months by state"),
        *(
            _sample(
                "taxi_months", sum(record.state == state for record in _of(figures, one)), service_type=one, state=state
            )
            for one in service_types
            for state in State
        ),
        *_family("taxi_rows", "gauge", "Rows of the file months that are done"),
        *(
            _sample(
                "taxi_rows",
                sum(record.rows or 0 for record in _of(figures, one) if record.state == "done"),
                service_type=one,
            )
            for one in service_types
        ),
        *_family("taxi_month_difference", "gauge", "Rows and cents by which the stores of a file month differ"),
        *(
            _sample("taxi_month_difference", record.difference, service_type=record.dataset, month=label(record.month))
            for record in figures.months
            if record.difference
        ),
        *_family("taxi_last_run_outcome", "gauge", "1 for the outcome of the newest run"),
        *(
            _sample("taxi_last_run_outcome", int(figures.last_run.outcome == outcome), outcome=outcome)
            for outcome in _OUTCOMES
            if figures.last_run
        ),
        *_family("taxi_last_run_started_seconds", "gauge", "When the newest run began, in Unix time"),
        *(
            [_sample("taxi_last_run_started_seconds", figures.last_run.started_at.timestamp())]
            if figures.last_run
            else []
        ),
        *_family("taxi_last_done_seconds", "gauge", "When a run last ended with everything done, in Unix time"),
        *([_sample("taxi_last_done_seconds", figures.last_done_at.timestamp())] if figures.last_done_at else []),
        *_family("taxi_step_seconds", "gauge", "Median duration of a step, over its last 10"),
        *(_sample("taxi_step_seconds", seconds, step=step) for step, seconds in figures.seconds_by_step.items()),
    ]
    return "\n".join(lines) + "\n"


def _of(figures: LedgerFigures, service_type: str) -> Iterable[MonthRecord]:
    return (record for record in figures.months if record.dataset == service_type)


def _family(name: str, kind: str, description: str) -> list[str]:
    return [f"# HELP {name} {description}", f"# TYPE {name} {kind}"]


def _sample(name: str, value: float, **labels: str) -> str:
    shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{shown}}} {value}" if shown else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
