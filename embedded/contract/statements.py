"""What a statement reads, through views and CTEs, for the rules that ask."""

import functools
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator

import sqlglot
from local_bigquery.catalog import metadata, names
from local_bigquery.models import Table
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.translate import Context
from sqlglot import exp

Reference = tuple[str, str, str]  # project, data set, table

_described: dict[Reference, Table | None] = {}
_version = [0]
_kept = threading.local()  # of the last statement that a thread asked about


def expanded(tree: exp.Expression, context: Context) -> exp.Expression:
    """The statement with each view replaced by its query, and each table named in full. The original stays as it is."""
    tree = tree.copy()
    _expand(tree, context.project_id, context.dataset_id, context.temporary)
    return tree


def reads(tree: exp.Expression) -> Iterator[tuple[exp.Table, Reference]]:
    """The tables that an expanded statement reads, each place of each; not those that it writes."""
    target = names.target(tree)
    for table in tree.find_all(exp.Table):
        if table is not target and table.catalog and isinstance(table.this, exp.Identifier):
            yield table, (table.catalog, table.db, table.name)


def described(reference: Reference) -> Table | None:
    """What is stored about a table or view, if anything. Kept until anything is stored: statements ask often."""
    version = _version[0]
    if reference not in _described:
        found = metadata.load(Table, *reference)
        if version != _version[0]:
            return found  # it may be stale by now
        _described[reference] = found
    return _described.get(reference)


def watch() -> None:
    """Forget what was stored as soon as something else is."""
    for name in ("save", "delete"):
        setattr(metadata, name, _forgetting(getattr(metadata, name)))


def _forgetting(change: Callable) -> Callable:
    @functools.wraps(change)
    def changed(*args):
        try:
            return change(*args)
        finally:
            _version[0] += 1
            _described.clear()

    return changed


def cte_of(table: exp.Table) -> exp.CTE | None:
    """The CTE that a name without a data set means, if it means one."""
    if table.db:
        return None
    node = table.parent
    while node is not None:
        clause = node.args.get("with_") if isinstance(node, exp.Expression) else None
        for cte in clause.expressions if clause else []:
            if cte.alias_or_name.casefold() == table.name.casefold():
                return cte
        node = node.parent
    return None


def uses_of(cte: exp.CTE) -> list[exp.Table]:
    """Where an expanded statement reads a CTE. All CTEs are looked up at once: a report has a hundred of them."""
    root = cte.root()
    if getattr(_kept, "root", None) is not root:
        _kept.root, _kept.uses = root, defaultdict(list)
        for table in root.find_all(exp.Table):
            if found := cte_of(table):
                _kept.uses[id(found)].append(table)
    return _kept.uses[id(cte)]


@functools.lru_cache(maxsize=2_000)
def parsed(sql: str) -> exp.Expression:
    """A query in BigQuery's SQL. Whoever changes it copies it first: it is kept."""
    return sqlglot.parse_one(sql, dialect=BigQueryDialect)


def _expand(tree: exp.Expression, project: str, dataset: str | None, temporary: set[str]) -> None:
    target = names.target(tree)
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier) or cte_of(table):
            continue
        if not table.db and (dataset is None or table.name.casefold() in temporary):
            continue
        reference = names.reference(table, project, dataset)
        found = described(reference) if table is not target else None
        if found and found.view and found.view.query:
            query = parsed(found.view.query).copy()
            _expand(query, reference[0], reference[1], set())
            alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name, quoted=True))
            table.replace(exp.Subquery(this=query, alias=alias))
        else:
            for key, part in zip(("catalog", "db", "this"), reference, strict=True):
                table.set(key, exp.to_identifier(part, quoted=True))
