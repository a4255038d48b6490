"""The reports on rejected rows, findings, nulls and codes, and the tables by file month that they sum."""

RAW_ROWS = "(select service_type, file_month, count(*) as raw_rows from raw group by all)"
BEFORE = """(select *, lag(file_month) over (partition by service_type order by file_month) as previous_file_month
    from (select distinct service_type, file_month from raw))"""
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

FINDINGS = "concat_ws(',', nulled_fields, oddities)"
NULLS = " union all ".join(
    f"select service_type, file_month, '{name}' as column_name, count(*) as raw_rows,"
    f" count_true({name} is null)::bigint as null_rows"
    f" from checked where service_type = '{service_type}' group by all"
    for service_type, names in REPORTED.items()
    for name in names
)
CODE_COUNTS = " union all ".join(
    f"select service_type, file_month, '{name}' as column_name, coalesce({name}::varchar, 'not given') as code,"
    " count(*) as raw_rows"
    f" from checked where service_type in {tuple(d for d, names in REPORTED.items() if name in names)} group by all"
    for name in CODES
)
QUALITY = {
    "agg_rejections": (
        ["service_type", "file_month", "reject_reasons"],
        """select service_type, file_month, reject_reasons, count(*) as rejected_rows, sum(total_amount)::decimal(18, 2)
            as total_amount
        from fct_rejected_trips group by all""",
    ),
    "rejections_by_reason": (
        ["service_type", "file_month", "reject_reason"],
        f"""select r.*, reject_reason_name, raw_rows, percent3(rejected_rows, raw_rows) as rejected_percent from (
            select service_type, file_month, reject_reason, sum(rejected_rows)::bigint as rejected_rows,
                coalesce(sum(rejected_rows) filter (not contains(reject_reasons, ',')), 0)::bigint
                    as rows_of_this_reason_alone,
                sum(total_amount)::decimal(18, 2) as total_amount
            from (select *, unnest(string_split(reject_reasons, ',')) as reject_reason from agg_rejections)
                group by all
        ) as r inner join {RAW_ROWS} using (service_type, file_month) left join reject_reasons using (reject_reason)""",
    ),
    "agg_findings": (
        ["service_type", "file_month", "findings"],
        f"""select service_type, file_month, {FINDINGS} as findings, count(*) as trips,
            sum(total_amount)::decimal(18, 2) as total_amount
        from fct_trips where nulled_fields is not null or oddities is not null group by all""",
    ),
    "findings_by_code": (
        ["service_type", "file_month", "finding"],
        f"""select f.*, kind, column_name, finding_name, raw_rows, percent3(trips, raw_rows) as trips_percent from (
            select service_type, file_month, finding, sum(trips)::bigint as trips, sum(total_amount)::decimal(18, 2)
                as total_amount
            from (select * exclude (findings), unnest(string_split(findings, ',')) as finding from agg_findings)
                group by all
        ) as f inner join {RAW_ROWS} using (service_type, file_month) left join findings using (finding)""",
    ),
    "agg_column_nulls": (["service_type", "file_month", "column_name"], NULLS),
    "null_rates": (
        ["service_type", "file_month", "column_name"],
        f"""with rates as (
            select *, percent3(null_rows, raw_rows) as null_percent
            from agg_column_nulls inner join {BEFORE} using (service_type, file_month)
        )
        select a.*, b.null_percent as previous_null_percent, (a.null_percent - b.null_percent)::decimal(18, 3)
            as change_in_points
        from rates as a left join rates as b on a.service_type = b.service_type and a.column_name = b.column_name
            and a.previous_file_month = b.file_month""",
    ),
    "agg_code_counts": (["service_type", "file_month", "column_name", "code"], CODE_COUNTS),
    "code_drift": (
        ["service_type", "file_month", "column_name", "code"],
        f"""with months as (select * from {RAW_ROWS} as r inner join {BEFORE} using (service_type, file_month)),
        cells as (
            select service_type, file_month, previous_file_month, column_name, code, m.raw_rows as all_rows
            from months as m inner join (select distinct service_type, column_name, code from agg_code_counts)
                using (service_type)
        ), shares as (
            select s.*, coalesce(c.raw_rows, 0) as n, percent3(n, all_rows) as share_percent,
                min(case when n > 0 then file_month end) over (partition by service_type, column_name, code)
                    as first_month
            from cells as s left join agg_code_counts as c using (service_type, file_month, column_name, code)
        )
        select a.service_type, a.file_month, a.column_name, a.code, l.code_name, a.n as raw_rows, a.share_percent,
            b.share_percent as previous_share_percent, a.file_month = a.first_month
                and a.previous_file_month is not null as is_new,
            a.n = 0 as is_gone, case when a.code <> 'not given' and a.column_name <> 'request_source'
                then coalesce(l.is_listed, false) end as is_listed,
            a.previous_file_month
        from shares as a left join shares as b on a.service_type = b.service_type and a.column_name = b.column_name
            and a.code = b.code
            and a.previous_file_month = b.file_month
        left join ({LISTED}) as l on a.column_name = l.column_name and a.code = l.code
        where a.n > 0 or b.n > 0""",
    ),
}
