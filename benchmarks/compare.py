"""What a comparison is, and what comes of it: findings, ours against a limit."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.bench import Bench
from benchmarks.timing import Contender, Result, interleave, ratios, summary

# What the pipeline's processes may hold, MB, by rows of the month.
PEAK_TARGETS = {3_000_000: 400, 20_000_000: 450}


@dataclass
class Finding:
    """What came of a comparison, a line of the table: seconds that a work took us in each round, and its limit's.

    `target` is the most that `compared` may be: `times` the limit, or seconds `more` than it. A line without a limit
    is a figure to know. `unit` is s, MB where bytes are counted, or jobs. `peak_mb` is what our processes held at most,
    `peak_target` what they may. `facts` is what else was found, for the JSON.
    """

    work: str
    ours: Sequence[float]
    limit: Sequence[float] | None = None
    target: float | None = None
    measured_in: Literal["times", "more"] = "times"
    peak_mb: float | None = None
    peak_target: float | None = None
    unit: Literal["s", "MB", "jobs"] = "s"
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def compared(self) -> list[float] | None:
        """Ours by the limit, or ours less the limit, of each round."""
        if self.limit is None:
            return None
        if self.measured_in == "more":
            return [mine - other for mine, other in zip(self.ours, self.limit, strict=True)]
        return ratios(self.ours, self.limit)

    @property
    def is_reached(self) -> bool | None:
        """Whether the median of the rounds keeps to the target; None where there is none."""
        if self.target is None or self.compared is None:
            return None
        return statistics.median(self.compared) <= self.target

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        document: dict[str, Any] = {"work": self.work, "unit": self.unit, "ours": summary(self.ours)}
        if self.limit is not None:
            document |= {"limit": summary(self.limit), "compared": {"in": self.measured_in, **summary(self.compared)}}
        if self.target is not None:
            document |= {"target": self.target, "is_reached": self.is_reached}
        if self.peak_mb is not None:
            document["peak_mb"] = round(self.peak_mb)
        if self.peak_target is not None:
            document |= {"peak_target_mb": self.peak_target, "is_peak_reached": self.peak_mb <= self.peak_target}
        return document | self.facts


@dataclass(frozen=True)
class Comparison:
    """One entry of the registry: `run` does it. `python -m benchmarks landing` runs landing and landing/…."""

    name: str
    what: str
    run: Callable[[Bench], list[Finding]]
    is_default: bool = True


def hold_against(
    bench: Bench,
    contenders: Sequence[Contender],
    work: str,
    ours: str,
    limits: Sequence[str],
    target: float | None,
    rows: int | None = None,
) -> Finding:
    """Run the contenders by turns and hold `ours` against the `limits`; of several, against the slower in each round.

    Contenders named in neither are shown in the JSON. `rows`: what they are asked for, where it is fewer than the
    others get.
    """
    results = {result.name: result for result in interleave(contenders, bench.runs, bench.say)}
    limit = [max(seconds) for seconds in zip(*(results[name].seconds for name in limits), strict=True)]
    line = Finding(work, results[ours].seconds, limit, target)
    line.peak_mb, line.peak_target = results[ours].peak_mb, PEAK_TARGETS.get(rows or bench.rows)
    line.facts = {"contenders": [_document(result, limit) for result in results.values()]}
    return line


def _document(result: Result, limit: Sequence[float]) -> dict[str, Any]:
    return result.as_document() | {"times_the_limit": summary(ratios(result.seconds, limit))}
