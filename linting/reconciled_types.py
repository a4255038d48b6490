"""Whether a run can reconcile every table that it keeps by file month: each column needs a type that has a checksum.

`python -m linting.reconciled_types`, after `dbt compile`.
"""

import json
import re
import sys
from typing import Any

from linting.artifacts import folder
from orchestration.run.checksum_sql import KIND_OF_POSTGRES_TYPE

# Names that a contract may use -> Postgres' own; dbt-postgres makes a text of `string`.
_ALIASES = {
    "string": "text",
    "varchar": "character varying",
    "int2": "smallint",
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "float8": "double precision",
    "decimal": "numeric",
    "bool": "boolean",
    "timestamp": "timestamp without time zone",
}


def complaints(manifest: dict[str, Any]) -> list[str]:
    """Sentences on columns that no run could reconcile; `manifest` is dbt's, of the target postgres."""
    return [
        f"{node['name']}: the type of {column['name']} ({column['data_type'] or 'not declared'}) has no checksum. "
        f"Cast it to one of {', '.join(KIND_OF_POSTGRES_TYPE)}, or add a checksum to orchestration/run/checksum_sql.py"
        for node in manifest["nodes"].values()
        if node["original_file_path"].startswith("models/marts/") and node["config"]["materialized"] == "incremental"
        for column in node["columns"].values()
        if _name(column["data_type"] or "") not in KIND_OF_POSTGRES_TYPE
    ]


def _name(data_type: str) -> str:
    """As information_schema has it: `numeric` for `NUMERIC(18, 2)`."""
    name = re.sub(r"\s*\([^)]*\)", "", data_type).strip().lower()
    return _ALIASES.get(name, name)


def main() -> int:
    """Print the complaints; 1 if there are any."""
    found = complaints(json.loads((folder("postgres") / "manifest.json").read_text(encoding="utf-8")))
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
