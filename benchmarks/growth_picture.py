"""Draws how time and memory grow."""

from pathlib import Path
from typing import Any


def draw(kept: dict[str, Any], picture: Path) -> bool:
    """Four panels: seconds by phase, and memory, by months and by rows a month. False where matplotlib is missing."""
    try:
        import matplotlib  # of no use to anything else here: an extra
    except ImportError:
        return False
    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(2, 2, figsize=(10, 7), layout="constrained")
    for column, (axis, title) in enumerate(
        (("months", "months of 20,000 rows"), ("rows", "rows of one month (○ high-volume)"))
    ):
        points = [point for point in kept["points"].values() if point["axis"] == axis]
        yellow = sorted((one for one in points if one["dataset"] == "yellow"), key=lambda one: one[axis])
        others = [one for one in points if one["dataset"] != "yellow"]
        time, memory = panels[0][column], panels[1][column]
        at = [one[axis] for one in yellow]
        slope = kept["slopes"].get(f"seconds by {axis}, the largest two")
        label = "whole run" if slope is None else f"whole run (slope at the end {slope:.2f})"
        time.plot(at, [one["seconds"] for one in yellow], "k.-", label=label)
        for number, phase in enumerate(dict.fromkeys(phase for one in yellow for phase in one["phases"])):
            seconds = [one["phases"].get(phase, float("nan")) for one in yellow]
            if max(seconds) >= 1:  # the others would only crowd it
                time.plot(at, seconds, ".-", color=f"C{number}", linewidth=1, label=phase)
        time.plot([one[axis] for one in others], [one["seconds"] for one in others], "ko", fillstyle="none")
        slope = kept["slopes"].get(f"peak_mb by {axis}, the largest two")
        label = "the run's processes" if slope is None else f"the run's processes (slope at the end {slope:.2f})"
        memory.plot(at, [one["peak_mb"] for one in yellow], "k.-", label=label)
        memory.plot([one[axis] for one in others], [one["peak_mb"] for one in others], "ko", fillstyle="none")
        memory.set_ylim(0, 1.2 * max(one["peak_mb"] for one in points))
        time.set_yscale("log")
        time.set_ylim(top=30 * max(one["seconds"] for one in points))  # room for the legend
        time.set_ylabel("seconds")
        memory.set_ylabel("peak memory, MB")
        for panel in (time, memory):
            panel.set_xscale("log")
            panel.set_xlabel(title)
            panel.grid(alpha=0.3)
        time.legend(fontsize="small", loc="upper left", ncols=2)
        memory.legend(fontsize="small", loc="lower left")
    figure.savefig(picture, metadata={"Date": None})
    pyplot.close(figure)
    return True
