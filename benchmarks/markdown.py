"""`python -m benchmarks.markdown` prints docs/benchmarks.md's tables, made from the figures in benchmarks/results/.

`--write` puts them into that page, three of the figures into README.md, and what growth.json holds into docs/scale.md,
between the comments that mark each place.
"""

import json
import re
from typing import Annotated, Any

import typer

from benchmarks.growth import RESULTS as GROWTH
from benchmarks.growth import SHOWN, as_finding
from benchmarks.machine import in_words
from benchmarks.scale import measured
from benchmarks.timing import ROOT

RESULTS = ROOT / "benchmarks" / "results" / "limits.json"
PAGE = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"
SCALE = ROOT / "docs" / "scale.md"
_BEGIN, _END = "<!-- benchmarks: made by `python -m benchmarks.markdown --write` -->", "<!-- benchmarks end -->"
_BETWEEN = re.compile(f"(?<={re.escape(_BEGIN)}\n).*(?={re.escape(_END)})", re.DOTALL)
# README.md's three rows, as its readers would call them.
_HEADLINES = {
    "landing/both": "a month of 3 million trips, from the file into both stores",
    "line": "the same month, from the file to reconciled marts on both warehouses",
    "growth": "a month of 20 million high-volume trips, likewise, on an empty system",
}


def figures() -> dict[str, Any]:
    """What is kept of the comparisons, and those points of `growth`, which is too slow for three rounds, that count."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    points = json.loads(GROWTH.read_text(encoding="utf-8"))["points"]
    found = [as_finding(point, points[point.key]) for point in SHOWN if point.key in points]
    if found:
        kept["comparisons"]["growth"] = {"lines": [finding.as_document() for finding in found]}
    return kept


def tables(kept: dict[str, Any]) -> str:
    """The machine in a sentence, a table of works against their limits, and one of peers."""
    lines, peers = [], []
    for name, comparison in kept["comparisons"].items():
        for line in comparison["lines"]:
            if "phase_of" in line:
                continue
            row = {"rows": comparison.get("rows"), **line}
            (peers if name == "peers" else lines).append(row)
    parts = [
        f"Measured on {in_words(kept['machine'])}. Seconds are medians; ratios are of two runs of one round: their"
        " median and, in brackets, the least and the most.\n",
        "| work | rows a month | pipeline | limit | pipeline / limit | target | peak MB |",
        "| --- | ---: | ---: | ---: | ---: | --- | ---: |",
        *map(_line, lines),
    ]
    if peers:
        parts += [
            "\n| landing, against | pipeline | peer | pipeline / peer | what the peer leaves out |",
            "| --- | ---: | ---: | ---: | --- |",
        ]
        parts += map(_peer, peers)
    return "\n".join(parts) + "\n"


def headlines(kept: dict[str, Any]) -> str:
    """A table of three figures: how long, how close to the limit, and how much memory."""
    rows = ["| work | time | limit of the machine | peak memory |", "| --- | ---: | ---: | ---: |"]
    for name, work in _HEADLINES.items():
        line = kept["comparisons"][name]["lines"][-1]
        limit = _figure(line["limit"]["median"], line["unit"]) if "limit" in line else "–"
        rows.append(f"| {work} | {_figure(line['ours']['median'], line['unit'])} | {limit} | {line['peak_mb']:,} MB |")
    return "\n".join(rows) + "\n"


def _line(line: dict[str, Any]) -> str:
    unit, limit = line["unit"], line.get("limit")
    cells = [line["work"].strip(), f"{line['rows']:,}", _figure(line["ours"]["median"], unit)]
    cells += [_figure(limit["median"], unit) if limit else "", _compared(line), _target(line), _peak(line)]
    return f"| {' | '.join(cells)} |"


def _peer(line: dict[str, Any]) -> str:
    seconds = [_figure(line[side]["median"], line["unit"]) for side in ("ours", "limit")]
    faster = "" if line["is_reached"] else f"**the peer is faster**: {line['why_faster']}. "
    return f"| {' | '.join([line['work'], *seconds, _compared(line), faster + line['leaves_out']])} |"


def _figure(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}" if value < 10 else f"{value:,.1f} {unit}"


def _compared(line: dict[str, Any]) -> str:
    compared = line.get("compared")
    if not compared:
        return ""
    spread = f"{compared['median']:.2f}"
    if len(compared["values"]) > 1:
        spread += f" ({compared['min']:.2f}–{compared['max']:.2f})"
    return spread if compared["in"] == "times" else f"{spread} s more"


def _target(line: dict[str, Any]) -> str:
    if "target" not in line:
        return ""
    unit = "" if line["compared"]["in"] == "times" else " s more"
    return f"≤ {line['target']:g}{unit}{'' if line['is_reached'] else ' **missed**'}"


def _peak(line: dict[str, Any]) -> str:
    if "peak_mb" not in line:
        return ""
    target = line.get("peak_target_mb")
    missed = "" if target is None or line["is_peak_reached"] else " **missed**"
    return f"{line['peak_mb']:,}" + (f" (≤ {target}){missed}" if target else "")


def with_tables(text: str, made: str) -> str:
    """The text with the tables `made` in their place."""
    return _BETWEEN.sub(lambda _: made, text)


def main(write: Annotated[bool, typer.Option(help="Into the documents that show them")] = False) -> None:
    """Print the tables."""
    kept = figures()
    if write:
        grown = measured(json.loads(GROWTH.read_text(encoding="utf-8")))
        for document, made in ((PAGE, tables(kept)), (README, headlines(kept)), (SCALE, grown)):
            document.write_text(with_tables(document.read_text(encoding="utf-8"), made), encoding="utf-8")
    else:
        typer.echo(tables(kept), nl=False)


if __name__ == "__main__":
    typer.run(main)
