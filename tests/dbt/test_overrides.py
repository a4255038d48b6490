"""Each macro that replaces one of dbt's, or relies on one, names it with a digest, which a new dbt may change."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

WAREHOUSES = ("postgres", "bigquery")
DISPATCHED = ("default__", "postgres__", "bigquery__")


@pytest.fixture(scope="module")
def macros(parsed: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """All macros that dbt knows on either warehouse, its own among them."""
    found: dict[str, dict[str, Any]] = {}
    for target in WAREHOUSES:
        found |= json.loads((parsed[target] / "manifest.json").read_text())["macros"]
    return found


def digest(macro: dict[str, Any]) -> str:
    """Of the text of a macro, but for white space."""
    return hashlib.sha256(" ".join(macro["macro_sql"].split()).encode()).hexdigest()[:12]


def named(macros: dict[str, dict[str, Any]], kind: str) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """The macros of this project, each with what its `meta` says that it replaces, or relies on."""
    ours = (macro for macro in macros.values() if macro["package_name"] == "taxi")
    return [(macro, one) for macro in ours for one in macro["config"]["meta"].get(kind, [])]


def test_the_code_of_dbt_that_macros_replace_or_rely_on_is_the_one_that_they_were_written_for(macros):
    entries = [*named(macros, "replaces"), *named(macros, "relies_on")]
    assert len(entries) >= 10
    problems = []
    for ours, entry in entries:
        dbts = macros.get(f"macro.{entry['package']}.{entry['macro']}")
        where = f"{ours['patch_path'].partition('://')[2]} names {entry['macro']} of {entry['file']} for {ours['name']}"
        if dbts is None or dbts["original_file_path"] != entry["file"]:
            problems.append(f"{where}; it is {'gone' if dbts is None else 'in ' + dbts['original_file_path']}")
        elif digest(dbts) != entry["digest"]:
            problems.append(f"{where}; it changed, and its digest is {digest(dbts)}")
    advice = "Read dbt's macro, bring ours up to it, run the tests of both warehouses; then write the digest there"
    assert not problems, "\n".join([*problems, advice])


def test_every_macro_that_takes_the_name_of_one_of_dbts_says_which_it_replaces(macros):
    """A macro of the root project goes before dbt's own, whatever dbt calls it for (docs.getdbt.com, dispatch)."""
    theirs: dict[str, set[str]] = {}
    for macro in macros.values():
        if macro["package_name"] != "taxi":
            theirs.setdefault(macro["name"], set()).add(macro["package_name"])
    dispatchers = {name for name in theirs if not name.startswith(DISPATCHED)}
    ours = {macro["name"] for macro in macros.values() if macro["package_name"] == "taxi"}
    shadowing = {name for name in ours if name in theirs or name.partition("__")[2] in dispatchers}
    assert shadowing >= {"bq_insert_overwrite_sql", "bigquery__create_table_as"}
    assert shadowing == {macro["name"] for macro, _ in named(macros, "replaces")}
