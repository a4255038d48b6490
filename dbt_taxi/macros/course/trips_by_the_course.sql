{% macro trips_by_the_course(service_type, years, one_per=["vendor_id", "pickup_at"], first_by=[]) -%}
    {%- set meter = {"green": "lpep", "yellow": "tpep"}[service_type] -%}
    {%- set times = [meter ~ "_pickup_datetime", meter ~ "_dropoff_datetime"] -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ one_per | join(", ") }}
                order by {{ (first_by + ["file_month", "number_in_file"]) | join(", ") }}
            ) as place_among_copies
        from (
            select
                dataset as service_type,
                vendor_id,
                cast(payment_type as {{ dbt.type_string() }}) as payment_type,
                pu_location_id as pickup_location_id,
                do_location_id as dropoff_location_id,
                trip_distance,
                {{ dollars(cents("fare_amount")) }} as fare_amount,
                {{ dollars(cents("total_amount")) }} as total_amount,
                {{ meter }}_pickup_datetime as pickup_at,
                {{ meter }}_dropoff_datetime as dropoff_at,
                file_month,
                row_number as number_in_file
            from (
                select * {{ local_times(service_type ~ "_tripdata", times) }}
                from {{ source("raw", service_type ~ "_tripdata") }}
            ) as raw_trips
            where
                vendor_id is not null
                and file_month between date '{{ years[0] }}-01-01' and date '{{ years[-1] }}-12-01'
        ) as raw_rows
    ) as numbered
    where place_among_copies = 1
{%- endmacro %}
