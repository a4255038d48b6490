"""External tables over parquet files on Cloud Storage, read in place by each query.

BigQuery: lists the files under the URIs at each query; finds columns by name (a file without one gives null, columns
    that nobody declared are not seen); takes partition columns from the path; reads only the files that a filter on
    these leaves. A hive-partitioned table without any file is an error ("Cannot query hive partitioned data for table
    … without any associated files"), when it is made and when it is read.
local-bigquery: ignores the external configuration: the table is there, and empty.
Changed: the table is a DuckDB view over the bucket's folder, with the declared columns and then the partition columns;
    `parquet_schema` finds those that nobody declares. A table without files is empty, not an error, so that a line may
    start with some data sets missing. Other formats than parquet are refused.
"""

import contextlib
import functools
import threading
from pathlib import Path

import uvicorn
from local_bigquery.catalog import datasets, names, tables
from local_bigquery.engine import database, types
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError, already_exists
from local_bigquery.jobs import load, query, storage
from local_bigquery.jobs.storage import literal
from local_bigquery.models import Table, TableFieldSchema
from local_bigquery.settings import settings

from embedded.bigquery_fixes import parquet_schema
from embedded.bigquery_fixes.remembered_resources import remembered

# In the path of the file without rows (see _no_rows), each partition column has a value of its type.
NO_VALUE = {"VARCHAR": "none", "DATE": "0001-01-01", "BIGINT": "0", "TIMESTAMP": "0001-01-01 00:00:00"}

# By this name, which no column of BigQuery's can have, the SQL of `value` knows the file that a row is from.
FILE_COLUMN = "/file"

_lock = threading.Lock()
_state_of_view: dict[tuple[str, str, str], tuple] = {}


def define(resource: Table, replace: bool = False) -> None:
    """Make an external table from its description, in which `schema` holds the declared columns."""
    config, reference = resource.externalDataConfiguration, tables.reference(resource.tableReference)
    if (config.sourceFormat or "").upper() != "PARQUET":
        raise BigQueryError("notImplemented", "Only parquet files can be external tables here")
    names.table(reference[2])
    datasets.get(*reference[:2])
    if tables.exists(*reference) and not replace:
        raise already_exists("Table", names.label(*reference))
    resource = _detected(resource)
    _make_file_without_rows(resource)
    with _lock:
        _make_view(resource, _state(resource, _with_files([resource])))
    tables.record(*reference, tables.defaults(*reference).merged(resource).replace(type="EXTERNAL"))


def partition_columns(resource: Table) -> list[TableFieldSchema]:
    """As BigQuery notes them down: the URI prefix `gs://bucket/raw/{dataset:STRING}/{file_month:DATE}`."""
    hive = resource.externalDataConfiguration.hivePartitioningOptions
    keys = load.HIVE_KEY.findall((hive and hive.sourceUriPrefix) or "")
    return [TableFieldSchema(name=name, type=kind) for name, kind in keys]


def files(resource: Table) -> list[str]:
    """The names of the table's files, in order."""
    asked = (f"SELECT file FROM glob({literal(pattern)})" for pattern in _patterns(resource))
    return sorted(name for ask in asked for (name,) in database.fetch(ask))


def uri(file: str) -> str:
    """The object that is in this file."""
    return f"gs://{Path(file).relative_to(settings.gcs_local_root)}"


def _detected(resource: Table) -> Table:
    """The table with the columns that its description leaves to BigQuery to find. Raises BigQueryError."""
    config = resource.externalDataConfiguration
    declared = tables.fields(resource) or tables.fields(Table(schema=config.schema_))
    hive = config.hivePartitioningOptions
    found = files(resource) if not declared or (hive and not partition_columns(resource)) else []
    if not declared and not found:
        raise BigQueryError("notFound", f"Not found: Files {', '.join(config.sourceUris or [])}")
    if hive and not partition_columns(resource):
        prefix = (hive.sourceUriPrefix or "").rstrip("/")
        below = [uri(file).removeprefix(prefix) for file in found]
        keys = parquet_schema.partition_keys(below, as_strings=(hive.mode or "").upper() == "STRINGS")
        typed = "".join(f"/{{{key.name}:{key.type}}}" for key in keys)
        config = config.replace(hivePartitioningOptions=hive.replace(sourceUriPrefix=prefix + typed).dump())
    columns = declared or parquet_schema.fields(Path(found[-1]))
    return resource.replace(
        externalDataConfiguration=config.dump(), schema={"fields": [column.dump() for column in columns]}
    )


def value(field: TableFieldSchema, _state: tuple, is_zoned: bool) -> str:
    """The SQL of a declared column. A timestamp in a file is a number, of UTC, whatever the query's zone.

    `is_zoned`: whether DuckDB reads times with a zone from the files. It takes those without for times in the query's.
    """
    name = quote(field.name)
    if types.duckdb_type(field) == "TIMESTAMPTZ" and not is_zoned:
        # timezone('UTC', …) says the same and looks up the zone of each: 0.33 s for 3 million, and so 0.02.
        return f"make_timestamptz(epoch_us(CAST({name} AS TIMESTAMP)))"
    return f"CAST({name} AS {types.duckdb_type(field)})"


def _make_view(resource: Table, state: tuple) -> None:
    reference = tables.reference(resource.tableReference)
    keys = partition_columns(resource)
    partitioned = "true" if keys else "false"
    options = {"union_by_name": "true", "hive_partitioning": partitioned, "filename": literal(FILE_COLUMN)}
    if keys:
        options["hive_types"] = load._struct(keys, types.duckdb_type)
    listed = ", ".join(map(literal, [str(_file_without_rows(resource)), *state[0]]))
    source = f"read_parquet([{listed}]{load._options(options)})"
    found = database.fetch(f"DESCRIBE SELECT * FROM {source}")
    zoned = {name for name, kind, *_ in found if kind == "TIMESTAMP WITH TIME ZONE"}
    fields = [*tables.fields(resource), *keys]
    columns = ", ".join(f"{value(one, state, one.name in zoned)} AS {quote(one.name)}" for one in fields)
    database.execute(f"CREATE OR REPLACE VIEW {tables.name(*reference)} AS SELECT {columns} FROM {source}")
    _state_of_view[reference] = state


def _state(resource: Table, with_files: set[str]) -> tuple:
    """What the view is made of, besides the description: the URIs as patterns of file names.

    DuckDB refuses a pattern that no file fits, so those are left out.
    """
    return ([pattern for pattern in _patterns(resource) if pattern in with_files],)


def _with_files(resources: list[Table]) -> set[str]:
    """The patterns of these tables that a file fits: one query, since each takes 3 ms and every job asks."""
    asked = sorted({literal(pattern) for one in resources for pattern in _patterns(one)})
    ask = " UNION ALL ".join(f"SELECT {one} WHERE EXISTS (SELECT 1 FROM glob({one}))" for one in asked)
    return {pattern for (pattern,) in database.fetch(ask)} if asked else set()


def _patterns(resource: Table) -> list[str]:
    return list(map(_pattern, resource.externalDataConfiguration.sourceUris or []))


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
    # Without a zone, as in most files: DuckDB would turn those into times with one by the clock of the query's zone.
    kinds = {field.name: types.duckdb_type(field).removesuffix("TZ") for field in tables.fields(resource)}
    columns = ", ".join(f"NULL::{kind} AS {quote(name)}" for name, kind in kinds.items())
    database.execute(f"COPY (SELECT {columns} WHERE false) TO {literal(str(file))} (FORMAT parquet)")


def refresh() -> None:
    """Bring the views up to date whose URIs had no file before and have one now, or the other way round."""
    with _lock:
        resources = remembered("external tables", _external_tables)
        with_files = _with_files(resources)
        for resource in resources:
            reference = tables.reference(resource.tableReference)
            state = _state(resource, with_files)
            if _state_of_view.get(reference) != state:
                _make_view(resource, state)


def _external_tables() -> list[Table]:
    stored = database.fetch("SELECT resource FROM emulator.tables WHERE resource ->> '$.type' = 'EXTERNAL'")
    return [Table.model_validate_json(text) for (text,) in stored]


def apply() -> None:
    """Let tables be made with an external configuration, and keep their views up to date.

    The views are made while the server starts. Otherwise the first job would wait 0.7 s for them.
    """
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

    serve_as_before = uvicorn.run

    def serve(*args, **named):
        threading.Thread(target=_refresh_at_once, daemon=True).start()
        serve_as_before(*args, **named)

    query.execute, tables.create, uvicorn.run = execute, create, serve


def _refresh_at_once() -> None:
    with contextlib.suppress(Exception):  # the first job says what is wrong
        refresh()
