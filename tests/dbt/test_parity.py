"""The two warehouses hold the same: every view, dimension and seed, row by row, value by value.

The tables kept by file month are held against each other by each run, by checksums of every column.
"""

import pytest

from tests.line import Line
from tests.warehouses import differences


@pytest.mark.slow
def test_every_table_and_view_that_no_run_compares_holds_the_same_rows_on_both_warehouses(
    marts_line: Line, batches: str
):
    relations, different = differences(marts_line, kinds="rv")
    assert relations > 20
    assert different == []


def test_the_compared_months_have_wrong_clocks_and_months_written_as_minutes(marts_line: Line):
    found = marts_line.query(
        "select service_type, to_char(file_month, 'YYYY-MM'), finding, trips >= 10 from taxi_marts.findings_by_code"
        " where finding in ('clock_off', 'pickup_at:month_as_minutes')"
    )
    assert sorted(found) == [
        ("green", "2022-02", "clock_off", True),
        ("yellow", "2020-10", "pickup_at:month_as_minutes", True),
    ]
