"""A caller without a permission is refused what needs it: 403, in BigQuery's words.

https://docs.cloud.google.com/bigquery/docs/access-control lists the permissions; the reference of each statement says
which it needs (https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language). To read an
external table, the caller needs three permissions of Cloud Storage as well, even through an authorised view:
https://docs.cloud.google.com/bigquery/docs/external-data-cloud-storage#required_roles

Callers of the embedded server have every permission, but for those that the header X-Denied-Permissions of the request
takes away: `bigquery.tables.create`, or `bigquery.tables.getData@taxi_raw` for one data set. tests/rights.py sends it.
The data sets that are asked to be made may exist: BigQuery looks at the permission first.
"""

import json
import re
from collections.abc import Iterator
from contextvars import ContextVar

from local_bigquery import app
from local_bigquery.catalog import metadata, names, tables
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import load, query, runner
from local_bigquery.models import Dataset, Table
from sqlglot import exp

from embedded.bigquery_fixes import external_ddl, external_tables
from embedded.contract import statements

HEADER = b"x-denied-permissions"
_PROJECT = r"(?:/upload)?/bigquery/v2/projects/([^/]+)"
_DATASET = _PROJECT + r"/datasets/([^/]+)"
_TABLE = _DATASET + r"/tables/([^/]+)"
# The first line that fits a request counts.
_METHODS = [
    (method, re.compile(path + "/?"), permission)
    for method, path, permission in (
        ("POST", _PROJECT + "/datasets", "bigquery.datasets.create"),
        ("GET", _DATASET, "bigquery.datasets.get"),
        ("PATCH|PUT", _DATASET, "bigquery.datasets.update"),
        ("DELETE", _DATASET, "bigquery.datasets.delete"),
        ("GET", _DATASET + "/tables", "bigquery.tables.list"),
        ("POST", _DATASET + "/tables", "bigquery.tables.create"),
        ("GET", _TABLE, "bigquery.tables.get"),
        ("PATCH|PUT", _TABLE, "bigquery.tables.update"),
        ("DELETE", _TABLE, "bigquery.tables.delete"),
        ("GET", _TABLE + "/data", "bigquery.tables.getData"),
        ("POST", _TABLE + "/insertAll", "bigquery.tables.updateData"),
        ("POST", _PROJECT + "/(?:jobs|queries)", "bigquery.jobs.create"),
    )
]
_STORAGE = ("storage.buckets.get", "storage.objects.list", "storage.objects.get")
_LOADING = ("bigquery.tables.create", "bigquery.tables.update", "bigquery.tables.updateData")

_denied: ContextVar[frozenset[str]] = ContextVar("denied", default=frozenset())


class Rights:
    """ASGI middleware: notes what the caller may not do, and refuses the methods of the API that need it."""

    def __init__(self, application):
        self._application = application

    async def __call__(self, scope, receive, send):
        """Pass the request on, or refuse it."""
        listed = dict(scope.get("headers", ())).get(HEADER, b"").decode()
        token = _denied.set(frozenset(filter(None, listed.split(","))))
        try:
            if scope["type"] == "http":
                _need_for_method(scope["method"], scope["path"])
            await self._application(scope, receive, send)
        except BigQueryError as refusal:
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": refusal.code, "headers": headers})
            await send({"type": "http.response.body", "body": json.dumps(refusal.response()).encode()})
        finally:
            _denied.reset(token)


def apply() -> None:
    """Look at each request, statement and load job."""
    statement_as_before, external_as_before = query._statement, external_ddl.run
    load_as_before, define_as_before = load.run, external_tables.define

    def statement(cursor, tree, context, destination, *how):
        if _denied.get():
            _need_for_statement(tree, context)
            if destination and destination.datasetId != tables.RESULTS:
                _need(_LOADING, *tables.reference(destination))
        return statement_as_before(cursor, tree, context, destination, *how)

    def run_load(cursor, config, upload):
        _need(_LOADING, *tables.reference(config.destinationTable))
        return load_as_before(cursor, config, upload)

    def run_external(cursor, sql, context, dry_run):
        made = external_ddl.ExternalTableParser(sql)
        target = exp.to_table(made.name, dialect=statements.BigQueryDialect)
        replaced = ("bigquery.tables.update",) if made.replace else ()
        wanted = ("bigquery.tables.delete",) if made.verb == "DROP" else ("bigquery.tables.create", *replaced)
        _need(wanted, *names.reference(target, context.project_id, context.dataset_id))
        return external_as_before(cursor, sql, context, dry_run)

    def define(resource: Table, replace: bool = False) -> None:
        _need_of_storage(resource)
        define_as_before(resource, replace)

    app.add_middleware(Rights)
    query._statement, external_ddl.run, external_tables.define = statement, run_external, define
    load.run = runner.HANDLERS["load"] = run_load


def _need_for_method(method: str, path: str) -> None:
    for methods, form, permission in _METHODS:
        found = form.fullmatch(path)
        if found and method in methods.split("|"):
            _need((permission,), *found.groups())
            return


def _need_for_statement(tree: exp.Expression, context) -> None:
    kind = (tree.args.get("kind") or "").upper()
    target = names.target(tree)
    if target is not None and kind == "SCHEMA":
        verb = {exp.Create: "create", exp.Drop: "delete"}.get(type(tree), "update")
        _need((f"bigquery.datasets.{verb}",), target.catalog or context.project_id, target.db or target.name)
    elif target is not None and (target.db or context.dataset_id):
        _need(tuple(_for_target(tree, kind)), *names.reference(target, context.project_id, context.dataset_id))
    if not (isinstance(tree, exp.Create) and kind == "VIEW"):
        _need_to_read(tree, context.project_id, context.dataset_id, None)


def _for_target(tree: exp.Expression, kind: str) -> Iterator[str]:
    """What the table needs that a statement makes, changes or drops."""
    if isinstance(tree, exp.Create):
        yield "bigquery.tables.create"
        if tree.args.get("replace"):
            yield "bigquery.tables.update"
            if kind == "TABLE":
                yield "bigquery.tables.updateData"
    elif isinstance(tree, exp.Drop):
        yield "bigquery.tables.delete"
    elif isinstance(tree, exp.Alter):
        yield from ("bigquery.tables.get", "bigquery.tables.update")
    else:
        yield "bigquery.tables.updateData"
        if not isinstance(tree, exp.Insert):
            yield "bigquery.tables.getData"


def _need_to_read(tree: exp.Expression, project: str, dataset: str | None, view: statements.Reference | None) -> None:
    """Ask for each table that is read, and for those below a view, unless their data set authorises the view."""
    target = names.target(tree)
    for table in tree.find_all(exp.Table):
        is_name = isinstance(table.this, exp.Identifier) and (table.db or dataset)
        if table is target or not is_name or statements.cte_of(table):
            continue
        reference = names.reference(table, project, dataset)
        if not (view and _is_authorised(view, reference)):
            _need(("bigquery.tables.getData",), *reference)
        found = statements.described(reference)
        if found and found.externalDataConfiguration:
            _need_of_storage(found)
        if found and found.view and found.view.query:
            _need_to_read(statements.parsed(found.view.query), reference[0], reference[1], reference)


def _is_authorised(view: statements.Reference, read: statements.Reference) -> bool:
    """https://docs.cloud.google.com/bigquery/docs/authorized-views and …/authorized-datasets."""
    found = metadata.load(Dataset, *read[:2])
    for entry in (found and found.access) or []:
        if entry.view and tables.reference(entry.view) == view:
            return True
        whole = entry.dataset and entry.dataset.dataset
        if whole and (whole.projectId, whole.datasetId) == view[:2]:
            return True
    return False


def _need_of_storage(table: Table) -> None:
    for uri in table.externalDataConfiguration.sourceUris or []:
        for permission in _STORAGE:
            if permission in _denied.get():
                raise BigQueryError(
                    "accessDenied",
                    "Access Denied: BigQuery BigQuery: Permission denied while globbing file pattern. The account does"
                    f" not have {permission} access to the Google Cloud Storage bucket. Permission '{permission}'"
                    f" denied on resource (or it may not exist). Please make sure {uri} is accessible.",
                )


def _need(permissions: tuple[str, ...], project: str, dataset: str = "", table: str = "") -> None:
    """Raise BigQueryError if one of these is denied, in the data set or everywhere."""
    for permission in permissions:
        if _denied.get() & {permission, f"{permission}@{dataset}"}:
            raise BigQueryError("accessDenied", f"Access Denied: {_words(permission, project, dataset, table)}")


def _words(permission: str, project: str, dataset: str, table: str) -> str:
    if permission == "bigquery.tables.getData":
        name = f"{project}:{dataset}.{table}"
        return f"Table {name}: User does not have permission to query table {name}, or perhaps it does not exist."
    if permission in ("bigquery.jobs.create", "bigquery.datasets.create"):
        return f"Project {project}: User does not have {permission} permission in project {project}."
    if not table or permission == "bigquery.tables.create":
        name = f"{project}:{dataset}"
        return f"Dataset {name}: Permission {permission} denied on dataset {name} (or it may not exist)."
    name = f"{project}:{dataset}.{table}"
    return f"Table {name}: Permission {permission} denied on table {name} (or it may not exist)."
