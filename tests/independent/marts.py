"""The tables by file month and the reports, from DuckDB's own fct_trips and rejected_trips, by their descriptions."""

from tests.independent.quality import HIGH_VOLUME, QUALITY
from tests.independent.trips import AIRPORTS, CONGESTION_ZONES, TRIPS

COMPANY = (
    "case when dataset = 'fhvhv' and hvfhs_license_number in ('HV0002', 'HV0003', 'HV0004', 'HV0005')"
    " then hvfhs_license_number else dataset end"
)
FROM = "coalesce(pickup_location_id, 264) as pickup_location_id"
TO = "coalesce(dropoff_location_id, 264) as dropoff_location_id"
MONTH = "month_of(pickup_at) as pickup_month"
TIMED = "has_credible_duration and not is_refund"
PAID = "total_amount is not null and not is_refund and not is_refunded"
PRICED = "pickup_at >= timestamp '2025-01-05' as is_under_congestion_pricing"
OWN = "(dataset, pickup_month) in (select distinct dataset, file_month from raw)"


def _sums(*names: str) -> str:
    return ", ".join(f"sum({name})::decimal(18, 2) as {name}" for name in names)


def _totals(*names: str) -> str:
    return ", ".join(f"sum({name})::bigint as {name}" for name in names)


def _zones(relation: str, *ends: str) -> str:
    """The relation with the names of its zones: borough and zone, or pickup_borough and so on."""
    names = ", ".join(
        f"{end}.borough as {p}borough, {end}.zone as {p}zone" for end, p in zip(ends, _prefixes(ends), strict=True)
    )
    joins = " ".join(f"left join zones as {end} on {end}.id = r.{end}_location_id" for end in ends)
    return f"select r.*, {names} from ({relation}) as r {joins}"


def _prefixes(ends: tuple[str, ...]) -> list[str]:
    return [f"{end}_" if len(ends) > 1 else "" for end in ends]


REVENUE = {
    "zone_revenue_by_file": (
        ["dataset", "company_id", "payment_type_id", "file_month", "pickup_month", "pickup_location_id"],
        f"""select dataset, {COMPANY} as company_id, coalesce(payment_type_id, 0) as payment_type_id, file_month,
            {MONTH}, {FROM},
        count(*) as trips, count_true(is_refund)::bigint as refunds, count_true(tip_amount > 0)::bigint as tipped_trips,
        {_sums("fare_amount", "tip_amount", "tolls_amount", "total_amount")} from fct_trips group by all""",
    ),
    "monthly_zone_revenue": (
        ["dataset", "pickup_month", "pickup_location_id"],
        _zones(
            f"""select dataset, pickup_month, pickup_location_id, {_totals("trips", "refunds")},
            coalesce(sum(trips) filter (file_month = pickup_month), 0)::bigint as own_file_trips, true as has_own_file,
            {_sums("fare_amount", "tip_amount", "tolls_amount", "total_amount")}
            from zone_revenue_by_file where {OWN} group by all""",
            "pickup",
        ),
    ),
    "quarterly_revenue": (
        ["dataset", "pickup_quarter"],
        f"""with months as (
            select dataset, date_trunc('quarter', pickup_month)::date as pickup_quarter,
                list_sort(list(distinct month(pickup_month))) as months, {_totals("trips")}, {_sums("total_amount")}
            from monthly_zone_revenue group by all
        )
        select a.dataset, a.pickup_quarter, len(a.months)::bigint as months_with_data, a.trips, a.total_amount,
            b.trips as trips_year_before, percent(a.trips - b.trips, b.trips) as trips_growth_percent,
            b.total_amount as total_amount_year_before,
            percent(((a.total_amount - b.total_amount) * 100)::bigint, (b.total_amount * 100)::bigint)
                as total_amount_growth_percent
        from months as a left join months as b
            on a.dataset = b.dataset and a.pickup_quarter = b.pickup_quarter + interval 1 year
                and a.months = b.months""",
    ),
    "monthly_tips": (
        ["dataset", "pickup_month", "payment_type_id"],
        f"""with sums as (
            select dataset, pickup_month, payment_type_id, {_totals("trips", "tipped_trips")},
                {_sums("fare_amount", "tip_amount")}
            from zone_revenue_by_file where dataset <> 'fhv' and {OWN} group by all
        )
        select s.*, case when dataset = 'fhvhv' then 'Paid in the app' else payment_type_name end as payment_type_name,
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
            select pickup_month, company_id, {_totals("trips")}, {_sums("total_amount")}
            from zone_revenue_by_file where {OWN} group by all
        ), missing as (
            select pickup_month, string_agg(company_id, ', ' order by company_id) as missing_data_sets
            from (select distinct pickup_month from sums) cross join companies
            where company_id = dataset and first_date <= pickup_month
                and (dataset, pickup_month) not in (select distinct dataset, file_month from raw) group by all
        )
        select s.*, dataset, company_name, missing_data_sets, true as has_own_file,
            percent(trips, sum(trips) over (partition by pickup_month)) as trips_percent
        from sums as s inner join companies using (company_id) left join missing using (pickup_month)""",
    ),
    "fare_counts_by_file": (
        ["dataset", "file_month", "pickup_month", "payment_type_id", "has_miles", "fare_amount"],
        f"""select dataset, file_month, {MONTH}, coalesce(payment_type_id, 0) as payment_type_id,
        coalesce(trip_miles > 0, false) as has_miles, fare_amount, count(*) as trips
        from fct_trips where fare_amount is not null group by all""",
    ),
    "fare_percentiles": (
        ["dataset", "pickup_month"],
        f"""select * exclude (v) from (
        select dataset, {MONTH}, count(*) as trips, list_sort(list((fare_amount * 100)::bigint)) as v, true
            as has_own_file,
        {", ".join(f"ten_thousandths(percentile(v, {p})) as p{p}_fare_amount" for p in (50, 90, 95, 97))}
        from fct_trips where fare_amount > 0 and trip_miles > 0 and (payment_type_id in (1, 2) or dataset = 'fhvhv')
        group by dataset, month_of(pickup_at) having {OWN})""",
    ),
}

TIMES = """timed_trips, trips - refunds - timed_trips as untimed_trips,
    ratio(duration_seconds, timed_trips * 60) as average_minutes"""
MPH = "ratio((driven_miles * 1000)::bigint * 3600, driven_seconds * 1000) as average_mph"
PAIR_COUNTS = ("trips", "refunds", "paid_trips", "timed_trips", "duration_seconds", "driven_seconds")
PAIR_SUMS = (
    "fare_amount", "congestion_surcharge_amount", "cbd_congestion_fee_amount", "airport_fee_amount", "total_amount",
    "paid_fare_amount", "paid_total_amount",
)  # fmt: skip
PAIR_MILES = ", ".join(f"sum({name})::decimal(18, 3) as {name}" for name in ("driven_miles", "trip_miles"))
RELATION = f"""case when pickup_location_id in (264, 265) or dropoff_location_id in (264, 265) then 'unknown'
    when pickup_location_id in {CONGESTION_ZONES} and dropoff_location_id in {CONGESTION_ZONES} then 'within'
    when dropoff_location_id in {CONGESTION_ZONES} then 'into' when pickup_location_id in {CONGESTION_ZONES}
        then 'out of'
    else 'outside' end"""
AT_AIRPORT = " union all ".join(
    f"select *, {end}_location_id as airport_location_id, '{way}' as direction from {{0}}"
    f" where {end}_location_id in {AIRPORTS}"
    for end, way in (("pickup", "from"), ("dropoff", "to"))
)


def _medians(relation: str, by: str) -> str:
    median = "dollars(percentile(list_sort(list(minutes)), 50)) as median_minutes"
    return f"select {by}, {median} from ({relation}) group by all"


PAIR = "dataset, pickup_month, pickup_location_id, dropoff_location_id"
AIRPORT = "dataset, pickup_month, airport_location_id, direction"
EACH_TIME = "(select c.* from travel_time_counts_by_file as c, range(trips))"
MOBILITY = {
    "zone_pairs_by_file": (
        [
            "dataset",
            "file_month",
            "pickup_month",
            "pickup_location_id",
            "dropoff_location_id",
            "is_under_congestion_pricing",
        ],
        f"""select dataset, file_month, {MONTH}, {FROM}, {TO}, {PRICED}, count(*) as trips,
            count_true(is_refund)::bigint as refunds,
        count_true({PAID})::bigint as paid_trips, count_true({TIMED})::bigint as timed_trips,
        coalesce(sum(duration_seconds) filter ({TIMED}), 0)::bigint as duration_seconds,
        coalesce(sum(duration_seconds) filter ({TIMED} and has_credible_speed), 0)::bigint as driven_seconds,
        sum(trip_miles) filter ({TIMED} and has_credible_speed)::decimal(18, 3) as driven_miles,
        sum(trip_miles)::decimal(18, 3) as trip_miles, {_sums(*PAIR_SUMS[:5])},
        sum(fare_amount) filter ({PAID})::decimal(18, 2) as paid_fare_amount,
        sum(total_amount) filter ({PAID})::decimal(18, 2) as paid_total_amount from fct_trips group by all""",
    ),
    "travel_time_counts_by_file": (
        ["dataset", "file_month", "pickup_month", "pickup_location_id", "dropoff_location_id", "minutes"],
        f"""select dataset, file_month, {MONTH}, {FROM}, {TO}, (duration_seconds + 30) // 60 as minutes, count(*)
            as trips
        from fct_trips where {TIMED} group by all""",
    ),
    "origin_destination": (
        ["dataset", "pickup_month", "pickup_location_id", "dropoff_location_id"],
        _zones(
            f"""with sums as (
                select dataset, pickup_month, pickup_location_id, dropoff_location_id, {_totals(*PAIR_COUNTS)},
                    {_sums(*PAIR_SUMS)}, {PAIR_MILES} from zone_pairs_by_file where {OWN} group by all
            )
            select dataset, pickup_month, pickup_location_id, dropoff_location_id, trips, refunds, trip_miles,
                {TIMES}, {MPH},
                median_minutes, ratio((paid_fare_amount * 100)::bigint, paid_trips * 100) as average_fare_amount,
                    fare_amount,
                total_amount, true as has_own_file
            from sums left join ({_medians(EACH_TIME, PAIR)})
                using (dataset, pickup_month, pickup_location_id, dropoff_location_id)""",
            "pickup",
            "dropoff",
        ),
    ),
    "travel_time_percentiles": (
        ["dataset", "pickup_month", "pickup_location_id", "dropoff_location_id"],
        _zones(
            f"""select * exclude (v) from (select dataset, pickup_month, pickup_location_id, dropoff_location_id,
            count(*) as timed_trips, list_sort(list(minutes)) as v, true as has_own_file,
            {", ".join(f"dollars(percentile(v, {p})) as p{p}_minutes" for p in (50, 90, 95))}
            from {EACH_TIME} where {OWN} group by 1, 2, 3, 4)""",
            "pickup",
            "dropoff",
        ),
    ),
    "airport_trips": (
        ["dataset", "pickup_month", "airport_location_id", "direction"],
        f"""with sums as (
            select dataset, pickup_month, airport_location_id, direction, {_totals(*PAIR_COUNTS)}, {_sums(*PAIR_SUMS)}
            from ({AT_AIRPORT.format("zone_pairs_by_file")}) where {OWN} group by all
        )
        select dataset, pickup_month, airport_location_id, zones.zone as airport, direction, trips, refunds, {TIMES},
            median_minutes, airport_fee_amount, total_amount, true as has_own_file
        from sums left join ({_medians(AT_AIRPORT.format(EACH_TIME), AIRPORT)})
            using (dataset, pickup_month, airport_location_id, direction) left join zones
                on id = airport_location_id""",
    ),
    "congestion_pricing": (
        ["dataset", "pickup_month", "is_under_congestion_pricing", "zone_relation"],
        f"""with ends as (select *, {RELATION} as zone_relation from zone_pairs_by_file where {OWN}), months as (
            select dataset, pickup_month, zone_relation, null::boolean as priced, {_totals(*PAIR_COUNTS)},
                {_sums(*PAIR_SUMS)},
                {PAIR_MILES} from ends group by all
        ), parts as (
            select dataset, pickup_month, zone_relation, is_under_congestion_pricing as priced, {_totals(*PAIR_COUNTS)},
                {_sums(*PAIR_SUMS)}, {PAIR_MILES} from ends group by all
        ), rows as (
            select *, case when pickup_month <> date '2025-01-01' or priced is null then day(last_day(pickup_month))
                when priced then 27 else 4 end::bigint as days_in_period, {TIMES.partition(",")[2]}, {MPH},
                ratio(trips, days_in_period) as trips_per_day
            from (from months union all from parts)
        )
        select a.dataset, a.pickup_month, a.zone_relation, a.priced as is_under_congestion_pricing, a.days_in_period,
            a.trips,
            a.trips_per_day, a.timed_trips, a.untimed_trips, a.average_minutes, a.average_mph,
            ratio((a.paid_total_amount * 100)::bigint, a.paid_trips * 100) as average_total_amount,
                a.cbd_congestion_fee_amount,
            b.trips_per_day as trips_per_day_year_before, b.average_minutes as average_minutes_year_before,
            b.average_mph as average_mph_year_before, true as has_own_file
        from rows as a left join rows as b on b.priced is null and a.dataset = b.dataset
            and a.zone_relation = b.zone_relation
            and b.pickup_month = a.pickup_month - interval 1 year where a.priced is not null""",
    ),
    "hourly_demand_by_file": (
        ["dataset", "file_month", "pickup_location_id", "pickup_hour"],
        f"""select dataset, file_month, {FROM}, date_trunc('hour', pickup_at) as pickup_hour, count(*) as trips,
        {_sums("total_amount")} from fct_trips group by all""",
    ),
    "hourly_zone_demand": (
        ["dataset", "pickup_location_id", "pickup_hour"],
        _zones(
            f"""select dataset, pickup_location_id, pickup_hour, {_totals("trips")}, {_sums("total_amount")}, true
                as has_own_file,
            lived_twice(pickup_hour) as is_doubled_hour from hourly_demand_by_file
            where {OWN.replace("pickup_month", "month_of(pickup_hour)")} group by all""",
            "pickup",
        ),
    ),
}

# In this order: later ones read earlier ones. To each its primary key and its query.
MARTS = {**TRIPS, **REVENUE, **MOBILITY, **HIGH_VOLUME, **QUALITY}
