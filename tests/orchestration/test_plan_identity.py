"""A plan has a hash; where it is another plan by the time it is run, the error says what changed."""

from pathlib import Path

import pytest

from common import masking
from ingest.datasets import GREEN
from ingest.errors import SettingError
from ingest.source import FileStat
from orchestration.plan.identity import Document, PlanChangedError, changes, document_of, hash_of
from orchestration.shown_plans import ShownPlan, keep_plan, read_plan
from tests.orchestration.test_builds import EDITED, FEBRUARY, JANUARY, MARCH, plan, record

DONE = [record(JANUARY), record(FEBRUARY)]


def document(months: list, records: list = DONE, etag: str = "etag", **warehouses) -> Document:
    files = {(GREEN, month): FileStat("url", etag, 1, "") for month in months}
    return document_of(plan(months, records, etag=etag, **warehouses), files)


def test_the_same_plan_has_the_same_hash_and_another_one_has_another():
    before = document([JANUARY, FEBRUARY])
    assert hash_of(before) == hash_of(document([JANUARY, FEBRUARY]))
    others = [document([JANUARY]), document([JANUARY, FEBRUARY], etag="new"), document([JANUARY, MARCH])]
    assert len({hash_of(one) for one in (before, *others)}) == 4


def test_a_month_with_another_edition_is_named_with_both_reasons():
    found = changes(document([JANUARY, FEBRUARY]), document([JANUARY, FEBRUARY], etag="new"))
    assert "green 2024-01 was nothing (done) and is land (file changed)" in found
    assert "ingest green 2024-01 was added" in found


def test_months_that_came_or_went_are_named_with_their_steps():
    found = changes(document([JANUARY, FEBRUARY]), document([JANUARY, MARCH]))
    assert {"green 2024-03 was added", "green 2024-02 was dropped", "dbt on postgres 2024-03 was added"} <= {*found}
    assert not any("2024-01" in one for one in found)


def test_an_edited_dbt_project_changes_the_steps_though_no_month_changed():
    found = changes(document([JANUARY]), document([JANUARY], bigquery=EDITED))
    assert "dbt on bigquery 2024-01, 2024-02 was added" in found


def test_an_edition_that_changed_under_a_month_that_lands_anyway_is_named():
    before = document([MARCH])
    after = document([MARCH], etag="new")
    assert changes(before, after) == ["green 2024-03 has another edition of its file"]


def test_an_error_names_the_first_changes_and_counts_the_rest():
    error = PlanChangedError([f"green 2024-{month:02} was added" for month in range(1, 13)])
    assert "green 2024-08 was added; and 4 more" in error.what


def test_a_plan_that_was_shown_is_found_by_its_hash_with_its_options(tmp_path: Path):
    shown = ShownPlan(document([JANUARY]), {"months": ["2024-01"]})
    name = keep_plan(tmp_path, shown)
    assert read_plan(tmp_path, name) == shown
    with pytest.raises(SettingError, match=r"--plan '\.\./x' is no plan that was shown"):
        read_plan(tmp_path, "../x")


def test_a_plan_keeps_no_login_of_its_source_and_says_what_to_do(tmp_path: Path):
    source = "https://user:hunter2-hunter2@host/tlc"
    masking.hide_addresses([source])
    name = keep_plan(tmp_path, ShownPlan(document([JANUARY]), {"source": source}))
    assert "hunter2" not in (tmp_path / "plans" / f"{name}.json").read_text()
    with pytest.raises(SettingError, match=r"source with a login .* Set that source as TAXI_SOURCE"):
        read_plan(tmp_path, name)
