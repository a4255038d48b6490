"""A typical question to each mart: the dbt project's own analyses, and for marts without one a query written here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """What is asked of a mart. `analysis` names one of dbt_taxi/analyses; without, `query` is in BigQuery's SQL."""

    mart: str
    asks: str
    analysis: str = ""
    query: str = ""


# fct_trips and fct_rejected_trips refuse a query that names no file months.
MONTH = "file_month = date '2025-02-01'"

QUESTIONS = (
    Question(
        "fct_trips",
        "fares and tips by hour of day, yellow, from JFK",
        query=f"""
            select extract(hour from pickup_at), count(*), avg(total_amount), avg(tip_amount) from taxi_marts.fct_trips
            where {MONTH} and service_type = 'yellow' and pickup_location_id = 132 group by 1
        """,
    ),
    Question(
        "fct_trips",
        "waits, pay and miles of high-volume trips by day",
        query=f"""
            select cast(pickup_at as date), avg(wait_seconds), sum(driver_pay_amount), sum(trip_miles)
            from taxi_marts.fct_trips where {MONTH} and service_type = 'fhvhv' group by 1
        """,
    ),
    Question("fct_trips", "every column (select *)", query=f"select * from taxi_marts.fct_trips where {MONTH}"),
    Question(
        "fct_rejected_trips",
        "the rows rejected for two reasons or more",
        query=f"""
            select service_type, row_number, reject_reasons, pickup_at, dropoff_at, total_amount
            from taxi_marts.fct_rejected_trips where {MONTH} and reject_reasons like '%,%'
        """,
    ),
    Question("monthly_zone_revenue", "zones with most revenue", "zones_with_most_revenue"),
    Question("quarterly_revenue", "growth by quarter", "quarterly_revenue_growth"),
    Question("market_share", "shares of Uber and Lyft", "shares_of_uber_and_lyft"),
    Question("monthly_tips", "tips by payment type", "tips_by_payment_type"),
    Question("fare_percentiles", "fare percentiles of a month", "fare_percentiles_of_a_month"),
    Question("origin_destination", "FHV trips between known zones", "fhv_trips_between_known_zones"),
    Question("airport_trips", "trips to the airports", "trips_to_the_airports"),
    Question("congestion_pricing", "effect of congestion pricing", "effect_of_congestion_pricing"),
    Question("hourly_zone_demand", "busiest hours", "busiest_hours"),
    Question("travel_time_percentiles", "second longest travel times", "second_longest_travel_times"),
    Question("driver_pay", "what drivers get", "what_drivers_get"),
    Question(
        "waiting_times",
        "zones with the longest waits",
        query="select zone, company_name, average_wait_minutes, waits from taxi_marts.waiting_times"
        " where pickup_month = date '2025-02-01' order by 3 desc",
    ),
    Question(
        "wheelchair_service",
        "wheelchair requests and matches by borough",
        query="select pickup_month, borough, company_name, wheelchair_requests, match_percent"
        " from taxi_marts.wheelchair_service",
    ),
    Question(
        "tlc_report_difference",
        "trips per day, from our trips and from TLC's report",
        query="select * from taxi_marts.tlc_report_difference where indicator = 'trips_per_day' order by pickup_month",
    ),
    Question("tlc_monthly_indicators", "every month", query="select * from taxi_marts.tlc_monthly_indicators"),
    Question("daily_trips", "every day", query="select * from taxi_marts.daily_trips order by pickup_date"),
    Question("shared_rides", "every month", query="select * from taxi_marts.shared_rides"),
    Question(
        "monthly_base_trips",
        "the largest bases of a month",
        query="select * from taxi_marts.monthly_base_trips where pickup_month = date '2025-02-01' order by trips desc",
    ),
    Question(
        "hourly_zone_dropoffs",
        "drop-offs at an airport by hour",
        query="select dropoff_hour, sum(trips) from taxi_marts.hourly_zone_dropoffs"
        " where dropoff_location_id = 132 group by 1",
    ),
    Question(
        "hourly_speeds",
        "speed by hour of the day",
        query="select hour_of_day, average_mph from taxi_marts.hourly_speeds where service_type = 'yellow'",
    ),
    Question("agg_base_trips", "FHV trips with a base", "fhv_trips_with_a_base"),
    Question("dim_bases", "the largest bases", query="select * from taxi_marts.dim_bases order by trips desc"),
    Question("rejections_by_reason", "reasons to reject", "reasons_to_reject"),
    Question(
        "findings_by_code",
        "what was found about the trips of a month",
        query="select * from taxi_marts.findings_by_code where file_month = date '2025-02-01'",
    ),
    Question(
        "code_drift",
        "codes that nobody listed",
        query="select * from taxi_marts.code_drift where is_new and not is_listed",
    ),
    Question(
        "null_rates",
        "columns that lost values",
        query="select * from taxi_marts.null_rates where change_in_points > 1",
    ),
    Question("month_ledger", "is a month complete", "is_a_month_complete"),
    Question("run_ledger", "the runs that failed", query="select * from taxi_marts.run_ledger where failed_steps > 0"),
    *(
        Question(name, "every row", query=f"select * from taxi_marts.{name}")
        for name in (
            *("dim_companies", "dim_dates", "dim_payment_types", "dim_rate_codes"),
            *("dim_trip_types", "dim_vendors", "dim_zones"),
        )
    ),
)
