"""Processor seconds of a run, of its dbt and of each server, by step of the ledger."""

import bisect
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from benchmarks.memory import family
from embedded import state

SAMPLE_SECONDS = 0.2
_TICKS = os.sysconf("SC_CLK_TCK")
BETWEEN = "between steps"

Sample = tuple[float, dict[str, float]]
"""The time of day, and the processor seconds until then by process."""


def sample(pid: int, servers: Path) -> Sample:
    """What the run `pid`, its children (dbt) and the servers of this folder used until now; what ended counts too."""
    used = {"run": _used(pid, 0), "dbt": sum(map(_used, family(pid))) - _used(pid, 0)}
    used |= {name: sum(map(_used, family(record.pid))) for name, record in state.read(servers).items()}
    return time.time(), used


def by_step(samples: Sequence[Sample], steps: Sequence[tuple[str, datetime, datetime]]) -> dict[str, dict[str, float]]:
    """Processor seconds by step and process. Steps follow one another; what is used at the same time is theirs."""
    times = [when for when, _ in samples]
    found: dict[str, Counter[str]] = {}
    spent = Counter[str]()
    for step, begun, ended in steps:
        before, after = (_at(samples, times, when.timestamp()) for when in (begun, ended))
        used = {process: after[process] - before.get(process, 0.0) for process in after}
        found.setdefault(step, Counter()).update(used)
        spent.update(used)
    whole = {process: used - samples[0][1].get(process, 0.0) for process, used in samples[-1][1].items()}
    rest = {process: used - spent[process] for process, used in whole.items()}
    return {**{step: dict(used) for step, used in found.items()}, BETWEEN: rest}


def _at(samples: Sequence[Sample], times: Sequence[float], when: float) -> Mapping[str, float]:
    """What was used until then, on a straight line between two samples."""
    index = min(max(bisect.bisect(times, when), 1), len(samples) - 1)
    (earlier, before), (later, after) = samples[index - 1 : index + 1]
    part = min(max((when - earlier) / (later - earlier), 0.0), 1.0)
    return {process: before.get(process, used) * (1 - part) + used * part for process, used in after.items()}


def _used(pid: int, waited_for: int = 1) -> float:
    """Of a process, and of the descendants that it has waited for (proc(5): stat); 0 for one that ended meanwhile."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11 : 13 + 2 * waited_for])) / _TICKS
