"""One name, one meaning: a column of the marts has the same type and the same description in every model.

A trip's own value and a sum over trips may share a name, such as total_amount: facts and dimensions (fct_, dim_) are
compared among themselves, and all other marts likewise. `python -m linting.column_docs`, after `dbt compile`.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from linting.artifacts import folder

# Names that mean something else in some marts, and why that is right. One that no longer differs is reported as well.
TYPES = {"trips_percent": "of all rows of a file, where thousandths count; of a month's trips, where hundredths do"}
DESCRIPTIONS = {
    "column_name": "of the tables that count codes, nulls and findings, each of other columns",
    "company_id": "dim_bases has it as a key to dim_companies",
    "fare_amount": "agg_fares has a row for each fare; elsewhere it is a sum",
    "is_in_congestion_zone": "of a zone, or of a trip that begins or ends in one",
    "raw_rows": "of a file, or those with one code",
    "total_amount": "of rejected rows, of trips with a finding, and of all trips",
    "trips": "of the trips that a row counts: all, timed, with a fare, or with a finding",
    "trips_percent": "of a file's rows, or of a month's trips",
    "trips_per_day": "of a calendar month, or of its part before or after congestion pricing began",
}


def differences(manifest: dict[str, Any]) -> Iterator[str]:
    """Sentences on the names that mean several things, by dbt's manifest of the project."""
    marts = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["original_file_path"].startswith("models/marts/")
    ]
    yield from _several(marts, "data_type", TYPES, "types")
    yield from _several(marts, "description", DESCRIPTIONS, "descriptions")


def _several(marts: list[dict[str, Any]], field: str, excused: dict[str, str], what: str) -> Iterator[str]:
    found: set[str] = set()
    values: dict[tuple[bool, str], dict[str, str]] = defaultdict(dict)
    for node in sorted(marts, key=lambda node: node["name"]):
        is_of_one = field == "description" and node["name"].startswith(("fct_", "dim_"))
        for name, column in node["columns"].items():
            values[is_of_one, name].setdefault(column[field], node["name"])
    for (_, name), ones in sorted(values.items(), key=lambda item: item[0][1]):
        if len(ones) > 1:
            found.add(name)
            if name not in excused:
                yield f"{name} has {len(ones)} {what}: in {', '.join(sorted(ones.values()))}"
    for name in sorted(excused.keys() - found):
        yield f"{name} is excused for its {what}, and has one: take it off the list in linting/column_docs.py"


def main() -> int:
    """Print the differences; 1 if there are any."""
    manifest = json.loads((folder("postgres") / "manifest.json").read_text(encoding="utf-8"))
    found = list(differences(manifest))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
