"""The tables about rejected rows, findings, nulls and codes, and those of the high-volume companies and the bases."""

RAW_ROWS = "(select dataset, file_month, count(*) as raw_rows from raw group by all)"
ALL_ROWS = "(select * from checked)"
BEFORE = """(select *, lag(file_month) over (partition by dataset order by file_month) as previous_file_month
    from (select distinct dataset, file_month from raw))"""
ZONES_AND_TIMES = ["pickup_location_id", "dropoff_location_id", "pickup_at", "dropoff_at"]
TAXIS = [
    "vendor_id", "rate_code_id", "payment_type_id", "request_source", "passenger_count", "trip_miles", "fare_amount",
    "extra_amount", "mta_tax_amount", "improvement_surcharge_amount", "tip_amount", "tolls_amount",
    "congestion_surcharge_amount", "cbd_congestion_fee_amount", "total_amount", "is_store_and_forward",
]  # fmt: skip
REPORTED = {
    "yellow": [*ZONES_AND_TIMES, *TAXIS, "airport_fee_amount"],
    "green": [*ZONES_AND_TIMES, *TAXIS, "trip_type_id", "ehail_fee_amount"],
    "fhv": [*ZONES_AND_TIMES, "dispatching_base_number", "affiliated_base_number", "is_shared"],
    "fhvhv": [
        *ZONES_AND_TIMES, "hvfhs_license_number", "dispatching_base_number", "originating_base_number", "trip_seconds",
        "trip_miles", "fare_amount", "tolls_amount", "black_car_fund_amount", "sales_tax_amount",
        "congestion_surcharge_amount", "airport_fee_amount", "tip_amount", "cbd_congestion_fee_amount",
        "driver_pay_amount",
        "total_amount", "is_shared_requested", "is_shared", "is_access_a_ride", "is_wheelchair_requested",
        "is_wheelchair_matched", "requested_at", "on_scene_at",
    ],
}  # fmt: skip
CODES = ("vendor_id", "rate_code_id", "payment_type_id", "trip_type_id", "hvfhs_license_number", "request_source")
LISTED = """
    select 'vendor_id' as column_name, vendor_id::varchar as code, vendor_name as code_name, is_listed from vendors
    union all select 'rate_code_id', rate_code_id::varchar, rate_code_name, is_listed from rate_codes
    union all select 'payment_type_id', payment_type_id::varchar, payment_type_name, is_listed from payment_types
    union all select 'trip_type_id', trip_type_id::varchar, trip_type_name, is_listed from trip_types
    union all select 'hvfhs_license_number', hvfhs_license_number, company_name, true from companies
    where hvfhs_license_number is not null"""

HIGH_VOLUME_COUNTS = {
    "waits": "wait_seconds is not null", "waits_over_10_minutes": "wait_seconds > 600",
    "pickups_before_request": "requested_at > pickup_at", "on_scene_trips": "on_scene_at <= pickup_at",
    "shared_requests": "is_shared_requested", "shared_trips": "is_shared",
    "access_a_ride_known": "is_access_a_ride is not null", "access_a_ride_trips": "is_access_a_ride",
    "wheelchair_requests": "is_wheelchair_requested",
    "wheelchair_match_known": "is_wheelchair_requested and is_wheelchair_matched is not null",
    "wheelchair_matches": "is_wheelchair_requested and is_wheelchair_matched",
    "wheelchair_unasked": "is_wheelchair_matched and not coalesce(is_wheelchair_requested, false)",
    "wheelchair_waits": "is_wheelchair_requested and wait_seconds is not null",
}  # fmt: skip
SECONDS = {
    "wait_seconds": "sum(wait_seconds)",
    "on_scene_seconds": "sum(seconds(on_scene_at, pickup_at)) filter (on_scene_at <= pickup_at)",
    "wheelchair_wait_seconds": "sum(wait_seconds) filter (is_wheelchair_requested)",
}
MONEY = (
    "fare_amount", "tolls_amount", "black_car_fund_amount", "sales_tax_amount", "congestion_surcharge_amount",
    "cbd_congestion_fee_amount", "airport_fee_amount", "tip_amount", "total_amount", "driver_pay_amount",
)  # fmt: skip
COMPANY = """case when hvfhs_license_number in ('HV0002', 'HV0003', 'HV0004', 'HV0005') then hvfhs_license_number
    else dataset end"""
OWN = "('fhvhv', pickup_month) in (select distinct dataset, file_month from raw)"
COUNTS = ", ".join(
    f"sum({name})::bigint as {name}" for name in ("trips", *HIGH_VOLUME_COUNTS, *SECONDS, "trip_seconds")
)
SUMS = (
    ", ".join(f"sum({name})::decimal(18, 2) as {name}" for name in MONEY)
    + ", sum(trip_miles)::decimal(18, 3) as trip_miles"
)
WAITS = """average_wait_minutes, percent(waits_over_10_minutes, waits) as over_10_minutes_percent,
    ratio(on_scene_seconds, on_scene_trips * 60) as average_on_scene_minutes"""


def _by(*columns: str) -> str:
    placed = f"high_volume_by_file left join zones on id = pickup_location_id where {OWN}"
    return f"(select {', '.join(columns)}, {COUNTS}, {SUMS} from {placed} group by all)"


def _pay(part: str, whole: str) -> str:
    return f"ratio(({part} * 100)::bigint, {whole})"


HIGH_VOLUME = {
    "high_volume_by_file": (
        ["file_month", "pickup_month", "company_id", "pickup_location_id"],
        f"""select file_month, month_of(pickup_at) as pickup_month, {COMPANY} as company_id, dataset,
        coalesce(pickup_location_id, 264) as pickup_location_id, count(*) as trips,
        {", ".join(f"count_true({when})::bigint as {name}" for name, when in HIGH_VOLUME_COUNTS.items())},
        {", ".join(f"coalesce({value}, 0)::bigint as {name}" for name, value in SECONDS.items())},
        sum(trip_seconds)::bigint as trip_seconds, {SUMS} from fct_trips where dataset = 'fhvhv' group by all""",
    ),
    "waiting_times": (
        ["pickup_month", "company_id", "pickup_location_id"],
        f"""select pickup_month, company_id, pickup_location_id, company_name, borough, zone, trips, waits,
            waits_over_10_minutes,
        pickups_before_request, on_scene_trips, ratio(wait_seconds, waits * 60) as {WAITS}, true as has_own_file
        from {_by("pickup_month", "company_id", "pickup_location_id", "borough", "zone")} inner join companies
            using (company_id)""",
    ),
    "driver_pay": (
        ["pickup_month", "company_id"],
        f"""select pickup_month, company_id, company_name, trips, trip_seconds, trip_miles, driver_pay_amount,
            fare_amount,
        tip_amount, {_pay("driver_pay_amount", "trips * 100")} as pay_per_trip,
        {_pay("1000 * driver_pay_amount", "(trip_miles * 1000)::bigint * 100")} as pay_per_mile,
        {_pay("60 * driver_pay_amount", "trip_seconds * 100")} as pay_per_minute,
        {_pay("3600 * driver_pay_amount", "trip_seconds * 100")} as pay_per_hour,
        percent((driver_pay_amount * 100)::bigint, (fare_amount * 100)::bigint) as pay_percent_of_fare,
        percent((tip_amount * 100)::bigint, (fare_amount * 100)::bigint) as tip_percent_of_fare, true as has_own_file
        from {_by("pickup_month", "company_id")} inner join companies using (company_id)""",
    ),
    "wheelchair_service": (
        ["pickup_month", "company_id", "borough"],
        f"""select pickup_month, company_id, company_name, borough, trips, access_a_ride_known, access_a_ride_trips,
        wheelchair_requests, wheelchair_match_known, wheelchair_matches, wheelchair_unasked,
        percent(wheelchair_matches, wheelchair_match_known) as match_percent,
        ratio(wheelchair_wait_seconds, wheelchair_waits * 60) as average_wheelchair_wait_minutes,
        ratio(wait_seconds - wheelchair_wait_seconds, (waits - wheelchair_waits) * 60) as average_other_wait_minutes,
        true as has_own_file from {_by("pickup_month", "company_id", "borough")} inner join companies
            using (company_id)""",
    ),
    "base_trips_by_file": (
        ["dataset", "file_month", "base_number", "company_id"],
        f"""select dataset, file_month, coalesce(dispatching_base_number, 'not given') as base_number, {COMPANY}
            as company_id,
        count(*) as trips, min(pickup_at) as first_pickup_at, max(pickup_at) as last_pickup_at
        from fct_trips where dataset in ('fhv', 'fhvhv') group by all""",
    ),
    "dim_bases": (
        ["base_number"],
        """with companies_of as (
            select base_number, company_id, sum(trips) as n from base_trips_by_file where dataset = 'fhvhv'
                group by 1, 2
            qualify row_number() over (partition by base_number order by company_id = 'fhvhv', n desc, company_id) = 1
        )
        select base_number, coalesce(any_value(c.company_id), 'fhv') as company_id, sum(trips)::bigint as trips,
            coalesce(sum(trips) filter (dataset = 'fhv'), 0)::bigint as fhv_trips,
            coalesce(sum(trips) filter (dataset = 'fhvhv'), 0)::bigint as fhvhv_trips,
            min(file_month) as first_file_month, max(file_month) as last_file_month
        from base_trips_by_file left join companies_of as c using (base_number) group by base_number""",
    ),
}

FINDINGS = "concat_ws(',', nulled_fields, oddities)"
NULLS = " union all ".join(
    f"select dataset, file_month, '{name}' as column_name, count(*) as raw_rows,"
    f" count_true({name} is null)::bigint as null_rows"
    f" from checked where dataset = '{dataset}' group by all"
    for dataset, names in REPORTED.items()
    for name in names
)
CODE_COUNTS = " union all ".join(
    f"select dataset, file_month, '{name}' as column_name, coalesce({name}::varchar, 'not given') as code,"
    " count(*) as raw_rows"
    f" from checked where dataset in {tuple(d for d, names in REPORTED.items() if name in names)} group by all"
    for name in CODES
)
QUALITY = {
    "rejections_by_file": (
        ["dataset", "file_month", "reject_reasons"],
        """select dataset, file_month, reject_reasons, count(*) as rejected_rows, sum(total_amount)::decimal(18, 2)
            as total_amount
        from rejected_trips group by all""",
    ),
    "rejections_by_reason": (
        ["dataset", "file_month", "reject_reason"],
        f"""select r.*, reject_reason_name, raw_rows, percent3(rejected_rows, raw_rows) as rejected_percent from (
            select dataset, file_month, reject_reason, sum(rejected_rows)::bigint as rejected_rows,
                coalesce(sum(rejected_rows) filter (not contains(reject_reasons, ',')), 0)::bigint
                    as rows_of_this_reason_alone,
                sum(total_amount)::decimal(18, 2) as total_amount
            from (select *, unnest(string_split(reject_reasons, ',')) as reject_reason from rejections_by_file)
                group by all
        ) as r inner join {RAW_ROWS} using (dataset, file_month) left join reject_reasons using (reject_reason)""",
    ),
    "findings_by_file": (
        ["dataset", "file_month", "findings"],
        f"""select dataset, file_month, {FINDINGS} as findings, count(*) as trips, sum(total_amount)::decimal(18, 2)
            as total_amount
        from fct_trips where nulled_fields is not null or oddities is not null group by all""",
    ),
    "findings_by_code": (
        ["dataset", "file_month", "finding"],
        f"""select f.*, kind, column_name, finding_name, raw_rows, percent3(trips, raw_rows) as trips_percent from (
            select dataset, file_month, finding, sum(trips)::bigint as trips, sum(total_amount)::decimal(18, 2)
                as total_amount
            from (select * exclude (findings), unnest(string_split(findings, ',')) as finding from findings_by_file)
                group by all
        ) as f inner join {RAW_ROWS} using (dataset, file_month) left join findings using (finding)""",
    ),
    "column_nulls_by_file": (["dataset", "file_month", "column_name"], NULLS),
    "null_rates": (
        ["dataset", "file_month", "column_name"],
        f"""with rates as (
            select *, percent3(null_rows, raw_rows) as null_percent
            from column_nulls_by_file inner join {BEFORE} using (dataset, file_month)
        )
        select a.*, b.null_percent as previous_null_percent, (a.null_percent - b.null_percent)::decimal(18, 3)
            as change_in_points
        from rates as a left join rates as b on a.dataset = b.dataset and a.column_name = b.column_name
            and a.previous_file_month = b.file_month""",
    ),
    "code_counts_by_file": (["dataset", "file_month", "column_name", "code"], CODE_COUNTS),
    "code_drift": (
        ["dataset", "file_month", "column_name", "code"],
        f"""with months as (select * from {RAW_ROWS} as r inner join {BEFORE} using (dataset, file_month)), cells as (
            select dataset, file_month, previous_file_month, column_name, code, m.raw_rows as all_rows
            from months as m inner join (select distinct dataset, column_name, code from code_counts_by_file)
                using (dataset)
        ), shares as (
            select s.*, coalesce(c.raw_rows, 0) as n, percent3(n, all_rows) as share_percent,
                min(case when n > 0 then file_month end) over (partition by dataset, column_name, code) as first_month
            from cells as s left join code_counts_by_file as c using (dataset, file_month, column_name, code)
        )
        select a.dataset, a.file_month, a.column_name, a.code, l.code_name, a.n as raw_rows, a.share_percent,
            b.share_percent as previous_share_percent, a.file_month = a.first_month
                and a.previous_file_month is not null as is_new,
            a.n = 0 as is_gone, case when a.code <> 'not given' and a.column_name <> 'request_source'
                then coalesce(l.is_listed, false) end as is_listed,
            a.previous_file_month
        from shares as a left join shares as b on a.dataset = b.dataset and a.column_name = b.column_name
            and a.code = b.code
            and a.previous_file_month = b.file_month
        left join ({LISTED}) as l on a.column_name = l.column_name and a.code = l.code
        where a.n > 0 or b.n > 0""",
    ),
}
