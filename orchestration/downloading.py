"""Shows how far a download is."""

import time

from ingest.source import Progress
from orchestration.report import Report

NOTE_SECONDS = 60.0


def downloading(report: Report, name: str) -> Progress:
    """What shows it for the month `name`: all the time on a terminal, once a minute in a log."""
    noted_at = 0.0

    def show(done: int, whole: int | None) -> None:
        nonlocal noted_at
        of = f" of {whole / 2**20:,.1f}" if whole else ""
        text = f"{name}: {done / 2**20:,.1f}{of} MiB downloaded"
        report.update(text)
        now = time.monotonic()
        if noted_at and now - noted_at >= NOTE_SECONDS:
            report.note(text)
            noted_at = now
        noted_at = noted_at or now

    return show
