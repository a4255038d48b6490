"""dlt moves each file month to a store: one pipeline per data set and store, one load package per month.

dlt imports the file itself into its load package (3 million rows take 2.8 s that way; as rows, by dlt's default,
153 s); the store is a dlt destination that replaces the month as a whole (dlt's own `replace` loses the month when it
is killed, its `merge` takes nine times as long). `dlt pipeline --pipelines-dir .taxi/dlt tlc_yellow_to_postgres info`
shows packages, schema and traces.
"""

import filecmp
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import dlt
import pyarrow as pa
import pyarrow.parquet as pq
from dlt.common.destination.exceptions import DestinationTerminalException
from dlt.pipeline.exceptions import PipelineStepFailed

from ingest.conform import Layout
from ingest.datasets import DataSet
from ingest.dlt_alone import be_alone
from ingest.errors import BadFileError, StoreError, TaxiError, UnknownOutcomeError, first_line
from ingest.measure import Measure
from ingest.unreadable import unreadable

# Puts a conformed month into a store: (data set, month, file, layout) -> what was written, if it was measured.
ReplaceMonth = Callable[[DataSet, date, Path, Layout], Measure | None]

# Names that dlt leaves alone and does not use itself, and the types that it takes as they are.
_DLT_NAME = re.compile(r"(?!_dlt)\w(?:[\w -]{0,60}\w)?", re.ASCII)
_DLT_KINDS = (
    lambda kind: pa.types.is_integer(kind) and kind != pa.uint64(),
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_boolean,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_date32,
    lambda kind: pa.types.is_timestamp(kind) and kind.tz is None,
)

be_alone()


@dataclass
class _Landing:
    """A month under way to a store; dlt's destination finds it by the names of the store and of dlt's table."""

    dataset: DataSet
    month: date
    layout: Layout
    replace_month: ReplaceMonth
    is_done: bool = False
    outcome: Measure | None = None
    failure: Exception | None = None

    def sink(self, path: Path) -> None:
        """Replace the month by the file of dlt's load package, or by the file itself where dlt was given another."""
        if self.is_done:  # dlt asks once more where it could not note that the job is done
            return
        if not (path.samefile(self.layout.file) or filecmp.cmp(path, self.layout.file, shallow=False)):
            path = self.layout.file
        try:
            self.outcome = self.replace_month(self.dataset, self.month, path, self.layout)
            self.is_done = True
        except Exception as error:  # whatever it is: dlt would try five times, on a reading that has ended
            self.failure = error
            raise DestinationTerminalException(str(error)) from error


_landings: dict[tuple[str, str], _Landing] = {}

_SINK = {
    "loader_file_format": "parquet",
    "batch_size": 0,  # the sink is handed the file, not its rows
    "naming_convention": "direct",
    "skip_dlt_columns_and_tables": True,
    "max_table_nesting": 0,
}


# dlt keeps a destination by its module's and its own name, and `dlt pipeline … info` imports it by these.
@dlt.destination(name="postgres", **_SINK)
def month_to_postgres(file_path: str, table: dict) -> None:
    """Replace the month in Postgres by the file of the load package."""
    _landings["postgres", table["name"]].sink(Path(file_path))


@dlt.destination(name="lake", **_SINK)
def month_to_lake(file_path: str, table: dict) -> None:
    """Replace the month's object in the lake by the file of the load package."""
    _landings["lake", table["name"]].sink(Path(file_path))


_DESTINATIONS = {"postgres": month_to_postgres, "lake": month_to_lake}


def land_month(
    store: Literal["postgres", "lake"],
    replace_month: ReplaceMonth,
    dataset: DataSet,
    month: date,
    path: Path,
    layout: Layout,
    pipelines_dir: Path,
) -> Measure | None:
    """Run the dlt pipeline that brings the file at `path` into `store`; returns what `replace_month` did.

    dlt imports the file itself. One that it would not take as it is has an empty stand-in in dlt's load package, with
    the raw table's columns, and `replace_month` reads the file where it is.
    Raises what `replace_month` raised: a TaxiError, unless there is a fault in it. BadFileError where dlt cannot read
    the file, StoreError where its folder `pipelines_dir` cannot be written to: UnknownOutcomeError, if afterwards.
    """
    landing = _Landing(dataset, month, layout, replace_month)
    stand_in = pipelines_dir / f"{dataset.table}_{month:%Y_%m}.{store}.parquet"
    try:
        if not _is_taken_by_dlt(pq.read_schema(path)):
            path = stand_in
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(layout.schema.empty_table(), path)
        resource = trip_file(dataset, month, path, layout)
        _landings[store, resource.name] = landing
        pipeline = dlt.pipeline(
            pipeline_name=f"tlc_{dataset.name}_to_{store}",
            destination=_DESTINATIONS[store](),
            dataset_name="taxi_raw",
            pipelines_dir=str(pipelines_dir),
        )
        # What a killed run left behind is for another month, or an older file: dlt would load it instead of this one.
        pipeline.abort_packages()
        # A fresh schema in place of the last: the file's own columns, whatever types an earlier edition of it had. With
        # the tables of 200 earlier months in it a landing took 0.9 s of processor time, and each package kept 1 MB.
        pipeline.run(resource, schema=dlt.Schema(pipeline.pipeline_name), refresh="drop_sources")
    except PipelineStepFailed as failed:
        raise landing.failure or _explain(failed, landing, pipelines_dir) from failed
    except OSError as error:
        raise _explain(error, landing, pipelines_dir) from error
    finally:
        _landings.pop((store, f"{dataset.table}_{month:%Y_%m}"), None)
        with suppress(OSError):
            stand_in.unlink(missing_ok=True)
    return landing.outcome


def _explain(failed: BaseException, landing: _Landing, pipelines_dir: Path) -> TaxiError:
    """What hindered dlt itself: the file (pyarrow's errors, which are OSErrors without a number), or the disk."""
    file = landing.layout.file
    if landing.is_done:
        what = f"{landing.dataset.name} {landing.month:%Y-%m} landed, and dlt could not note it in {pipelines_dir}"
        return UnknownOutcomeError(f"{what}: {first_line(failed.__cause__ or failed)}", "Run again: it lands again")
    cause: BaseException | None = failed
    while cause is not None:
        if isinstance(cause, pa.ArrowException) or (isinstance(cause, OSError) and cause.errno is None):
            return unreadable(file, cause)
        if isinstance(cause, OSError):
            return StoreError(
                f"dlt's folder {pipelines_dir} cannot take {file.name}: {cause.strerror}",
                "Make room there, or have the setting `state_dir` name a folder on a larger disk; then run again",
            )
        cause = cause.__cause__ or cause.__context__
    what = f"dlt cannot take {file}: {first_line(failed.__cause__ or failed)}"
    return BadFileError(what, "If a column has a type that no TLC file had before, convert it")


def trip_file(dataset: DataSet, month: date, path: Path, layout: Layout):
    """The dlt resource of one file month: the parquet file at `path`, which dlt imports without reading its rows.

    Its table is named as the month's partition and has the columns of that file: dlt would rewrite a file whose columns
    are not its table's.
    """
    schema = pq.read_schema(path)
    columns = {name: target.column for target in layout.targets for name in (target.column.name, target.source)}
    descriptions = {name: column.description for name, column in columns.items()}
    hints = [
        {"name": field.name, "description": descriptions.get(field.name, ""), "nullable": True} | _dlt_type(field.type)
        for field in schema
    ]

    @dlt.resource(name=f"{dataset.table}_{month:%Y_%m}", columns=hints, write_disposition="append")
    def trips():
        yield dlt.mark.with_file_import(str(path), "parquet", layout.rows, hints=schema.empty_table())

    return trips()


def _dlt_type(arrow_type: pa.DataType) -> dict:
    """What dlt would get wrong: it takes times for UTC, and these are New York's clocks."""
    return {"data_type": "timestamp", "timezone": False} if pa.types.is_timestamp(arrow_type) else {}


def _is_taken_by_dlt(schema: pa.Schema) -> bool:
    """Whether dlt imports a file of that schema as it is.

    Columns without values and times with a zone it would write again, in 5 times the time and with a row group in
    memory; other names would be changed, and other types are unknown to it.
    """
    return all(
        field.nullable and _DLT_NAME.fullmatch(field.name) and any(is_kind(field.type) for is_kind in _DLT_KINDS)
        for field in schema
    )
