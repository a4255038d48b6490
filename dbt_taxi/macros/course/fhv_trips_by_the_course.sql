{% macro fhv_trips_by_the_course(years) -%}
    select
        dataset as service_type,
        dispatching_base_num,
        pu_location_id as pickup_location_id,
        do_location_id as dropoff_location_id,
        pickup_datetime as pickup_at,
        dropoff_datetime as dropoff_at
    from (
        select * {{ local_times("fhv_tripdata", ["pickup_datetime", "dropoff_datetime"]) }}
        from {{ source("raw", "fhv_tripdata") }}
    ) as raw_trips
    where
        dispatching_base_num is not null
        and file_month between date '{{ years[0] }}-01-01' and date '{{ years[-1] }}-12-01'
{%- endmacro %}
