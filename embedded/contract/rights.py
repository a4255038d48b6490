"""A caller without a permission is refused what needs it: 403, in BigQuery's words.

https://docs.cloud.google.com/bigquery/docs/access-control lists the permissions; the reference of each statement says
which it needs (https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language). To read an
external table, the caller needs three permissions of Cloud Storage as well, even through an authorised view:
https://docs.cloud.google.com/bigquery/docs/external-data-cloud-storage#required_roles

Callers of the embedded server have every permission, but for those that the header X-Denied-Permissions of the request
takes away: `bigquery.tables.create`, or `bigquery.tables.getData@taxi_raw` for one data set. tests/rights.py sends it.
Who may not create a data set is told so even where it exists.
"""

import json
from contextvars import ContextVar

from local_bigquery import app
from local_bigquery.catalog import datasets, metadata, names, tables
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import load, query, runner
from local_bigquery.models import Dataset, Table
from sqlglot import exp

from embedded.bigquery_fixes import external_ddl, external_tables
from embedded.contract import permissions, statements

HEADER = b"x-denied-permissions"
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
                permission, *of = permissions.for_method(scope["method"], scope["path"])
                _need((permission,), *of)
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
    load_as_before, define_as_before, update_as_before = load.run, external_tables.define, datasets.update

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

    def update(project_id: str, dataset_id: str, body: Dataset, etag: str | None, replace: bool) -> Dataset:
        """https://docs.cloud.google.com/bigquery/docs/dataset-access-control."""
        if body.access is not None:
            _need(("bigquery.datasets.setIamPolicy",), project_id, dataset_id)
        return update_as_before(project_id, dataset_id, body, etag, replace)

    app.add_middleware(Rights)
    query._statement, external_ddl.run, external_tables.define = statement, run_external, define
    datasets.update = update
    load.run = runner.HANDLERS["load"] = run_load


def _need_for_statement(tree: exp.Expression, context) -> None:
    kind = (tree.args.get("kind") or "").upper()
    target = names.target(tree)
    if target is not None and kind == "SCHEMA":
        verb = {exp.Create: "create", exp.Drop: "delete"}.get(type(tree), "update")
        _need((f"bigquery.datasets.{verb}",), target.catalog or context.project_id, target.db or target.name)
    elif target is not None and (target.db or context.dataset_id):
        reference = names.reference(target, context.project_id, context.dataset_id)
        _need(tuple(permissions.for_target(tree, kind)), *reference)
    if not (isinstance(tree, exp.Create) and kind == "VIEW"):
        _need_to_read(tree, context.project_id, context.dataset_id, None)


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


def _need(needed: tuple[str, ...], project: str = "", dataset: str = "", table: str = "") -> None:
    """Raise BigQueryError if one of these is denied, in the data set or everywhere."""
    for permission in needed:
        if _denied.get() & {permission, f"{permission}@{dataset}"}:
            raise BigQueryError(
                "accessDenied", f"Access Denied: {permissions.refusal(permission, project, dataset, table)}"
            )
