"""The dimensions, and the table by file month that the bases are counted from."""

from tests.independent.pieces import COMPANY, MONTH
from tests.independent.trips import AIRPORTS, CONGESTION_ZONES

DIMENSIONS = {
    "agg_base_trips": (
        ["service_type", "file_month", "pickup_month", "base_number", "company_id"],
        f"""select service_type, file_month, coalesce(dispatching_base_number, 'not given') as base_number, {COMPANY}
            as company_id, {MONTH},
        count(*) as trips, min(pickup_at) as first_pickup_at, max(pickup_at) as last_pickup_at
        from fct_trips where service_type in ('fhv', 'fhvhv') group by all""",
    ),
    "dim_bases": (
        ["base_number"],
        """with companies_of as (
            select base_number, company_id, sum(trips) as n from agg_base_trips where service_type = 'fhvhv'
                group by 1, 2
            qualify row_number() over (partition by base_number order by company_id = 'fhvhv', n desc, company_id) = 1
        )
        select base_number, coalesce(any_value(c.company_id), 'fhv') as company_id, sum(trips)::bigint as trips,
            coalesce(sum(trips) filter (service_type = 'fhv'), 0)::bigint as fhv_trips,
            coalesce(sum(trips) filter (service_type = 'fhvhv'), 0)::bigint as fhvhv_trips,
            min(file_month) as first_file_month, max(file_month) as last_file_month
        from agg_base_trips left join companies_of as c using (base_number) group by base_number""",
    ),
    "dim_zones": (
        ["location_id"],
        f"""select id as location_id, borough, zone, service_zone, id in {AIRPORTS} as is_airport,
        id in {CONGESTION_ZONES} as is_in_congestion_zone from zones""",
    ),
    "dim_dates": (
        ["date_day"],
        """select d::date as date_day, year(d) as calendar_year, quarter(d) as calendar_quarter,
            month_of(d) as calendar_month, isodow(d) as iso_weekday, dayname(d) as day_name,
            isodow(d) >= 6 as is_weekend,
            federal.holiday_name as us_federal_holiday, state.holiday_name as new_york_holiday,
            federal.kind is not null or state.kind is not null as is_holiday,
            year(d) >= 2007 and month(d) = 3 and isodow(d) = 7 and day(d) between 8 and 14 as is_spring_forward,
            year(d) >= 2007 and month(d) = 11 and isodow(d) = 7 and day(d) <= 7 as is_fall_back,
            case when is_spring_forward then 23 when is_fall_back then 25 else 24 end::bigint as hours_in_day,
            d >= date '2025-01-05' as is_congestion_pricing
        from range(date '2008-12-01', date '2036-01-01', interval 1 day) as days(d)
        left join holidays as federal on federal.holiday_date = d and federal.kind = 'federal'
        left join holidays as state on state.holiday_date = d and state.kind = 'new york'""",
    ),
    "dim_companies": (["company_id"], "select * from companies"),
    "dim_vendors": (["vendor_id"], "select * from vendors"),
    "dim_rate_codes": (["rate_code_id"], "select * from rate_codes"),
    "dim_payment_types": (["payment_type_id"], "select * from payment_types"),
    "dim_trip_types": (["trip_type_id"], "select * from trip_types"),
}
