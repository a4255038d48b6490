"""The marts of a month built by DuckDB from the parquet file alone: what this machine can do with the same questions.

The queries are those that dbt compiles for BigQuery, translated by sqlglot, as the embedded BigQuery does, which is
DuckDB too: with types, cleaning, refunds, every table kept by file month with all of its columns, written to a database
file. Money is decimal(18, 3), which is sqlglot's numeric: as exact as in Postgres. What is left out: raw rows
kept anywhere, tests, reconciling, and that a month is replaced while others are there.
"""

from collections.abc import Iterator
from pathlib import Path

from sqlglot import exp, parse_one

from benchmarks.compiled import Compiled, Node
from ingest.conform import ROW_NUMBER, read_layout
from ingest.datasets import DATASETS, ZONE_LOOKUP_PATH, DataSet
from ingest.small_tables import REPORT
from linting.artifacts import PROJECT


class DuckDbMarts:
    """The statements for one month's file, of a source laid out as TLC's."""

    def __init__(self, compiled: Compiled, file: Path, dataset: DataSet, month: str):
        """`compiled` for BigQuery and for that month ('2025-02')."""
        self._compiled = compiled
        self._file = file
        self._dataset = dataset
        self._month = f"date '{month}-01'"

    def preparation(self) -> Iterator[str]:
        """Schemas, the lists of codes and zones, the views: all that a month doesn't change."""
        nodes = self._nodes()
        for schema in dict.fromkeys(node.table.partition(".")[0] for node in nodes):
            yield f"create schema {schema}"
        for node in nodes:
            if node.kind == "source":
                yield f"create view {node.table} as {self._source(node)}"
            elif node.kind == "seed":
                csv = PROJECT / node.document["original_file_path"]
                yield f"create table {node.table} as select * from read_csv('{csv}', nullstr='')"
            elif node.is_view and not self._reads_a_built_table(node):
                yield self._create(node)

    def build(self) -> list[tuple[Node, str]]:
        """Each table that a run builds, each view that reads one, and the statement that makes it, parents first."""
        return [
            (node, self._create(node))
            for node in self._nodes()
            if node in self._compiled.models or (node.is_view and self._reads_a_built_table(node))
        ]

    def _nodes(self) -> list[Node]:
        needed = self._compiled.with_parents(model.document["unique_id"] for model in self._compiled.models)
        return [self._compiled.nodes[node_id] for node_id in needed]

    def _reads_a_built_table(self, node: Node) -> bool:
        parents = [self._compiled.nodes[node_id] for node_id in node.parents]
        return any(one in self._compiled.models or self._reads_a_built_table(one) for one in parents)

    def _create(self, node: Node) -> str:
        return f"create {'view' if node.is_view else 'table'} {node.table} as {translated(node.sql)}"

    def _source(self, node: Node) -> str:
        name = node.table.partition(".")[2]
        if name == "taxi_zone_lookup":
            columns = "cast(LocationID as bigint) as location_id, Borough as borough, Zone as zone, service_zone"
            csv = self._file.parent.parent / ZONE_LOOKUP_PATH
            return f"select {columns} from read_csv('{csv}', all_varchar = true)"
        if name == REPORT.name:  # there is none beside the file
            nothing = ", ".join(f"cast(null as varchar) as {column}" for column in REPORT.schema.names)
            return f"select {nothing} where false"
        dataset = next(it for it in DATASETS.values() if it.table == name)
        if dataset != self._dataset:
            nulls = ", ".join(f"cast(null as {column.type}) as {column.name}" for column in dataset.columns)
            keys = (
                "cast(null as varchar) as dataset, cast(null as date) as file_month, cast(null as bigint) as row_number"
            )
            return f"select {keys}, {nulls} where false"
        columns = ", ".join(
            f"cast({exp.to_identifier(target.source, quoted=True).sql() if target.source else 'null'}"
            f" as {target.column.type}) as {target.column.name}"
            for target in read_layout(self._file, dataset).targets
        )
        keys = f"'{dataset.name}' as dataset, {self._month} as file_month, file_row_number + 1 as {ROW_NUMBER}"
        return f"select {keys}, {columns} from read_parquet('{self._file}', file_row_number = true)"


def translated(sql: str) -> str:
    """A query of BigQuery's in DuckDB's words; its tables are schema.name."""
    query = parse_one(sql, dialect="bigquery")
    for table in query.find_all(exp.Table):
        table.set("catalog", None)
    for found in list(query.find_all(exp.RegexpExtract)):
        found.set("group", exp.Literal.number(1))
        # BigQuery finds null where nothing matches, DuckDB an empty text
        found.replace(exp.Nullif(this=found.copy(), expression=exp.Literal.string("")))
    return query.sql(dialect="duckdb", comments=False)
