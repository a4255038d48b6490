"""dlt moves each file month to a store: one pipeline per data set and store, one load package per month.

dlt imports the file itself into its load package (3 million rows take 2.8 s that way; as rows, by dlt's default, 153 s);
the store is a dlt destination that replaces the month as a whole (dlt's own `replace` loses the month when it is killed, its `merge`
takes nine times as long). `dlt pipeline --pipelines-dir <state>/dlt tlc_yellow_to_postgres info` shows packages, schema,
traces.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import dlt
import pyarrow as pa
import pyarrow.parquet as pq
from dlt.common.destination.exceptions import DestinationTerminalException
from dlt.pipeline.exceptions import PipelineStepFailed

from ingest.checksums import Measure
from ingest.conform import Layout
from ingest.datasets import ColumnType, DataSet
from ingest.errors import TaxiError

# Puts a conformed month into a store: (data set, month, file, layout) -> what was written.
ReplaceMonth = Callable[[DataSet, date, Path, Layout], Measure]

_DLT_TYPES: dict[ColumnType, dict] = {
    "bigint": {"data_type": "bigint"},
    "double": {"data_type": "double"},
    "text": {"data_type": "text"},
    # New York's clocks, without a zone; dlt would otherwise make it UTC.
    "timestamp": {"data_type": "timestamp", "timezone": False},
}

# Nothing is reported to dlt's makers; what goes wrong is ours to say, not dlt's logger's.
dlt.config["runtime.dlthub_telemetry"] = False
dlt.config["runtime.log_level"] = "CRITICAL"


def land_month(
    store: str,
    replace_month: ReplaceMonth,
    dataset: DataSet,
    month: date,
    path: Path,
    layout: Layout,
    pipelines_dir: Path,
) -> Measure:
    """Run the dlt pipeline that brings the file at `path` into `store`; returns what the store was given.

    Raises the TaxiError of what went wrong, as `replace_month` raised it.
    """
    outcome: list[Measure] = []
    failures: list[TaxiError] = []

    @dlt.destination(
        name=store,
        loader_file_format="parquet",
        batch_size=0,  # the sink is handed the file, not its rows
        naming_convention="direct",
        skip_dlt_columns_and_tables=True,
        max_table_nesting=0,
    )
    def month_sink(file_path: str, table: dict) -> None:
        try:
            outcome.append(replace_month(dataset, month, Path(file_path), layout))
        except TaxiError as error:
            failures.append(error)
            raise DestinationTerminalException(str(error)) from error

    pipeline = dlt.pipeline(
        pipeline_name=f"tlc_{dataset.name}_to_{store}",
        destination=month_sink(),
        dataset_name="taxi_raw",
        pipelines_dir=str(pipelines_dir),
    )
    # What a killed run left behind is for another month, or an older file: dlt would load it instead of this one.
    pipeline.abort_packages()
    try:
        # A fresh schema: the file's own columns, whatever types an earlier edition of it had.
        pipeline.run(trip_file(dataset, month, path, layout), schema=dlt.Schema(pipeline.pipeline_name))
    except PipelineStepFailed:
        if failures:
            raise failures[0] from None
        raise
    return outcome[0]


def trip_file(dataset: DataSet, month: date, path: Path, layout: Layout):
    """The dlt resource of one file month: the parquet file itself, imported into the load package without being read.

    Its table is named as the month's partition and has the columns of the file as TLC wrote them: dlt would rewrite a
    file whose columns are not its table's. (It does rewrite one with null-typed columns, as the declared type.)
    """
    schema = pq.read_schema(path)
    columns = {target.source: target.column for target in layout.targets if target.source}
    hints = [
        {"name": name, "description": columns[name].description, "nullable": True}
        | (_DLT_TYPES[columns[name].type] if pa.types.is_null(schema.field(name).type) else {})
        for name in schema.names
    ]

    @dlt.resource(name=f"{dataset.table}_{month:%Y_%m}", columns=hints, write_disposition="append")
    def trips():
        yield dlt.mark.with_file_import(str(path), "parquet", layout.rows, hints=schema.empty_table())

    return trips()
