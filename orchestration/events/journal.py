"""Writes what happens in a run to a file, one JSON document a line: what people saw, and what the libraries logged."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common.masking import masked
from orchestration.events.events import AnyEvent, Message, MonthChanged, Progress, StepEnded, StepStarted

JOURNAL = "run.jsonl"
"""Its name in a run's folder."""

# dbt has a log of its own in the run's folder; these libraries log by Python's logging, in the run's process.
_LIBRARIES = ("dlt", "google")


class Journal(logging.Handler):
    """A listener for events and a handler for logging; every line names the run, and the step that is at work."""

    def __init__(self, path: Path, run_id: str):
        super().__init__(logging.INFO)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._run_id = run_id
        self._at_work: dict[str, str] = {}

    def __call__(self, event: AnyEvent) -> None:
        """Write an event down."""
        match event:
            case StepStarted(step=step, subject=subject):
                self._at_work = {"step": step, "subject": subject}
                self._write("info", f"{step} started")
            case StepEnded(step=step, subject=subject, seconds=seconds, error=error):
                level, text = ("error", error) if error else ("info", f"{step} ended")
                self._write(level, text, step=step, subject=subject, seconds=round(seconds, 3))
                self._at_work = {}
            case MonthChanged(key=(service_type, month), before=before, after=after, reason=reason, error=error):
                why = {"error": error} if error else {}
                text = f"{service_type} {month:%Y-%m}: {before or 'unknown'} → {after} ({reason})"
                self._write("info", text, service_type=service_type, month=f"{month:%Y-%m}", **why)
            case Message(level=level, what=what, next_step=next_step):
                self._write(str(level), what, **({"next_step": next_step} if next_step else {}))
            case Progress(step=step, subject=subject, shown=shown, is_milestone=True):
                self._write("info", shown, step=step, subject=subject)

    def emit(self, record: logging.LogRecord) -> None:
        """Write down what a library logged."""
        self._write(record.levelname.lower(), record.getMessage(), logger=record.name)

    def close(self) -> None:
        """Nothing is written any more."""
        super().close()
        with suppress(OSError):
            self._file.close()

    def _write(self, level: str, message: str | None, **details: Any) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        document = {"at": at, "run": self._run_id, "level": level, **self._at_work, **details, "message": message}
        document = {name: masked(value) if isinstance(value, str) else value for name, value in document.items()}
        # The run does not fail for want of a journal: what it needs the full disk for says so.
        with suppress(OSError, ValueError):
            self._file.write(json.dumps(document, ensure_ascii=False) + "\n")


@contextmanager
def keeping_journal(path: Path, run_id: str) -> Iterator[Journal]:
    """A journal at `path` that the libraries log to while this lasts; the caller has it listen to events."""
    journal = Journal(path, run_id)
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    for logger in loggers:
        logger.addHandler(journal)
    try:
        yield journal
    finally:
        for logger in loggers:
            logger.removeHandler(journal)
        journal.close()
