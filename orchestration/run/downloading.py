"""Tells how far a download is, under the name of its own month: another one may be landing meanwhile."""

import time
from collections.abc import Callable

from ingest.source import Progress

NOTE_SECONDS = 60.0


def downloading(name: str, tell: Callable[[str, bool], None]) -> Progress:
    """What passes it on to `tell`, as words about the month `name`; once a minute it is a milestone."""
    noted_at = 0.0

    def show(done: int, whole: int | None) -> None:
        nonlocal noted_at
        of = f" of {whole / 2**20:,.1f}" if whole else ""
        now = time.monotonic()
        is_milestone = bool(noted_at) and now - noted_at >= NOTE_SECONDS
        tell(f"{name}: {done / 2**20:,.1f}{of} MiB downloaded", is_milestone)
        noted_at = now if is_milestone else noted_at or now

    return show
