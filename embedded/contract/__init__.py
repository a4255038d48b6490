"""Rules by which the embedded BigQuery is as strict as Google's documentation. Off, unless they are asked for.

local-bigquery takes much that BigQuery refuses. Each rule is a module of this folder: its docstring names the page of
the documentation that it enforces, and what is known otherwise. A rule that proves stricter than the service is dropped
by deleting its line below. docs/architecture.md lists them, and tests/embedded/test_contract.py breaks each.
"""

import os
from importlib import import_module

RULES = (
    "parquet_types",
    "column_names",
    "descriptions",
    "partition_filter",
    "bytes_billed",
    "quotas",
    "rights",
)
VARIABLE = "BIGQUERY_CONTRACT"


def apply() -> None:
    """Enforce the rules that the variable BIGQUERY_CONTRACT lists, with commas between them. Raises ValueError."""
    wanted = list(filter(None, os.environ.get(VARIABLE, "").split(",")))
    if wanted:
        import_module("embedded.contract.statements").watch()
    for name in wanted:
        if name not in RULES:
            raise ValueError(f"{VARIABLE} names {name}, and the rules are {', '.join(RULES)}")
        import_module(f"embedded.contract.{name}").apply()
