"""TLC's monthly report worked out from the trips, the table by file month under it, and the comparison with TLC's."""

from pathlib import Path

import duckdb

from tests.independent.pieces import COMPANY, NAMES, OWN, sums

HEADER = (
    "Month/Year", "License Class", "Trips Per Day", "Farebox Per Day", "Avg Minutes Per Trip",
    "Percent of Trips Paid with Credit Card", "Trips Per Day Shared",
)  # fmt: skip


def read_report(own: duckdb.DuckDBPyConnection, source: Path) -> None:
    """Make the table `reported`, a row of each month and service type of TLC's report, if there is one in `source`."""
    columns = ", ".join(f'null as "{name}"' for name in HEADER)
    lines = f"select {columns} where false"
    for path in source.glob("*/data_reports_monthly.csv"):
        lines = f"from read_csv('{path}', header = true, all_varchar = true, nullstr = '\\N')"
    own.execute(REPORTED.format(lines=lines))


# As the descriptions of stg_tlc_monthly_report, of its columns and of tlc_value say.
REPORTED = """
create macro number(x) as case when regexp_full_match(replace(trim(x), ',', ''), '[0-9]+([.][0-9]+)?%?')
    then replace(replace(trim(x), ',', ''), '%', '')::decimal(18, 2) end;
create table reported as
with numbered as (
    select row_number() over () as n, * from ({lines})
), firsts as (
    select *, ("Month/Year" || '-01')::date as month, "License Class" as class from numbered
    qualify row_number() over (partition by "Month/Year", "License Class" order by n) = 1
)
select month, case class when 'Yellow' then 'yellow' when 'Green' then 'green' when 'FHV - High Volume' then
        case when year(month) * 12 + month(month) < 2019 * 12 + 2 then 'fhv' else 'fhvhv' end
        else 'fhv' end as service_type,
    count(*) as classes, sum(number("Trips Per Day")) as trips_per_day,
    sum(number("Farebox Per Day")) as farebox_per_day,
    -- minutes have at most one decimal: whole tenths of minutes times whole trips
    case when bool_and(coalesce(number("Avg Minutes Per Trip"), 0) > 0) then
        ratio(sum((number("Avg Minutes Per Trip") * 10)::bigint * number("Trips Per Day")::bigint)::bigint,
            (sum(number("Trips Per Day")) * 10)::bigint) end as avg_minutes_per_trip,
    sum(number("Percent of Trips Paid with Credit Card")) as percent_of_trips_paid_with_credit_card,
    sum(number("Trips Per Day Shared")) as trips_per_day_shared
from firsts group by all
"""

INDICATORS = (
    "trips_per_day", "farebox_per_day", "avg_minutes_per_trip", "percent_of_trips_paid_with_credit_card",
    "trips_per_day_shared",
)  # fmt: skip
TAXI = "service_type in ('yellow', 'green')"
SECONDS = "coalesce(trip_seconds, duration_seconds)"
CARD = f"{TAXI} and (payment_type_id in (0, 1) or payment_type_id is null)"

TLC_REPORT = {
    "agg_daily_trips": (
        ["service_type", "company_id", "file_month", "pickup_date"],
        f"""select service_type, {COMPANY} as company_id, file_month, pickup_at::date as pickup_date, count(*) as trips,
        count_true(is_refund)::bigint as refunds, count_true(is_shared)::bigint as shared_trips,
        count_true(service_type = 'fhvhv' and is_shared_requested)::bigint as shared_requests,
        count_true(is_wheelchair_matched)::bigint as wheelchair_trips, count_true({CARD})::bigint as card_trips,
        count_true({SECONDS} < 21600)::bigint as trips_under_6_hours,
        coalesce(sum({SECONDS}) filter ({SECONDS} < 21600), 0)::bigint as seconds_under_6_hours,
        {sums("fare_amount", "tip_amount", "total_amount")},
        (sum(tip_amount) filter (payment_type_id = 1))::decimal(18, 2) as card_tip_amount
        from fct_trips group by all""",
    ),
    "daily_trips": (
        ["company_id", "pickup_date"],
        f"""with days as (
            select service_type, {COMPANY} as company_id, pickup_at::date as pickup_date,
                month_of(pickup_at) as pickup_month, count(*) as trips, count_true(is_refund)::bigint as refunds,
                count_true(is_shared)::bigint as shared_trips,
                count_true(is_wheelchair_matched)::bigint as wheelchair_trips,
                {sums("fare_amount", "tip_amount", "total_amount")} from fct_trips group by all
        )
        select days.* exclude (pickup_month), company_name, true as has_own_file
        from days inner join ({NAMES}) using (company_id) where {OWN}""",
    ),
    # From the trips themselves, not from the table above.
    "tlc_monthly_indicators": (
        ["service_type", "pickup_month"],
        f"""with months as (
            select *, month_of(pickup_at) as pickup_month from fct_trips
        ), counted as (
            select service_type, pickup_month, count(*) as trips, day(last_day(pickup_month))::bigint as days,
                sum(total_amount) - coalesce(sum(tip_amount) filter (payment_type_id = 1), 0) as farebox,
                coalesce(sum({SECONDS}) filter ({SECONDS} < 6 * 3600), 0)::bigint as s,
                count(*) filter ({SECONDS} < 6 * 3600) as n,
                count(*) filter ({CARD}) as cards, count(*) filter (is_shared) as shared
            from months where {OWN} group by all
        )
        select service_type, pickup_month, days as calendar_days, trips, ratio(trips, days) as trips_per_day,
            case when {TAXI} then ratio((farebox * 100)::bigint, days * 100) end as farebox_per_day,
            ratio(s, n * 60) as avg_minutes_per_trip,
            case when {TAXI} then percent(cards, trips) end as percent_of_trips_paid_with_credit_card,
            case when not {TAXI} then ratio(shared, days) end as trips_per_day_shared, true as has_own_file
        from counted""",
    ),
    "tlc_report_difference": (
        ["service_type", "pickup_month", "indicator"],
        " union all ".join(
            f"""select o.service_type, o.pickup_month, '{name}' as indicator, o.{name} as own_value,
            r.{name}::decimal(18, 2) as tlc_value, (own_value - tlc_value)::decimal(18, 2) as value_difference,
            percent((value_difference * 100)::bigint, (tlc_value * 100)::bigint) as difference_percent
            from tlc_monthly_indicators as o left join reported as r on o.service_type = r.service_type
                and o.pickup_month = r.month and r.classes = case when r.service_type <> 'fhv' then 1
                    when r.month < date '2019-02-01' then 4 else 3 end
            where own_value is not null or tlc_value is not null"""
            for name in INDICATORS
        ),
    ),
}
