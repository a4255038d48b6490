"""What a comparison is, and what comes of it: lines of the table, ours against a limit."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.bench import Bench
from benchmarks.timing import Contender, Result, interleave, ratios, summary


@dataclass
class Line:
    """A line of the table: how long a work took us, round by round, and its limit in the same rounds (seconds).

    `target` is the most that `comparison` may be: `times` the limit, or seconds `more` than it. A line without a limit
    is a figure to know. `unit` is s, or MB where bytes are counted. `facts` is what else was found, for the JSON.
    """

    work: str
    ours: Sequence[float]
    limit: Sequence[float] | None = None
    target: float | None = None
    measured_in: Literal["times", "more"] = "times"
    peak_mb: float | None = None
    unit: Literal["s", "MB"] = "s"
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def comparison(self) -> list[float] | None:
        """Ours by the limit, or ours less the limit, of each round."""
        if self.limit is None:
            return None
        if self.measured_in == "more":
            return [mine - other for mine, other in zip(self.ours, self.limit, strict=True)]
        return ratios(self.ours, self.limit)

    @property
    def is_reached(self) -> bool | None:
        """Whether the median of the rounds keeps to the target; None where there is none."""
        if self.target is None or self.comparison is None:
            return None
        return statistics.median(self.comparison) <= self.target

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        document: dict[str, Any] = {"work": self.work, "unit": self.unit, "ours": summary(self.ours)}
        if self.limit is not None:
            document |= {"limit": summary(self.limit), "compared": {"in": self.measured_in, **summary(self.comparison)}}
        if self.target is not None:
            document |= {"target": self.target, "is_reached": self.is_reached}
        if self.peak_mb is not None:
            document["peak_mb"] = round(self.peak_mb)
        return document | self.facts


@dataclass(frozen=True)
class Comparison:
    """One entry of the registry: `run` does it. `python -m benchmarks landing` runs landing and landing/…."""

    name: str
    what: str
    run: Callable[[Bench], list[Line]]
    is_default: bool = True


def hold_against(
    bench: Bench,
    contenders: Sequence[Contender],
    work: str,
    ours: str,
    limits: Sequence[str],
    target: float,
    combine: Callable[[Sequence[float]], float] = max,
) -> Line:
    """Run the contenders by turns and hold `ours` against the `limits`; of several, `combine` makes one in each round.

    `max` is the slower of them, `sum` all of them one after another. Contenders named in neither are shown in the JSON.
    """
    results = {result.name: result for result in interleave(contenders, bench.runs, bench.say)}
    limit = [combine(seconds) for seconds in zip(*(results[name].seconds for name in limits), strict=True)]
    line = Line(work, results[ours].seconds, limit, target, peak_mb=results[ours].peak_mb)
    line.facts = {"contenders": [_document(result, limit) for result in results.values()]}
    return line


def _document(result: Result, limit: Sequence[float]) -> dict[str, Any]:
    return result.as_document() | {"times_the_limit": summary(ratios(result.seconds, limit))}
