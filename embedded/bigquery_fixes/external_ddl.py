"""The statements CREATE [OR REPLACE] EXTERNAL TABLE and DROP EXTERNAL TABLE.

BigQuery: makes and drops external tables by them, with columns, partition columns and options.
local-bigquery: the parser it uses (sqlglot 30) does not know them, and takes them for commands that do nothing.
Changed: they are read here, and handed to `external_tables`.
"""

import re

from local_bigquery.catalog import ddl, metadata, names, tables
from local_bigquery.jobs import query
from local_bigquery.models import JobStatistics2, Table
from local_bigquery.sql import script
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.translate import Context, parse
from sqlglot import exp

from embedded.bigquery_fixes import external_tables

STATEMENT = re.compile(r"^(CREATE(\s+OR\s+REPLACE)?|DROP)\s+EXTERNAL\s+TABLE\s", re.IGNORECASE)
COMMAND = "EXTERNAL TABLE"


class ExternalTableParser(script.Parser):
    """Takes the statement apart; its parts are in a form that sqlglot knows."""

    def __init__(self, sql: str):
        super().__init__(sql)
        self.verb = self.word()
        self.take(self.verb)
        self.replace = self.skip("OR", "REPLACE")
        self.skip("EXTERNAL", "TABLE")
        self.conditional = self.skip("IF", "NOT", "EXISTS") or self.skip("IF", "EXISTS")
        self.name = self.until({"(", "WITH", "OPTIONS"})
        self.columns = self.group()
        self.is_partitioned = self.skip("WITH", "PARTITION", "COLUMNS")
        self.partition_columns = self.group() if self.is_partitioned else ""
        self.options = self.group() if self.skip("OPTIONS") else ""

    def skip(self, *words: str) -> bool:
        """Step over these words if they come next."""
        found = all(self.word(offset) == word for offset, word in enumerate(words))
        self.i += len(words) * found
        return found

    def option(self, name: str) -> str:
        """The SQL of one option's value, empty where it is not given."""
        inside = script.Parser(self.options[1:-1]).scan()
        pairs = [item.partition("=") for item in inside]
        return next((value for key, _, value in pairs if key.strip().lower() == name), "")

    def group(self) -> str:
        """What stands in parentheses, if it comes next; with them."""
        if self.word() != "(":
            return ""
        start = self.i
        self.i += 1
        self.scan()
        self.i += 1
        return self.text(start, self.i)


def _table(cursor, statement: ExternalTableParser, reference: tuple, context: Context) -> Table:
    """The description of the table, as the REST API would have it."""

    def fields(columns: str) -> list:
        return query._declared_schema(cursor, parse(f"CREATE TABLE x {columns}")[0], context) if columns else []

    def option(name: str):
        value = statement.option(name)
        return evaluate(parse(f"SELECT {value}")[0].expressions[0]) if value else None

    evaluate = query._evaluator(cursor)
    stand_in = parse(f"CREATE TABLE x {statement.columns} OPTIONS {statement.options or '()'}")[0]
    described = Table.model_validate(ddl._table(stand_in, reference, evaluate))
    detects = not statement.columns
    config = {"sourceFormat": option("format"), "sourceUris": option("uris"), "autodetect": detects}
    if statement.is_partitioned:
        prefix = (option("hive_partition_uri_prefix") or "").rstrip("/")
        keys = fields(statement.partition_columns)
        config["hivePartitioningOptions"] = {
            "mode": "CUSTOM" if keys else "AUTO",
            "sourceUriPrefix": prefix + "".join(f"/{{{key.name}:{key.type}}}" for key in keys),
            "requirePartitionFilter": option("require_hive_partition_filter"),
        }
    return described.merged(
        Table.model_validate(
            {
                "tableReference": dict(zip(("projectId", "datasetId", "tableId"), reference, strict=True)),
                "externalDataConfiguration": config,
                "schema": {"fields": tables._overlay(fields(statement.columns), tables.fields(described))},
            }
        )
    )


def run(cursor, sql: str, context: Context, dry_run: bool) -> JobStatistics2:
    """Carry one of the two statements out, or only check it."""
    statement = ExternalTableParser(sql)
    target = exp.to_table(statement.name, dialect=BigQueryDialect)
    reference = names.reference(target, context.project_id, context.dataset_id)
    operation = metadata.outcome(
        "Table",
        names.label(*reference),
        tables.exists(*reference),
        statement.verb == "DROP",
        statement.conditional,
        statement.replace,
    )
    if operation == "DROP" and not dry_run:
        tables.delete(*reference)
    elif operation in ("CREATE", "REPLACE") and not dry_run:
        external_tables.define(_table(cursor, statement, reference, context), replace=True)
    return JobStatistics2.model_validate(
        {
            "statementType": f"{statement.verb}_EXTERNAL_TABLE",
            "ddlOperationPerformed": operation,
            "ddlTargetTable": dict(zip(("projectId", "datasetId", "tableId"), reference, strict=True)),
        }
    )


def apply() -> None:
    """Carry the two statements out."""
    parse_as_before, run_as_before = script.parse, query._run

    def parse_statement(sql: str) -> list[exp.Expression]:
        return [exp.Command(this=COMMAND, expression=sql)] if STATEMENT.match(sql) else parse_as_before(sql)

    def run_statement(cursor, tree, context, destination, config, dry_run, isolated) -> JobStatistics2:
        if isinstance(tree, exp.Command) and tree.this == COMMAND:
            return run(cursor, tree.expression, context, dry_run)
        return run_as_before(cursor, tree, context, destination, config, dry_run, isolated)

    script.parse, query._run = parse_statement, run_statement
