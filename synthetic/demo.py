"""The months of the demo: few and small, of every era that TLC's files have gone through, in all four data sets."""

from datetime import date
from pathlib import Path

from synthetic.files import write_month
from synthetic.report import write_report
from synthetic.shapes import write_zone_shapes
from synthetic.zones import write_zone_lookup

DEMO_MONTHS: tuple[tuple[str, date], ...] = (
    ("yellow", date(2009, 1, 1)),  # old names, date-times as text, rate codes as doubles
    ("yellow", date(2010, 3, 1)),  # other old names, an index left in; spring's clock change
    ("yellow", date(2018, 7, 1)),  # null-typed columns, counts as doubles
    ("yellow", date(2019, 1, 1)),  # congestion_surcharge arrives, mostly null
    ("yellow", date(2020, 10, 1)),  # the month for minutes
    ("yellow", date(2023, 1, 1)),  # the last month of the old writer:
    ("yellow", date(2023, 2, 1)),  # here ids shrink, counts are integers, airport_fee becomes Airport_fee
    ("yellow", date(2025, 2, 1)),  # cbd_congestion_fee; a fifth of the rows in the null block
    ("yellow", date(2026, 6, 1)),  # request_source
    ("green", date(2022, 1, 1)),  # ehail_fee null-typed
    ("green", date(2023, 2, 1)),  # ehail_fee double, large_string; rows enough to tell wrong clocks by
    ("green", date(2025, 11, 1)),  # vendor 6; autumn's clock change
    ("fhv", date(2019, 1, 1)),  # SR_Flag null-typed, zones as doubles
    ("fhv", date(2024, 1, 1)),
    ("fhvhv", date(2019, 2, 1)),  # airport_fee and wav_match_flag null-typed
    ("fhvhv", date(2025, 2, 1)),  # cbd_congestion_fee
)


_TIMES_AS_MANY = {("green", date(2023, 2, 1)): 4}
"""Times the rows of other months: a wrong clock stands out where 64 rows of the file are of some hours."""


def write_demo(root: Path, rows: int = 2_000, seed: int = 0) -> list[Path]:
    """Write the demo's months, `rows` rows each (green 2023-02 four times as many), the zones with shapes, the report.

    Returns all paths, the months first.
    """
    months = [(name, month, rows * _TIMES_AS_MANY.get((name, month), 1)) for name, month in DEMO_MONTHS]
    paths = [write_month(root, dataset, month, count, seed) for dataset, month, count in months]
    return [*paths, write_zone_lookup(root), write_zone_shapes(root), write_report(root, months)]
