"""Which columns of which tables a query reads, down through the views of the dbt project.

BigQuery bills the columns that a query needs, not those that its views mention: unused ones are pruned, here by
sqlglot.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

# The data set as a column: of models, and of raw tables.
DATA_SET_COLUMNS = ("service_type", "dataset")

# What BigQuery prunes partitions and clusters by: the bare column, compared with constants.
_COMPARISONS = (exp.EQ, exp.In, exp.Between, exp.GT, exp.GTE, exp.LT, exp.LTE)


@dataclass(frozen=True)
class Read:
    """A table (schema.name) that a query reads, and the columns of it.

    `names_months`: wherever the query reads it, a condition on its month leaves some partitions only. `datasets`
    are those that conditions leave, by which tables are clustered first; none: all. A condition further out counts
    if sqlglot can move it to the table, as it can through a subquery without groups.
    """

    table: str
    columns: frozenset[str]
    names_months: bool
    datasets: frozenset[str] = frozenset()

    def merged(self, other: "Read") -> "Read":
        """Both readings of a table as one."""
        datasets = self.datasets | other.datasets if self.datasets and other.datasets else frozenset()
        names_months = self.names_months and other.names_months
        return Read(self.table, self.columns | other.columns, names_months, datasets)


class Project:
    """The relations of the dbt project on BigQuery."""

    def __init__(self, manifest: dict[str, Any]):
        """`manifest` is dbt's, of the target bigquery, after `dbt compile`."""
        nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
        self.models: dict[str, str] = {}  # the compiled query of each model that is no view, by its table
        self.analyses: dict[str, str] = {}
        self.month_of: dict[str, str] = {}  # the column by which a table is partitioned: file_month or pickup_month
        self._views: dict[str, str] = {}
        self._schema: dict[str, dict[str, dict[str, str]]] = {}
        for node in nodes:
            if node["resource_type"] == "analysis":
                self.analyses[node["name"]] = node["compiled_code"]
            if node["resource_type"] not in ("model", "seed", "source"):
                continue
            schema, name = node["schema"], node.get("alias") or node["identifier"]
            columns = {column: declared["data_type"] or "string" for column, declared in node["columns"].items()}
            self._schema.setdefault(schema, {})[name] = columns
            if node["resource_type"] == "model":
                is_view = node["config"]["materialized"] == "view"
                (self._views if is_view else self.models)[f"{schema}.{name}"] = node["compiled_code"]
            if partition := node["config"].get("partition_by"):
                self.month_of[f"{schema}.{name}"] = partition["field"]
            elif name.endswith("_tripdata"):
                self.month_of[f"{schema}.{name}"] = "file_month"

    @classmethod
    def load(cls, path: Path) -> "Project":
        """Read a manifest.json."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    @property
    def relations(self) -> set[str]:
        """Every table and view, as schema.name."""
        return {f"{schema}.{name}" for schema, tables in self._schema.items() for name in tables}

    def columns(self, table: str) -> frozenset[str]:
        """All columns of a table."""
        schema, name = table.split(".")
        return frozenset(self._schema[schema][name])

    def reads(self, query: str) -> list[Read]:
        """The tables that `query` reads. One that it reads twice is given once: so it is billed."""
        tree = self._with_views(parse_one(query, dialect="bigquery"))
        tree = qualify(tree, schema=self._schema, dialect="bigquery", quote_identifiers=False)
        tree = pushdown_projections(pushdown_predicates(tree, dialect="bigquery"))
        found: dict[str, Read] = {}
        for scope in traverse_scope(tree):
            for alias, source in scope.sources.items():
                if isinstance(source, exp.Table):
                    table = f"{source.db}.{source.name}"
                    read = _read(scope, alias, table, self.month_of.get(table, "file_month"))
                    found[read.table] = read.merged(found.get(read.table, read))
        return sorted(found.values(), key=lambda read: read.table)

    def _with_views(self, tree: exp.Expression) -> exp.Expression:
        """The query with each view's own query in its place."""
        while views := [table for table in tree.find_all(exp.Table) if f"{table.db}.{table.name}" in self._views]:
            for table in views:
                query = parse_one(self._views[f"{table.db}.{table.name}"], dialect="bigquery")
                table.replace(query.subquery(alias=table.alias_or_name))
        # dbt writes project.schema.name, people schema.name
        for table in tree.find_all(exp.Table):
            table.set("catalog", None)
        return tree


def _read(scope: Scope, alias: str, table: str, month: str) -> Read:
    """How one SELECT reads a table that it calls `alias`, and that is partitioned by the column `month`."""
    columns = frozenset(column.name for column in scope.columns if column.table == alias)
    datasets = [
        frozenset(literal.this for literal in condition.find_all(exp.Literal))
        for column in DATA_SET_COLUMNS
        for condition in _conditions(scope, alias, column)
        if isinstance(condition, (exp.EQ, exp.In))
    ]
    is_pruned = any(_conditions(scope, alias, month))
    return Read(table, columns, is_pruned, frozenset.intersection(*datasets) if datasets else frozenset())


def _conditions(scope: Scope, alias: str, column: str) -> Iterator[exp.Expression]:
    """The conditions that must hold in a SELECT and that compare a bare column with constants."""
    where = scope.expression.args.get("where")
    conditions = () if not where else where.this.flatten() if isinstance(where.this, exp.And) else (where.this,)
    for condition in conditions:
        bare = condition.this
        if (
            isinstance(condition, _COMPARISONS)
            and isinstance(bare, exp.Column)
            and (bare.table, bare.name) == (alias, column)
            and len(list(condition.find_all(exp.Column))) == 1
        ):
            yield condition
