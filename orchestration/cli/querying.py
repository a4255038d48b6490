"""The command `sql`: a question to a warehouse, its answer as a table, CSV, JSON or a parquet file."""

import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import typer

from ingest.errors import SettingError, printable
from orchestration.cli.console import events, output
from orchestration.cli.options import AsJson, Profile
from orchestration.settings import load_settings

# Imported where a query is asked: pyarrow and sqlglot take 60 MB, and every command reads this file.
if TYPE_CHECKING:
    import pyarrow as pa

    from orchestration.warehouses.answers import Answer

_SHOWN = 50  # rows of a table, unless --limit says otherwise
_STDOUT = "-"

Query = Annotated[str, typer.Argument(help="One select, in the warehouse's SQL")]
On = Annotated[Literal["postgres", "bigquery"], typer.Option("--on", help="The warehouse to ask")]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="[FILE]", help="All rows as CSV, to this file or to stdout")]
Parquet = Annotated[Path | None, typer.Option("--parquet", metavar="FILE", help="All rows to this parquet file")]
Limit = Annotated[int | None, typer.Option("--limit", "-n", min=1, help=f"At most so many rows; a table has {_SHOWN}")]
Seconds = Annotated[float, typer.Option("--seconds", min=0.1, max=7200, help="How long the answer may take")]


class _CsvToStdout(typer.core.TyperCommand):
    """`--csv` with no file after it is `--csv -`, which typer cannot say of an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the `-` there."""
        ends = [*args[1:], "--"]
        parts = [
            [one, _STDOUT] if one == "--csv" and then.startswith("-") and then != _STDOUT else [one]
            for one, then in zip(args, ends, strict=True)
        ]
        return super().parse_args(ctx, [word for part in parts for word in part])


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command(cls=_CsvToStdout)(sql)


def sql(
    query: Query,
    on: On,
    as_csv: Csv = None,
    parquet: Parquet = None,
    limit: Limit = None,
    seconds: Seconds = 60,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Ask a warehouse one query, which cannot change anything."""
    if sum(map(bool, (as_csv, parquet, as_json))) > 1:
        raise SettingError("--csv, --parquet and --json are three ways to get the rows", "Choose one")
    is_table = not (as_csv or parquet or as_json)
    most = limit or (_SHOWN if is_table else None)
    from orchestration.querying import answered

    with answered(load_settings({"profile": profile}), query, on, seconds) as answer:
        taken = _Rows(answer, most)
        if as_csv:
            with _open(as_csv, "w") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(answer.schema.names)
                writer.writerows(taken)
        elif parquet:
            _write_parquet(parquet, answer.schema, taken)
        elif as_json:
            _write_json(sys.stdout, answer.schema.names, taken)
        else:
            _print_table(answer.schema.names, list(taken))
        rest = taken.rest()
    if is_table:
        more = f"; not shown: {rest}. --limit shows more, --csv has all" if rest else ""
        output.print_text(f"{taken.count:,} rows{more}")
    elif rest or not as_json:
        where = "" if as_json or str(as_csv) == _STDOUT else f" in {as_csv or parquet}"
        events.say(f"{taken.count:,} rows{where}" + (f"; --limit left out: {rest}" if rest else ""))


class _Rows:
    """The rows of an answer, at most so many, counted as they are taken."""

    def __init__(self, answer: "Answer", most: int | None):
        self.count = 0
        self._answer = answer
        self._most = most
        self._unused = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for batch in self._answer.batches:
            room = len(batch) if self._most is None else self._most - self.count
            self.count += min(room, len(batch))
            self._unused = max(0, len(batch) - room)
            yield from islice(batch, room)
            if self.count == self._most:
                return

    def rest(self) -> str:
        """How many rows were not taken; '' for none."""
        left = self._answer.count_rest() if self.count == self._most else 0
        if left is None:
            return "more than could be counted in time"
        return f"{self._unused + left:,}" if self._unused + left else ""


@contextmanager
def _open(path: Path, mode: str) -> Iterator[IO[Any]]:
    """The file, which is there only once it is whole; `-` is stdout."""
    if str(path) == _STDOUT:
        yield sys.stdout
        return
    is_special = path.exists() and not path.is_file()  # such as /dev/null
    part = path if is_special else path.with_name(f"{path.name}.part")
    try:
        is_text = "b" not in mode
        with part.open(mode, encoding="utf-8" if is_text else None, newline="" if is_text else None) as file:
            yield file
        if not is_special:
            os.replace(part, path)
    except BaseException:
        if not is_special:
            part.unlink(missing_ok=True)
        raise


def _write_json(file: IO[str], names: list[str], rows: Iterator[tuple[Any, ...]] | _Rows) -> None:
    start = "["
    for row in rows:
        file.write(f"{start}\n  {json.dumps(dict(zip(names, row, strict=True)), default=str)}")
        start = ","
    file.write("[]\n" if start == "[" else "\n]\n")


def _write_parquet(path: Path, schema: "pa.Schema", rows: _Rows) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _open(path, "wb") as file, pq.ParquetWriter(file, schema) as writer:
        left = iter(rows)
        while batch := list(islice(left, 10_000)):
            columns = [
                _array(list(values), field) for values, field in zip(zip(*batch, strict=True), schema, strict=True)
            ]
            writer.write_table(pa.table(columns, schema=schema))


def _array(values: list[Any], field: "pa.Field") -> "pa.Array":
    import pyarrow as pa

    if pa.types.is_decimal(field.type):  # Postgres gives an average more digits
        step = Decimal(1).scaleb(-field.type.scale)
        values = [value if value is None else value.quantize(step) for value in values]
    return pa.array(values, field.type)


def _print_table(names: list[str], rows: list[tuple[Any, ...]]) -> None:
    import pandas as pd  # here, as it takes half a second; and it has no types

    shown = [["" if value is None else printable(str(value)) for value in row] for row in rows]
    if rows:
        output.print_text(pd.DataFrame(shown, columns=[printable(name) for name in names]).to_string(index=False))
