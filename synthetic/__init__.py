"""Synthetic TLC months: invented trips in TLC's own layouts, with the faults that TLC's files are known to have.

No row comes from a real trip. `write_month`, `write_zone_lookup`, `write_zone_shapes`, `write_report` and `write_demo`
lay files out as TLC does (`trip-data/`, `misc/`), so that the root can be given wherever a source is asked for.
"""

from synthetic.demo import DEMO_MONTHS, write_demo
from synthetic.files import write_month
from synthetic.report import write_report
from synthetic.shapes import write_zone_shapes
from synthetic.zones import write_zone_lookup

__all__ = ["DEMO_MONTHS", "write_demo", "write_month", "write_report", "write_zone_lookup", "write_zone_shapes"]
