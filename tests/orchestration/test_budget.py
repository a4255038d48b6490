"""What BigQuery may bill in a run, and the amounts that people write."""

import pytest

from ingest.errors import SettingError, StoreError
from orchestration.cli.amounts import parse_limit, shown_bytes, shown_seconds
from orchestration.cli.exit_codes import ExitCode, of_error
from orchestration.run.budget import Budget, OverBudgetError
from orchestration.settings import BigQuerySettings, Settings


def test_a_run_stops_when_its_sum_reaches_the_limit_and_names_both_and_what_comes_next():
    budget = Budget(1_000)
    budget.spend(999)
    budget.check("reconcile")
    budget.spend(1)
    with pytest.raises(OverBudgetError, match=r"billed 1,000 bytes .* is 1,000: .* Next is reconcile") as caught:
        budget.check("reconcile")
    assert of_error(caught.value) is ExitCode.OVER_BUDGET == 4


def test_without_a_limit_nothing_stops_it():
    budget = Budget()
    budget.spend(2**60)
    budget.check("reconcile")
    budget.check_refusal(StoreError("Query exceeded limit for bytes billed: 1. 2 or higher required."), "reconcile")


def test_a_query_that_bigquery_refuses_for_the_limit_is_over_budget_and_no_other_fault_is():
    budget = Budget(20_000_000)
    budget.check_refusal(StoreError("Not found: table"), "reconcile")
    with pytest.raises(OverBudgetError, match="a query of reconcile, which alone exceeds --max-bytes"):
        budget.check_refusal(StoreError("Query exceeded limit for bytes billed: 1. 2 or higher required."), "reconcile")


@pytest.mark.parametrize(
    ("text", "size"),
    [("500MB", 500_000_000), ("2GB", 2 * 10**9), ("1.5 gb", 15 * 10**8), ("1TiB", 2**40), ("20000000", 20_000_000)],
)
def test_amounts_are_read_as_people_write_them(text: str, size: int):
    assert parse_limit(text) == size


@pytest.mark.parametrize("text", ["much", "-1GB", "5 apples", "10MB", "0"])
def test_what_is_no_amount_or_less_than_any_query_costs_is_refused(text: str):
    with pytest.raises(SettingError, match="--max-bytes"):
        parse_limit(text)


def test_no_query_may_be_billed_more_than_the_run_or_the_setting_allows():
    settings = Settings(bigquery=BigQuerySettings(bigquery_maximum_bytes_billed=10**9))
    assert settings.with_query_limit(10**8).bigquery.maximum_bytes_billed == 10**8
    assert settings.with_query_limit(10**10).bigquery.maximum_bytes_billed == 10**9


def test_amounts_are_shown_for_people():
    assert [shown_bytes(size) for size in (None, 0, 9_900, 1_500_000, 2_500_000_000)] == [
        *("–", "–", "10 kB", "1.5 MB", "2.5 GB")
    ]
    assert [shown_seconds(one) for one in (None, 0.25, 119, 600)] == ["no figure yet", "0.2 s", "119.0 s", "10 min"]
