"""What dbt builds around the queries of the models by month: the table, the view that is merged, and the MERGE.

`dbt compile` leaves these out. They are rendered by the macros themselves, in one more compilation, which connects to
nothing either.
"""

import json
import shutil
import subprocess
import sys
from contextlib import suppress

from linting.artifacts import COMPILE, PROJECT, VARS, environment, folder
from linting.google_analyzer import SqlError

_BETWEEN = "-- next: "
# The query itself is analyzed as the model's. The MERGE reads the table in place of the view, which has its columns. A
# view is made only for a model that has partitions, so this one says that it has.
_INLINE = """
{{ config(partition_by={"field": "file_month", "data_type": "date", "granularity": "month"}) }}
{%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == "model" and node.config.partition_by -%}
        {%- set place = {"database": node.database, "schema": node.schema} -%}
        {%- set table = api.Relation.create(identifier=node.alias, type="table", **place) -%}
        {%- set view = api.Relation.create(identifier=node.alias ~ "__dbt_tmp", type="view", **place) -%}
        {%- set columns = node.columns.values() | list -%}
        BETWEEN{{ node.name }}
        create table {{ table }}
        partition by date_trunc({{ node.config.partition_by.field }}, {{ node.config.partition_by.granularity }})
        {{ cluster_by(node.config.cluster_by) }}
        as (select * from {{ table }})
        BETWEEN{{ node.name }}
        {{ create_table_as(true, view, "select * from " ~ table) }}
        BETWEEN{{ node.name }}
        {{ bq_insert_overwrite_sql(
            table, table, "", none, node.config.partition_by, none, columns, true, false
        ) }}
    {% endfor -%}
{%- endif -%}
""".replace("BETWEEN", f"\n{_BETWEEN}")


def rendering() -> subprocess.Popen[str]:
    """Begin to render them; `rendered` waits for it. Meanwhile the models can be analyzed.

    In a folder of its own, since it leaves a manifest without compiled queries; dbt's parse of the project is reused.
    """
    target = folder("bigquery") / "statements"
    target.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        shutil.copy(folder("bigquery") / "partial_parse.msgpack", target)
    variables = {**environment("bigquery"), "DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
    options = ["--log-format", "json", *COMPILE, "--vars", VARS, "--inline", _INLINE]
    return subprocess.Popen(
        [sys.executable, "-m", "dbt.cli.main", *options], cwd=PROJECT, env=variables,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip


def rendered(process: subprocess.Popen[str]) -> list[tuple[str, str]]:
    """Names of models, and their statements. Raises SqlError where dbt cannot render them."""
    output = process.communicate()[0]
    events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    text = next((event["data"]["compiled"] for event in events if event["info"]["name"] == "CompiledNode"), None)
    if process.returncode or text is None:
        raise SqlError(f"dbt does not render the statements of the models by month:\n{output}")
    statements = []
    for part in text.split(_BETWEEN)[1:]:
        name, _, statement = part.partition("\n")
        statements.append((name.strip(), statement.strip().rstrip(";")))
    if not statements:
        raise SqlError("dbt renders no statement: no model is kept by month any more?")
    return statements
