{% macro clock_readings() -%}
    {#- In brackets, to be put wherever it is read: a CTE that is read twice, Postgres writes to disk. -#}
    (
        {%- for service_type in ["yellow", "green"] %}
        select
            service_type,
            file_month,
            row_number,
            {{ integer_division("row_number - 1", 64) }} as stretch,
            coalesce(vendor_id, 0) as vendor_id,
            coalesce(pickup_location_id, 264) as pickup_location_id,
            pickup_at,
            {{ is_null_block() }} as is_null_block,
            extract(minute from pickup_at) = extract(month from file_month)
            and extract(minute from dropoff_at) = extract(month from file_month) as has_month_as_minutes
        from {{ ref("stg_" ~ service_type ~ "_trips") }}
        where {{ in_file_months() }}
        {{ "union all" if not loop.last }}
        {%- endfor %}
    ) as taxi_trips
{%- endmacro %}
