"""Facts as JSON, and their schemas: pydantic reads both off the dataclasses. Charts as CSV."""

import csv
import io
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from orchestration.page.facts.marts import Chart


def json_of(facts: Any, of_type: type) -> bytes:
    """The facts as a JSON document."""
    return _adapter(of_type).dump_json(facts)


def schema_of(of_type: type) -> dict[str, Any]:
    """The JSON schema of such a document; what it refers to is under $defs."""
    return _adapter(of_type).json_schema(mode="serialization")


def csv_of(chart: Chart) -> str:
    """The rows of a chart, with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(chart.columns)
    writer.writerows(chart.rows)
    return text.getvalue()


@cache
def _adapter(of_type: type) -> TypeAdapter[Any]:
    return TypeAdapter(of_type)
