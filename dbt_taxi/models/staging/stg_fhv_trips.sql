-- One row per row of a for-hire vehicle (FHV) file: typed and named as everywhere. FHV bases report no money.
with source as (
    select * {{ local_times('fhv_tripdata', [
        'pickup_datetime', 'dropoff_datetime',
    ]) }}
    from {{ source('raw', 'fhv_tripdata') }}
),

renamed as (
    select
        -- ids
        row_number,
        nullif(pu_location_id, 0) as pickup_location_id,  -- bases write 0 for "not given"
        nullif(do_location_id, 0) as dropoff_location_id,

        -- strings
        dataset as service_type,
        {{ base_number('dispatching_base_num') }} as dispatching_base_number,
        {{ base_number('affiliated_base_number') }} as affiliated_base_number,

        -- booleans
        {{ parse_flag('sr_flag') }} as is_shared,

        -- dates
        file_month,

        -- timestamps
        pickup_datetime as pickup_at,
        dropoff_datetime as dropoff_at
    from source
)

select * from renamed
