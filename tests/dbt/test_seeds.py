"""The seeds say what their sources say: the calendar of a package, the lists in SQL, the data sets of the ingest."""

import csv
import re
from datetime import date

import holidays
import pytest
import yaml

from ingest.datasets import DATASETS
from tests.dbt.parsing import PROJECT

RULES = (PROJECT / "models/intermediate/int_trips_checked.sql").read_text()
FIRST, LAST = date(2008, 12, 1), date(2035, 12, 31)
"""The days of dim_dates."""


def seed(name: str) -> list[dict[str, str]]:
    with (PROJECT / f"seeds/{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def codes_in_sql(column: str, sql: str) -> set[str]:
    (codes,) = re.findall(rf"\b{column}\W* (?:not )?in \(([^)]+)\)", sql)
    return set(re.findall(r"\w+", codes))


def test_the_holidays_are_those_of_the_package_holidays():
    years = range(FIRST.year, LAST.year + 2)
    federal = holidays.country_holidays("US", years=years)
    new_york = holidays.country_holidays("US", subdiv="NY", years=years)
    expected = [
        {
            "holiday_date": str(day),
            "holiday_name": name,
            "kind": (
                "commemoration"  # nothing closes: it is not among the holidays of the General Construction Law, § 24
                if name == "Susan B. Anthony Day"
                else "federal"
                if name in federal.get_list(day)
                else "new york"
            ),
        }
        for day in sorted(new_york)
        if FIRST <= day <= LAST
        for name in new_york.get_list(day)
    ]
    assert seed("holidays") == expected


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("vendors", "vendor_id"),
        ("rate_codes", "rate_code_id"),
        ("payment_types", "payment_type_id"),
        ("trip_types", "trip_type_id"),
    ],
)
def test_listed_codes_are_those_that_the_flag_has_unknown_code_knows(name, column):
    assert {row[column] for row in seed(name) if row["is_listed"] == "true"} == codes_in_sql(column, RULES)


def test_every_licence_is_known_to_the_sql_that_lists_them():
    licences = {row["hvfhs_license_number"] for row in seed("companies")} - {""}
    assert len(licences) >= 4
    assert codes_in_sql("hvfhs_license_number", RULES) == licences
    assert (
        codes_in_sql("hvfhs_license_number", (PROJECT / "macros/business_rules/company_id.sql").read_text()) == licences
    )


def test_a_company_s_key_is_its_licence_or_its_data_set():
    for row in seed("companies"):
        assert row["company_id"] == (row["hvfhs_license_number"] or row["service_type"])
        assert date.fromisoformat(row["first_date"]) == DATASETS[row["service_type"]].first_month
    assert {row["company_id"] for row in seed("companies")} >= set(DATASETS)


def test_the_reject_reasons_are_those_of_the_rules():
    codes = [row["reject_reason"] for row in seed("reject_reasons")]
    assert codes == sorted(set(re.findall(r"then ',(\w+)'", RULES)))


def test_the_findings_are_those_that_sql_lists():
    macros = PROJECT / "macros/cleaning"
    listed = {
        kind: re.findall(r'^ *\("([\w:]+)", ', (macros / f"{name}.sql").read_text(), re.MULTILINE)
        for kind, name in (("nulled field", "nulled_fields"), ("oddity", "oddities"))
    }
    assert all(len(codes) >= 7 and codes == sorted(codes) for codes in listed.values())
    bounded = re.findall(r'^ *"(\w+)": ', (macros / "bounds.sql").read_text(), re.MULTILINE)
    listed["nulled field"] += [f"{name}:out_of_bounds" for name in bounded]
    for kind, codes in listed.items():
        assert sorted(codes) == sorted(row["finding"] for row in seed("findings") if row["kind"] == kind)


def test_every_seed_and_each_of_its_columns_is_described():
    described = yaml.safe_load((PROJECT / "seeds/_seeds.yml").read_text())["seeds"]
    assert {entry["name"] for entry in described} == {path.stem for path in (PROJECT / "seeds").glob("*.csv")}
    for entry in described:
        assert entry["description"]
        assert [column["name"] for column in entry["columns"] if column["description"]] == list(seed(entry["name"])[0])
