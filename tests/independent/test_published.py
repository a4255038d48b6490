"""The rows of TLC's official files, compared with TLC's monthly report: the figures of docs/tlc_report.md."""

import duckdb
import pytest

from tests.independent.raw import MACROS
from tests.independent.tlc_report import read_report
from tests.line import ROOT

REAL = ROOT.parent / "shared" / "tlc"
ROWS = REAL / "published" / "rows_per_file.csv"

AGREEMENT = """
with files as (
    select split_part(file, '_', 1) as service_type, (split_part(file, '_', 3)[:7] || '-01')::date as month, rows
    from read_csv('{rows}', header = true)
), compared as (
    select service_type, month, abs(rows / (trips_per_day * day(last_day(month))) - 1) * 100 as percent
    from files inner join reported using (service_type, month)
    where trips_per_day > 0 and classes = case when service_type <> 'fhv' then 1
        when month < date '2019-02-01' then 4 else 3 end
)
select service_type || case when service_type <> 'fhv' then '' when month < date '2019-02-01' then ' to 2019-01'
        else ' from 2019-02' end as files, count(*) as months,
    count_if(percent <= 0.1), count_if(percent <= 1), count_if(percent <= 5), round(max(percent), 1)
from compared group by all order by files
"""


@pytest.mark.slow
@pytest.mark.skipif(not ROWS.is_file(), reason="the published row counts are not here")
def test_the_official_files_have_the_rows_of_tlcs_monthly_report_as_far_as_the_documentation_says() -> None:
    own = duckdb.connect()
    own.execute(MACROS)
    read_report(own, REAL)
    found = own.execute(AGREEMENT.format(rows=ROWS)).fetchall()
    assert found == [  # files, months compared, within 0.1 %, within 1 %, within 5 %, the largest difference in percent
        ("fhv from 2019-02", 64, 2, 13, 40, 20.9),
        ("fhv to 2019-01", 49, 29, 38, 49, 2.7),
        ("fhvhv", 64, 61, 64, 64, 0.1),
        ("green", 125, 104, 106, 111, 26.6),
        ("yellow", 173, 114, 163, 168, 13.2),
    ]
