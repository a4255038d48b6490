"""The reports on revenue, fares, tips and the market, and the tables by file month that they sum."""

from tests.independent.pieces import COMPANY, FROM, MONTH, OWN, sums, totals, with_zones

REVENUE = {
    "agg_zone_revenue": (
        ["service_type", "company_id", "payment_type_id", "file_month", "pickup_month", "pickup_location_id"],
        f"""select service_type, {COMPANY} as company_id, coalesce(payment_type_id, 0) as payment_type_id, file_month,
            {MONTH}, {FROM},
        count(*) as trips, count_true(is_refund)::bigint as refunds, count_true(tip_amount > 0)::bigint as tipped_trips,
        {sums("fare_amount", "tip_amount", "tolls_amount", "total_amount")} from fct_trips group by all""",
    ),
    "monthly_zone_revenue": (
        ["service_type", "pickup_month", "pickup_location_id"],
        with_zones(
            f"""select service_type, pickup_month, pickup_location_id, {totals("trips", "refunds")},
            coalesce(sum(trips) filter (file_month = pickup_month), 0)::bigint as own_file_trips, true as has_own_file,
            {sums("fare_amount", "tip_amount", "tolls_amount", "total_amount")}
            from agg_zone_revenue where {OWN} group by all""",
            "pickup",
        ),
    ),
    "quarterly_revenue": (
        ["service_type", "pickup_quarter"],
        f"""with months as (
            select service_type, date_trunc('quarter', pickup_month)::date as pickup_quarter,
                list_sort(list(distinct month(pickup_month))) as months, {totals("trips")}, {sums("total_amount")}
            from monthly_zone_revenue group by all
        )
        select a.service_type, a.pickup_quarter, len(a.months)::bigint as months_with_data, a.trips, a.total_amount,
            b.trips as trips_year_before, percent(a.trips - b.trips, b.trips) as trips_growth_percent,
            b.total_amount as total_amount_year_before,
            percent(((a.total_amount - b.total_amount) * 100)::bigint, (b.total_amount * 100)::bigint)
                as total_amount_growth_percent
        from months as a left join months as b
            on a.service_type = b.service_type and a.pickup_quarter = b.pickup_quarter + interval 1 year
                and a.months = b.months""",
    ),
    "monthly_tips": (
        ["service_type", "pickup_month", "payment_type_id"],
        f"""with sums as (
            select service_type, pickup_month, payment_type_id, {totals("trips", "tipped_trips")},
                {sums("fare_amount", "tip_amount")}
            from agg_zone_revenue where service_type <> 'fhv' and {OWN} group by all
        )
        select s.*,
            case when service_type = 'fhvhv' then 'Paid in the app' else payment_type_name end as payment_type_name,
            payment_type_id <> 2 as is_tip_recorded, true as has_own_file,
            case when is_tip_recorded then percent(tipped_trips, trips) end as tipped_trips_percent,
            case when is_tip_recorded then percent((tip_amount * 100)::bigint, (fare_amount * 100)::bigint) end
                as tip_percent,
            case when is_tip_recorded then ratio((tip_amount * 100)::bigint, trips * 100) end as average_tip_amount
        from sums as s left join payment_types using (payment_type_id)""",
    ),
    "market_share": (
        ["pickup_month", "company_id"],
        f"""with sums as (
            select pickup_month, company_id, {totals("trips")}, {sums("total_amount")}
            from agg_zone_revenue where {OWN} group by all
        ), missing as (
            select pickup_month, string_agg(company_id, ', ' order by company_id) as missing_data_sets
            from (select distinct pickup_month from sums) cross join companies
            where company_id = service_type and first_date <= pickup_month
                and (service_type, pickup_month) not in (select distinct service_type, file_month from raw) group by all
        )
        select s.*, service_type, company_name, missing_data_sets, true as has_own_file,
            percent(trips, sum(trips) over (partition by pickup_month)) as trips_percent
        from sums as s inner join companies using (company_id) left join missing using (pickup_month)""",
    ),
    "agg_fares": (
        ["service_type", "file_month", "pickup_month", "payment_type_id", "has_miles", "fare_amount"],
        f"""select service_type, file_month, {MONTH}, coalesce(payment_type_id, 0) as payment_type_id,
        coalesce(trip_miles > 0, false) as has_miles, fare_amount, count(*) as trips
        from fct_trips where fare_amount is not null group by all""",
    ),
    "fare_percentiles": (
        ["service_type", "pickup_month"],
        f"""select * exclude (v) from (
        select service_type, {MONTH}, count(*) as trips, list_sort(list((fare_amount * 100)::bigint)) as v, true
            as has_own_file,
        {", ".join(f"ten_thousandths(percentile(v, {p})) as p{p}_fare_amount" for p in (50, 90, 95, 97))}
        from fct_trips
        where fare_amount > 0 and trip_miles > 0 and (payment_type_id in (1, 2) or service_type = 'fhvhv')
        group by service_type, month_of(pickup_at) having {OWN})""",
    ),
}
