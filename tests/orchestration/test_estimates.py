"""What a plan will take, from the ledger's past steps, the files' lengths and the columns' sizes."""

from datetime import date

import pytest

from common.bigquery_sizes import LEAST_BILLED
from ingest.datasets import GREEN
from ingest.source import FileStat
from orchestration.cli import plan_tables
from orchestration.ledger.records import PastStep
from orchestration.plan.estimates import Basis, Estimate, Estimator, Outlook, column_bytes, seconds_to_land
from orchestration.plan.plan import Snapshot, make_plan
from orchestration.plan.wanted import Request
from tests.orchestration.test_builds import CURRENT, FEBRUARY, HERE, JANUARY, PROJECT, record

PAST = {
    "ingest": [PastStep(10, 1_000_000), PastStep(30, 2_000_000), PastStep(100, 4_000_000)],
    "dbt on postgres": [PastStep(7), PastStep(5), PastStep(90)],
    "dbt on bigquery": [PastStep(40, None, 300), PastStep(40, None, 100), PastStep(40, None, 200)],
    "reconcile": [PastStep(9, None, 0)],
}


def outlook(past: dict[str, list[PastStep]]) -> Outlook:
    """Of a plan that lands a file of 6 MB beside a month that is done."""
    snapshot = Snapshot(
        today=date(2026, 11, 29),
        request=Request((GREEN,)),
        files={
            (GREEN, JANUARY): FileStat("url", "etag", 1, ""),
            (GREEN, FEBRUARY): FileStat("url", "new", 6_000_000, ""),
        },
        records={("green", JANUARY): record(JANUARY)},
        stores=HERE,
        is_published=True,
        project=PROJECT,
        warehouses={"postgres": CURRENT, "bigquery": CURRENT},
    )
    estimator = Estimator(snapshot, past, lambda length: 15 * length, lambda _, rows: 500 * rows)
    return estimator.outlook(make_plan(snapshot), disk_free=10**9)


def test_each_step_takes_the_median_of_its_last_ones_and_a_landing_as_long_as_its_file_is():
    prepare, ingest, external, postgres, bigquery, _, publish = outlook(PAST).steps
    assert ingest == Estimate(15 * 6, download_bytes=6_000_000, disk_bytes=90_000_000)
    assert postgres == Estimate(7, disk_bytes=500 * 300_000)
    assert bigquery == Estimate(40, 200, Basis.LEDGER, disk_bytes=500 * 300_000)
    assert (prepare, external, publish) == (Estimate(),) * 3


def test_bytes_that_the_ledger_does_not_know_are_those_of_the_columns_and_labelled_so():
    reconcile = outlook(PAST).steps[5]
    assert (reconcile.seconds, reconcile.basis) == (9, Basis.COLUMN_SIZES)
    assert reconcile.bytes_billed == column_bytes({("green", FEBRUARY): 300_000})
    assert column_bytes({("green", FEBRUARY): 1}) == LEAST_BILLED
    widths = 8 + sum(12 if column.type == "text" else 8 for column in GREEN.columns)
    assert column_bytes({("green", FEBRUARY): 10**6}) == widths * 10**6


def test_the_total_is_the_sum_and_says_how_many_steps_have_no_figure():
    of_all = outlook(PAST)
    assert of_all.total.seconds == 90 + 7 + 40 + 9
    assert of_all.without_seconds == 3
    text = plan_tables.total(of_all, is_billed=False)
    assert text.startswith("Total: 2 min and 3 steps without a figure yet; Google's BigQuery would bill at least")
    assert "6.0 MB to download; 390.0 MB of disk, 1.0 GB free" in text


def test_a_machine_that_keeps_no_downloads_needs_room_for_the_month_that_lands_and_the_one_that_comes():
    steps = [Estimate(download_bytes=size, disk_bytes=3 * size) for size in (10, 40, 50, 20)]
    kept, freed = Outlook(tuple(steps), 10**9), Outlook(tuple(steps), 10**9, is_disk_freed=True)
    assert kept.total.disk_bytes == 3 * (10 + 40 + 50 + 20)
    assert freed.total.disk_bytes == max(3 * 40 + 50, 3 * 50 + 20)
    assert Outlook((), 10**9, is_disk_freed=True).total.disk_bytes == 0


def test_an_empty_ledger_has_no_figure_yet():
    of_all = outlook({})
    assert of_all.total.seconds is None
    assert plan_tables.total(of_all, is_billed=True).startswith("Total: no figure yet; BigQuery bills at least")


@pytest.mark.parametrize(
    ("past", "length", "seconds"),
    [([], 1, None), ([PastStep(4)], 100, 4), ([PastStep(4, 2)], None, 4), ([PastStep(4, 2), PastStep(9)], 10, 20)],
)
def test_a_landing_is_scaled_only_where_both_lengths_are_known(past: list[PastStep], length: int, seconds: float):
    assert seconds_to_land(past, length) == seconds
