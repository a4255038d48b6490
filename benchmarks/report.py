"""Shows what comparisons found: a table for people, JSON for programs."""

import json
import re
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.compare import Comparison, Finding
from benchmarks.machine import in_words

_WIDE = 140  # columns of the table in a pipe, where there is no terminal to measure


def print_table(machine: dict[str, Any], rows: int, runs: int, lines: Sequence[Finding]) -> None:
    """The table, with the machine above it."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE)
    table = Table("work", "ours", "limit", "compared", "target", "memory, MB", box=None, header_style="bold")
    for line in lines:
        table.add_row(
            line.work,
            f"{spread(line.ours)} {line.unit}",
            f"{spread(line.limit)} {line.unit}" if line.limit else "",
            _compared(line.compared, line.measured_in) if line.compared else "",
            _target(line),
            _memory(line),
        )
    console.print(in_words(machine), markup=False)
    console.print(f"{rows:,} rows a month unless said otherwise; median (least–most) of {runs} rounds, run by turns")
    console.print(table)


def keep(file: Path, machine: dict[str, Any], comparison: Comparison, found: dict[str, Any]) -> None:
    """Write what a comparison found into the JSON file, beside what others found on the same machine."""
    content = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if content.get("machine") != machine:  # figures of two machines, or versions, have no place in one table
        content = {"machine": machine, "comparisons": {}}
    content["comparisons"][comparison.name] = {
        "what": comparison.what,
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **found,
    }
    write(file, content)


def write(file: Path, content: dict[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.part")
    text = json.dumps(content, indent=2, ensure_ascii=False)
    # Rows of numbers on one line each: a fifth as many lines to read.
    text = re.sub(r"\[([-\d.,\s]+)\]", lambda found: f"[{' '.join(found[1].split())}]", text)
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(file)


def spread(values: Sequence[float]) -> str:
    """'2.31 (2.28–2.40)'."""
    middle = f"{statistics.median(values):.2f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.2f}–{max(values):.2f})"


def _compared(values: Sequence[float], measured_in: str) -> str:
    return f"{spread(values)} ×" if measured_in == "times" else f"{spread(values)} s more"


def _target(line: Finding) -> str:
    if line.target is None:
        return ""
    return f"≤ {_compared([line.target], line.measured_in)} {'reached' if line.is_reached else 'MISSED'}"


def _memory(line: Finding) -> str:
    shown = "" if line.peak_mb is None else f"{line.peak_mb:.0f}"
    if line.peak_target is None:
        return shown
    return f"{shown} (≤ {line.peak_target:.0f}{'' if line.peak_mb <= line.peak_target else ' MISSED'})"
