"""The limit of dbt's build of a month on Postgres: the SQL that dbt compiles, as statements that a person would write.

For each table that a run builds, in one transaction for all: a table of the month alone, made of the compiled query
with the columns' types (`create table … as`, which several cores work on and which writes no WAL, so that it takes less
than `insert … select`), constraints, `analyze`, and the table attached as a partition. Then the tests, each group as
one query (benchmarks/grouped_tests.py). It is the same work: the same rows, columns, types, constraints and statistics,
the same checks; only in a schema of its own, beside dbt's. What it leaves out is what dbt brings: reading the project,
compiling it, logging, looking up what exists, a transaction for each model, a scan for each test.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compiled import Compiled, Node
from benchmarks.grouped_tests import GroupedTests

SCHEMA = "taxi_limit"
# What a person who had looked at the plans would set: of what comes out of views Postgres expects 1 row of 200, and
# sorts millions for a merge join (12.6 s for a million rows of int_refund_pairs, 4.5 by hash).
SETTINGS = {"enable_mergejoin": "off"}


@dataclass(frozen=True)
class Column:
    """A column of a table in Postgres."""

    name: str
    type: str
    is_required: bool


class Limit:
    """The statements for one file month ('2025-02')."""

    def __init__(self, compiled: Compiled, month: str):
        """`compiled` for Postgres, and for that month."""
        self._compiled = compiled
        self._suffix = month.replace("-", "_")
        self._month = f"date '{month}-01'"
        built = [model.document["unique_id"] for model in compiled.models]
        needed = compiled.with_parents([*built, *(parent for test in compiled.tests for parent in test.parents)])
        nodes = [compiled.nodes[node_id] for node_id in needed]
        self._views = [node for node in nodes if node.kind == "model" and node.is_view]
        # Tables that a month doesn't change (seeds, dates, payment types …) are read where dbt has them.
        self._ours = {node.relation: f"{SCHEMA}.{node.name}" for node in (*self._views, *compiled.models)}

    def preparation(self) -> list[str]:
        """What is there before a month comes: empty partitioned tables of dbt's columns, and the views."""
        made = [f"drop schema if exists {SCHEMA} cascade", f"create schema {SCHEMA}"]
        for model in self._compiled.models:
            by_month = " partition by list (file_month)" if model.is_by_month else ""
            like = f"(like {model.table} including all){by_month}"
            made.append(f"create table {SCHEMA}.{model.name} {like}")
        return made + [f"create view {SCHEMA}.{view.name} as {self._query(view.sql)}" for view in self._views]

    def build(self, columns: dict[str, list[Column]]) -> list[tuple[str, list[str]]]:
        """Table by table, what makes its month; `columns` are those of each model, in the order of the table."""
        return [(model.name, list(self._table(model, columns[model.name]))) for model in self._compiled.models]

    def tests(self) -> list[tuple[str, str]]:
        """What is tested, and a query that returns the number of things at fault."""
        groups = GroupedTests(self._compiled).statements(f"file_month = {self._month}")
        return [(name, self._query(query)) for name, query in groups]

    def write(self, columns: dict[str, list[Column]], path: Path) -> None:
        """Write all of it for people to read."""
        lines = [
            "-- The limit of dbt's build of a month, made by benchmarks/dbt_limit.py from what dbt compiles.",
            "begin;",
        ]
        lines += [f"set {name} = '{value}';" for name, value in SETTINGS.items()]
        for name, statements in self.build(columns):
            lines += ["", f"-- {name}", *(f"{statement};" for statement in statements)]
        lines += ["", "commit;", "begin;"]
        for name, query in self.tests():
            lines += ["", f"-- {name}", f"{query};"]
        path.write_text("\n".join([*lines, "", "commit;", ""]), encoding="utf-8")

    def _table(self, model: Node, columns: list[Column]) -> Iterator[str]:
        table = f"{SCHEMA}.{model.name}"
        typed = ", ".join(f"{column.name}::{column.type}" for column in columns)
        rows = f"select {typed} from (\n{self._query(model.sql)}\n) as rows"
        if not model.is_by_month:
            yield f"delete from {table}"
            yield f"insert into {table} ({', '.join(column.name for column in columns)})\n{rows}"
            yield f"analyze {table}"
            return
        partition = f"{table}_{self._suffix}"
        required = "".join(f"alter {column.name} set not null, " for column in columns if column.is_required)
        yield f"create table {partition} as\n{rows}\nwhere file_month = {self._month}"
        yield f"alter table {partition} {required}add constraint is_month check (file_month = {self._month})"
        yield f"analyze {partition}"
        yield f"alter table {table} attach partition {partition} for values in ('{self._month[6:-1]}')"

    def _query(self, sql: str) -> str:
        for relation, ours in self._ours.items():
            sql = sql.replace(relation, ours)
        database = next(iter(self._ours)).partition(".")[0]
        return sql.replace(f"{database}.", "")
