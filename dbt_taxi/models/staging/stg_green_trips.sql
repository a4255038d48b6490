-- One row per row of a green taxi file: typed and named as everywhere.
{%- set codes = {
    'vendor_id': 'vendor_id',
    'rate_code_id': 'ratecode_id',
    'payment_type_id': 'payment_type',
    'trip_type_id': 'trip_type',
} %}

with source as (
    select * {{ local_times('green_tripdata', [
        'lpep_pickup_datetime', 'lpep_dropoff_datetime',
    ]) }}
    from {{ source('raw', 'green_tripdata') }}
),

renamed as (
    select
        -- ids
        row_number,
        {%- for name, source in codes.items() %}
        {{ bounded(name, source) }} as {{ name }},
        {%- endfor %}
        pu_location_id as pickup_location_id,
        do_location_id as dropoff_location_id,

        -- strings
        dataset as service_type,
        request_source,
        {{ fields_out_of_bounds(dict(codes, passenger_count='passenger_count')) }} as nulled_fields,

        -- numerics
        {{ bounded('passenger_count', 'passenger_count') }} as passenger_count,
        {{ exact_miles('trip_distance') }} as trip_miles,
        {{ dollars(cents('fare_amount')) }} as fare_amount,
        {{ dollars(cents('extra')) }} as extra_amount,
        {{ dollars(cents('mta_tax')) }} as mta_tax_amount,
        {{ dollars(cents('improvement_surcharge')) }} as improvement_surcharge_amount,
        {{ dollars(cents('tip_amount')) }} as tip_amount,
        {{ dollars(cents('tolls_amount')) }} as tolls_amount,
        {{ dollars(cents('congestion_surcharge')) }} as congestion_surcharge_amount,
        {{ dollars(cents('cbd_congestion_fee')) }} as cbd_congestion_fee_amount,
        {{ dollars(cents('ehail_fee')) }} as ehail_fee_amount,
        {{ dollars(cents('total_amount')) }} as total_amount,
        {{ largest_amount([
            'fare_amount', 'extra', 'mta_tax', 'improvement_surcharge', 'tip_amount', 'tolls_amount',
            'congestion_surcharge', 'cbd_congestion_fee', 'ehail_fee', 'total_amount',
        ]) }} as largest_amount,

        -- booleans
        {{ parse_flag('store_and_fwd_flag') }} as is_store_and_forward,
        {{ has_impossible_distance('trip_distance') }} as has_impossible_distance,

        -- dates
        file_month,

        -- timestamps
        lpep_pickup_datetime as pickup_at,
        lpep_dropoff_datetime as dropoff_at
    from source
)

select * from renamed
