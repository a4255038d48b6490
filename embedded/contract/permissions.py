"""Which permission each method and statement of BigQuery needs, and what BigQuery says to a caller without it.

https://docs.cloud.google.com/bigquery/docs/access-control, and "Required permissions" under each statement in
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
"""

import re
from collections.abc import Iterator

from sqlglot import exp

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


def for_method(method: str, path: str) -> tuple[str, ...]:
    """The permission that a request needs, then the project, data set and table of its address; ('',) for none."""
    for methods, form, permission in _METHODS:
        found = form.fullmatch(path)
        if found and method in methods.split("|"):
            return permission, *found.groups()
    return ("",)


def for_target(tree: exp.Expression, kind: str) -> Iterator[str]:
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


def refusal(permission: str, project: str, dataset: str, table: str) -> str:
    """What BigQuery says to a caller without the permission."""
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
