"""`python -m synthetic ROOT`: writes synthetic TLC files; the demo's months unless one is asked for."""

if __name__ == "__main__":  # before anything that reads variables as it is imported
    from common.door import enter

    enter()

from pathlib import Path
from typing import Annotated

import typer

from ingest.errors import TaxiError
from ingest.months import label, parse_month
from synthetic.demo import DEMO_MONTHS, write_demo
from synthetic.files import write_month, write_notice
from synthetic.layouts import FIRST_MONTHS
from synthetic.red_month import write_red_month
from synthetic.shapes import write_zone_shapes
from synthetic.zones import write_zone_lookup

app = typer.Typer(add_completion=False)


@app.command()
def main(
    root: Annotated[Path, typer.Argument(help="Folder for trip-data/ and misc/, laid out as TLC's")],
    dataset: Annotated[str, typer.Option(help=f"One of {', '.join(FIRST_MONTHS)}; none: the demo's months")] = "",
    month: Annotated[str, typer.Option(help="Such as 2024-01; goes with --dataset")] = "",
    rows: Annotated[int, typer.Option(min=0, help="Rows of a file; the demo has one of four times as many")] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other trips")] = 0,
    broken: Annotated[bool, typer.Option("--broken", help="With one amount that is no number: it cannot land")] = False,
) -> None:
    """Write SYNTHETIC TLC trip files: invented trips in TLC's own layouts, with the faults that real files have."""
    if bool(dataset) != bool(month):
        raise typer.BadParameter("--dataset and --month go together")
    if broken and not dataset:
        raise typer.BadParameter("--broken is about one month: give --dataset and --month")
    try:
        if dataset:
            write = write_red_month if broken else write_month
            months = [write(root, dataset, parse_month(month), rows, seed)]
            paths = [*months, write_zone_lookup(root), write_zone_shapes(root)]
        else:
            paths = write_demo(root, rows, seed)
        write_notice(root)
    except (TaxiError, ValueError, OSError) as error:
        raise typer.BadParameter(str(error)) from None
    what = f"{dataset} {label(parse_month(month))}" if dataset else f"{len(DEMO_MONTHS)} months of the demo"
    typer.echo(f"SYNTHETIC data ({what}, {rows:,} rows a file, seed {seed}): no trip in these files took place.")
    for path in paths:
        typer.echo(f"  {path}")


if __name__ == "__main__":
    app(prog_name="python -m synthetic")
