"""Accepts GRANT and REVOKE, which do nothing here.

BigQuery: changes who may read a table; INFORMATION_SCHEMA.OBJECT_PRIVILEGES lists it.
local-bigquery: has neither; dbt's `grants:` config reads the one and runs the other.
Changed: the statements succeed and change nothing; the view is there, and empty. Everybody may do everything here.
"""

import re

from local_bigquery.sql import script
from local_bigquery.sql.rules import information_schema

STATEMENT = re.compile(r"^\s*(?:/\*.*?\*/\s*)?(?:GRANT|REVOKE)\s", re.IGNORECASE | re.DOTALL)
COLUMNS = ["object_catalog", "object_schema", "object_name", "object_type", "privilege_type", "grantee"]


def apply() -> None:
    """Let GRANT and REVOKE pass."""
    parse_as_before = script.parse_script

    def parse_script(sql: str) -> list[script.Statement]:
        return parse_as_before("SELECT 1 WHERE FALSE" if STATEMENT.match(sql) else sql)

    script.parse_script = parse_script
    information_schema.VIEWS["OBJECT_PRIVILEGES"] = lambda project_id, dataset_id: (COLUMNS, [])
