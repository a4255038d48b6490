"""The reports on where and when people travel and how fast, and the tables by file month that they sum."""

from tests.independent.pieces import FROM, MONTH, OWN, TO, sums, totals, with_zones
from tests.independent.trips import AIRPORTS, CONGESTION_ZONES

TIMES = """timed_trips, trips - refunds - timed_trips as untimed_trips,
    ratio(duration_seconds, timed_trips * 60) as average_minutes"""
MPH = "ratio((driven_miles * 1000)::bigint * 3600, driven_seconds * 1000) as average_mph"
TIMED = "has_credible_duration and not is_refund"
PAID = "total_amount is not null and not is_refund and not is_refunded"
PRICED = "pickup_at >= timestamp '2025-01-05' as is_under_congestion_pricing"
PAIR_COUNTS = (
    "trips", "refunds", "paid_trips", "timed_trips", "duration_seconds", "driven_trips", "driven_seconds",
)  # fmt: skip
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


PAIR = "service_type, pickup_month, pickup_location_id, dropoff_location_id"
AIRPORT = "service_type, pickup_month, airport_location_id, direction"
EACH_TIME = "(select c.* from agg_travel_times as c, range(trips))"
AIRPORT_OR_0 = ", ".join(
    f"case when {end}_location_id in {AIRPORTS} then {end}_location_id else 0 end::bigint as {end}_airport_id"
    for end in ("pickup", "dropoff")
)
MOBILITY = {
    "agg_zone_pairs": (
        [
            "service_type",
            "file_month",
            "pickup_month",
            "pickup_location_id",
            "dropoff_location_id",
            "is_under_congestion_pricing",
        ],
        f"""select service_type, file_month, {MONTH}, {FROM}, {TO}, {PRICED}, count(*) as trips,
            count_true(is_refund)::bigint as refunds,
        count_true({PAID})::bigint as paid_trips, count_true({TIMED})::bigint as timed_trips,
        coalesce(sum(duration_seconds) filter ({TIMED}), 0)::bigint as duration_seconds,
        coalesce(sum(duration_seconds) filter ({TIMED} and has_credible_speed), 0)::bigint as driven_seconds,
        count_true({TIMED} and has_credible_speed)::bigint as driven_trips,
        sum(trip_miles) filter ({TIMED} and has_credible_speed)::decimal(18, 3) as driven_miles,
        sum(trip_miles)::decimal(18, 3) as trip_miles, {sums(*PAIR_SUMS[:5])},
        sum(fare_amount) filter ({PAID})::decimal(18, 2) as paid_fare_amount,
        sum(total_amount) filter ({PAID})::decimal(18, 2) as paid_total_amount from fct_trips group by all""",
    ),
    "agg_travel_times": (
        [
            "service_type",
            "file_month",
            "pickup_month",
            "pickup_location_id",
            "dropoff_location_id",
            "is_under_congestion_pricing",
            "minutes",
        ],
        f"""select service_type, file_month, {MONTH}, {FROM}, {TO}, {PRICED}, (duration_seconds + 30) // 60 as minutes,
            count(*) as trips
        from fct_trips where {TIMED} group by all""",
    ),
    "agg_area_travel_times": (
        [
            "service_type",
            "file_month",
            "pickup_month",
            "zone_relation",
            "pickup_airport_id",
            "dropoff_airport_id",
            "is_under_congestion_pricing",
            "minutes",
        ],
        f"""select service_type, file_month, pickup_month, {RELATION} as zone_relation, {AIRPORT_OR_0},
            is_under_congestion_pricing, minutes, count(*) as trips from {EACH_TIME} group by all""",
    ),
    "origin_destination": (
        ["service_type", "pickup_month", "pickup_location_id", "dropoff_location_id"],
        with_zones(
            f"""with sums as (
                select service_type, pickup_month, pickup_location_id, dropoff_location_id, {totals(*PAIR_COUNTS)},
                    {sums(*PAIR_SUMS)}, {PAIR_MILES} from agg_zone_pairs where {OWN} group by all
            )
            select service_type, pickup_month, pickup_location_id, dropoff_location_id, trips, refunds, trip_miles,
                {TIMES}, {MPH}, driven_trips,
                median_minutes, ratio((paid_fare_amount * 100)::bigint, paid_trips * 100) as average_fare_amount,
                    fare_amount,
                total_amount, true as has_own_file
            from sums left join ({_medians(EACH_TIME, PAIR)})
                using (service_type, pickup_month, pickup_location_id, dropoff_location_id)""",
            "pickup",
            "dropoff",
        ),
    ),
    "travel_time_percentiles": (
        ["service_type", "pickup_month", "pickup_location_id", "dropoff_location_id"],
        with_zones(
            f"""select * exclude (v) from (select service_type, pickup_month, pickup_location_id, dropoff_location_id,
            count(*) as timed_trips, list_sort(list(minutes)) as v, true as has_own_file,
            {", ".join(f"dollars(percentile(v, {p})) as p{p}_minutes" for p in (50, 90, 95))}
            from {EACH_TIME} where {OWN} group by 1, 2, 3, 4)""",
            "pickup",
            "dropoff",
        ),
    ),
    "airport_trips": (
        ["service_type", "pickup_month", "airport_location_id", "direction"],
        f"""with sums as (
            select service_type, pickup_month, airport_location_id, direction, {totals(*PAIR_COUNTS)},
                {sums(*PAIR_SUMS)}
            from ({AT_AIRPORT.format("agg_zone_pairs")}) where {OWN} group by all
        )
        select service_type, pickup_month, airport_location_id, zones.zone as airport, direction, trips, refunds,
            {TIMES}, median_minutes, airport_fee_amount, total_amount, true as has_own_file
        from sums left join ({_medians(AT_AIRPORT.format(EACH_TIME), AIRPORT)})
            using (service_type, pickup_month, airport_location_id, direction) left join zones
                on id = airport_location_id""",
    ),
    "congestion_pricing": (
        ["service_type", "pickup_month", "is_under_congestion_pricing", "zone_relation"],
        f"""with ends as (select *, {RELATION} as zone_relation from agg_zone_pairs where {OWN}), months as (
            select service_type, pickup_month, zone_relation, null::boolean as priced, {totals(*PAIR_COUNTS)},
                {sums(*PAIR_SUMS)},
                {PAIR_MILES} from ends group by all
        ), parts as (
            select service_type, pickup_month, zone_relation, is_under_congestion_pricing as priced,
                {totals(*PAIR_COUNTS)}, {sums(*PAIR_SUMS)}, {PAIR_MILES} from ends group by all
        ), times as (
            select service_type, pickup_month, {RELATION} as zone_relation, unnest([null, is_under_congestion_pricing])
                as priced, minutes from {EACH_TIME}
        ), medians as ({_medians("from times", "service_type, pickup_month, zone_relation, priced")}), rows as (
            select p.*, case when p.pickup_month <> date '2025-01-01' or p.priced is null
                then day(last_day(p.pickup_month)) when p.priced then 27 else 4 end::bigint as days_in_period,
                {TIMES.partition(",")[2]}, {MPH},
                ratio(trips, days_in_period) as trips_per_day, median_minutes
            from (from months union all from parts) as p left join medians as m on p.service_type = m.service_type
                and p.pickup_month = m.pickup_month and p.zone_relation = m.zone_relation
                and p.priced is not distinct from m.priced
        )
        select a.service_type, a.pickup_month, a.zone_relation, a.priced as is_under_congestion_pricing,
            a.days_in_period, a.trips, a.trips_per_day, a.timed_trips, a.untimed_trips,
            a.average_minutes, a.median_minutes, a.driven_trips, a.average_mph,
            ratio((a.paid_total_amount * 100)::bigint, a.paid_trips * 100) as average_total_amount,
                a.cbd_congestion_fee_amount,
            b.trips_per_day as trips_per_day_year_before, b.average_minutes as average_minutes_year_before,
            b.median_minutes as median_minutes_year_before, b.average_mph as average_mph_year_before,
            true as has_own_file
        from rows as a left join rows as b on b.priced is null and a.service_type = b.service_type
            and a.zone_relation = b.zone_relation
            and b.pickup_month = a.pickup_month - interval 1 year where a.priced is not null""",
    ),
    "agg_hourly_demand": (
        ["service_type", "file_month", "pickup_location_id", "pickup_hour"],
        f"""select service_type, file_month, {FROM}, date_trunc('hour', pickup_at) as pickup_hour, count(*) as trips,
        count_true({TIMED} and has_credible_speed)::bigint as driven_trips,
        coalesce(sum(duration_seconds) filter ({TIMED} and has_credible_speed), 0)::bigint as driven_seconds,
        sum(trip_miles) filter ({TIMED} and has_credible_speed)::decimal(18, 3) as driven_miles,
        {sums("total_amount")} from fct_trips group by all""",
    ),
    "agg_hourly_dropoffs": (
        ["service_type", "file_month", "dropoff_location_id", "dropoff_hour"],
        f"""select service_type, file_month, {TO}, date_trunc('hour', dropoff_at) as dropoff_hour, count(*) as trips
        from fct_trips where dropoff_at is not null group by all""",
    ),
    "hourly_zone_dropoffs": (
        ["service_type", "dropoff_location_id", "dropoff_hour"],
        with_zones(
            f"""select service_type, dropoff_location_id, dropoff_hour, {totals("trips")}, true as has_own_file,
            lived_twice(dropoff_hour) as is_doubled_hour from agg_hourly_dropoffs
            where {OWN.replace("pickup_month", "month_of(dropoff_hour)")} group by all""",
            "dropoff",
        ),
    ),
    # From the trips themselves.
    "hourly_speeds": (
        ["service_type", "pickup_month", "iso_weekday", "hour_of_day"],
        f"""with driven as (
            select service_type, {MONTH}, isodow(pickup_at) as iso_weekday, hour(pickup_at) as hour_of_day,
                count(*) as driven_trips, sum(duration_seconds)::bigint as driven_seconds,
                sum(trip_miles)::decimal(18, 3) as driven_miles
            from fct_trips where {TIMED} and has_credible_speed group by all
        )
        select *, {MPH}, true as has_own_file from driven where {OWN}""",
    ),
    "hourly_zone_demand": (
        ["service_type", "pickup_location_id", "pickup_hour"],
        with_zones(
            f"""select service_type, pickup_location_id, pickup_hour, {totals("trips")}, {sums("total_amount")}, true
                as has_own_file,
            lived_twice(pickup_hour) as is_doubled_hour from agg_hourly_demand
            where {OWN.replace("pickup_month", "month_of(pickup_hour)")} group by all""",
            "pickup",
        ),
    ),
}
