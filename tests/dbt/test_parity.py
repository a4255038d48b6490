"""The two warehouses hold the same: every view, dimension and seed, row by row, value by value.

The tables kept by file month are held against each other by each run, by checksums of every column.
"""

from tests.line import Line
from tests.warehouses import differences


def test_every_table_and_view_that_no_run_compares_holds_the_same_rows_on_both_warehouses(marts_line: Line):
    relations, different = differences(marts_line, kinds="rv")
    assert relations > 20
    assert different == []
