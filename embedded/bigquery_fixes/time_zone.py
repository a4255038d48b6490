"""A project has a default time zone.

BigQuery: functions and casts between TIMESTAMP and the other types take a project's `default_time_zone` where a query
    names no zone. `ALTER PROJECT … SET OPTIONS (`region-us.default_time_zone` = 'America/New_York')` sets it, and null
    brings UTC back. https://docs.cloud.google.com/bigquery/docs/default-configuration#specify_regional_settings
local-bigquery: knows UTC alone, and takes the statement for one that does nothing.
Changed: the statement writes the zone into a file beside the project's data, and each query runs in that zone.
"""

import re
from contextvars import ContextVar
from pathlib import Path

from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.jobs.storage import literal
from local_bigquery.models import JobStatistics2
from local_bigquery.settings import settings
from local_bigquery.sql import script
from local_bigquery.sql.rules import datetime
from local_bigquery.sql.translate import Context
from sqlglot import exp

STATEMENT = re.compile(r"^ALTER\s+PROJECT\s+(?:`?([a-z0-9.:-]+)`?\s+)?SET\s+OPTIONS\s*\((.*)\)\s*;?$", re.I | re.S)
OPTION = re.compile(r"^`?region-[a-z0-9-]+\.default_time_zone`?\s*=\s*(?:(null)|['\"]([\w/+-]+)['\"])\s*$", re.I)
COMMAND = "PROJECT OPTIONS"
_zone: ContextVar[str] = ContextVar("zone", default="UTC")


def apply() -> None:
    """Understand the statement, and have each query run in its project's zone."""
    parse_as_before, run_as_before, execute_as_before = script.parse, query._run, query._execute
    to_local_as_before, from_local_as_before = datetime.to_local, datetime.from_local

    def parse_statement(sql: str) -> list[exp.Expression]:
        return [exp.Command(this=COMMAND, expression=sql)] if STATEMENT.match(sql) else parse_as_before(sql)

    def run(cursor, tree, context, destination, config, dry_run, isolated) -> JobStatistics2:
        if isinstance(tree, exp.Command) and tree.this == COMMAND:
            _set(tree.expression, context, dry_run)
            return JobStatistics2(statementType="ALTER_PROJECT")
        return run_as_before(cursor, tree, context, destination, config, dry_run, isolated)

    def execute(cursor, project_id, job_id, config, dry_run, isolated, context, statements):
        file = _file(context.project_id)
        zone = file.read_text(encoding="utf-8") if file.exists() else "UTC"
        token = _zone.set(zone)
        context.system["time_zone"] = context.settings.get("time_zone", zone)
        cursor.execute(f"SET SESSION TimeZone = {literal(zone)}")
        try:
            return execute_as_before(cursor, project_id, job_id, config, dry_run, isolated, context, statements)
        finally:
            cursor.execute("SET SESSION TimeZone = 'UTC'")
            _zone.reset(token)

    script.parse, query._run, query._execute = parse_statement, run, execute
    datetime.to_local = lambda timestamp, zone: to_local_as_before(timestamp, zone or _zone.get())
    datetime.from_local = lambda local, zone: from_local_as_before(local, zone or _zone.get())


def _file(project: str) -> Path:
    return settings.data_dir / f"{project}.time_zone"


def _set(sql: str, context: Context, dry_run: bool) -> None:
    project, options = STATEMENT.match(sql).groups()
    option = OPTION.match(options.strip())
    if option is None:
        raise BigQueryError("notImplemented", "Of a project's options, default_time_zone alone can be set here")
    if not dry_run:
        file = _file(project or context.project_id)
        if option[1]:
            file.unlink(missing_ok=True)
        else:
            file.write_text(option[2], encoding="utf-8")
