"""External tables over parquet files on Cloud Storage, read in place by each query.

BigQuery: lists the files under the URIs at each query; finds columns by name (a file without one gives null, columns
    that nobody declared are not seen); takes partition columns from the path; reads only the files that a filter on
    these leaves. A hive-partitioned table without any file is an error ("Cannot query hive partitioned data for table
    … without any associated files"), when it is made and when it is read.
local-bigquery: ignores the external configuration: the table is there, and empty.
Changed: the table is a DuckDB view over the bucket's folder, with the declared columns and then the partition columns.
    A table without files is empty, not an error, so that a line may start with some data sets missing. Other formats
    than parquet, and tables without declared columns, are refused.
"""

import functools
import threading
from pathlib import Path

from local_bigquery.catalog import datasets, names, tables
from local_bigquery.engine import database, types
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError, already_exists
from local_bigquery.jobs import load, query, storage
from local_bigquery.jobs.storage import literal
from local_bigquery.models import Table, TableFieldSchema
from local_bigquery.settings import settings

# In the path of the file without rows (see _no_rows), each partition column has a value of its type.
NO_VALUE = {"VARCHAR": "none", "DATE": "0001-01-01", "BIGINT": "0", "TIMESTAMP": "0001-01-01 00:00:00"}

_lock = threading.Lock()
_files_of_view: dict[tuple[str, str, str], list[str]] = {}


def define(resource: Table, replace: bool = False) -> None:
    """Make an external table from its description, in which `schema` holds the declared columns."""
    config, reference = resource.externalDataConfiguration, tables.reference(resource.tableReference)
    if (config.sourceFormat or "").upper() != "PARQUET":
        raise BigQueryError("notImplemented", "Only parquet files can be external tables here")
    if not tables.fields(resource):
        raise BigQueryError("notImplemented", "Declare the columns of an external table: they are not guessed here")
    names.table(reference[2])
    datasets.get(*reference[:2])
    if tables.exists(*reference) and not replace:
        raise already_exists("Table", names.label(*reference))
    _make_file_without_rows(resource)
    with _lock:
        _make_view(resource)
    tables.record(*reference, tables.defaults(*reference).merged(resource).replace(type="EXTERNAL"))


def partition_columns(resource: Table) -> list[TableFieldSchema]:
    """As BigQuery notes them down: the URI prefix `gs://bucket/raw/{dataset:STRING}/{file_month:DATE}`."""
    hive = resource.externalDataConfiguration.hivePartitioningOptions
    keys = load.HIVE_KEY.findall((hive and hive.sourceUriPrefix) or "")
    return [TableFieldSchema(name=name, type=kind) for name, kind in keys]


def _make_view(resource: Table) -> None:
    reference = tables.reference(resource.tableReference)
    keys = partition_columns(resource)
    files = _patterns_with_files(resource)
    options = {"union_by_name": "true", "hive_partitioning": "true" if keys else "false"}
    if keys:
        options["hive_types"] = load._struct(keys, types.duckdb_type)
    listed = ", ".join(map(literal, [str(_file_without_rows(resource)), *files]))
    columns = ", ".join(
        f"CAST({quote(field.name)} AS {types.duckdb_type(field)}) AS {quote(field.name)}"
        for field in [*tables.fields(resource), *keys]
    )
    source = f"read_parquet([{listed}]{load._options(options)})"
    database.execute(f"CREATE OR REPLACE VIEW {tables.name(*reference)} AS SELECT {columns} FROM {source}")
    _files_of_view[reference] = files


def _patterns_with_files(resource: Table) -> list[str]:
    """The URIs as patterns of file names. DuckDB refuses a pattern that no file fits, so those are left out."""
    patterns = map(_pattern, resource.externalDataConfiguration.sourceUris or [])
    return [pattern for pattern in patterns if database.fetch(f"SELECT 1 FROM glob({literal(pattern)}) LIMIT 1")]


def _pattern(uri: str) -> str:
    """A star at the end of a URI stands for any rest, slashes too.

    Where the file system has no extended attributes, fake-gcs-server keeps an object's in a file `<object>.metadata`
    beside it: names that end in "a" are left out.
    """
    local = storage._local(uri)
    return f"{local.removesuffix('*')}**/*[!a]" if local.endswith("/*") else local


def _file_without_rows(resource: Table) -> Path:
    """A file that every view reads first. It has the declared columns: so none is missing, and no table has no file."""
    reference = tables.reference(resource.tableReference)
    folder = settings.data_dir / "external" / ".".join(reference)
    for field in partition_columns(resource):
        folder /= f"{field.name}={NO_VALUE[types.duckdb_type(field)]}"
    return folder / "no_rows.parquet"


def _make_file_without_rows(resource: Table) -> None:
    file = _file_without_rows(resource)
    file.parent.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(f"NULL::{types.duckdb_type(f)} AS {quote(f.name)}" for f in tables.fields(resource))
    database.execute(f"COPY (SELECT {columns} WHERE false) TO {literal(str(file))} (FORMAT parquet)")


def refresh() -> None:
    """Bring the views up to date whose URIs had no file before and have one now, or the other way round."""
    stored = database.fetch("SELECT resource FROM emulator.tables WHERE resource ->> '$.type' = 'EXTERNAL'")
    with _lock:
        for resource in (Table.model_validate_json(text) for (text,) in stored):
            reference = tables.reference(resource.tableReference)
            if _files_of_view.get(reference) != _patterns_with_files(resource):
                _make_view(resource)


def apply() -> None:
    """Let tables be made with an external configuration, and keep their views up to date."""
    tables.STORED_TYPES = (*tables.STORED_TYPES, "EXTERNAL")
    execute_as_before, create_as_before = query.execute, tables.create

    @functools.wraps(execute_as_before)
    def execute(*args, **named):
        refresh()
        return execute_as_before(*args, **named)

    def create(project_id: str, dataset_id: str, body: Table, translate) -> Table:
        if not body.externalDataConfiguration:
            return create_as_before(project_id, dataset_id, body, translate)
        define(body)
        return tables.get(*tables.reference(body.tableReference))

    query.execute, tables.create = execute, create
