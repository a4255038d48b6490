-- One row per row of a high-volume for-hire vehicle file (Uber, Lyft, Via, Juno): typed and named as everywhere.
{%- set charges = [
    'base_passenger_fare', 'tolls', 'bcf', 'sales_tax', 'congestion_surcharge', 'airport_fee', 'tips',
    'cbd_congestion_fee',
] %}
{%- set bounded_fields = {
    'trip_seconds': 'trip_time', 'requested_at': 'request_datetime', 'on_scene_at': 'on_scene_datetime',
} %}
{%- set charged_cents = [] -%}
{%- for charge in charges -%}
{%- do charged_cents.append("coalesce(" ~ cents(charge) ~ ", 0)") -%}
{%- endfor %}

with source as (
    select * {{ local_times('fhvhv_tripdata', [
        'request_datetime', 'on_scene_datetime', 'pickup_datetime', 'dropoff_datetime',
    ]) }}
    from {{ source('raw', 'fhvhv_tripdata') }}
),

renamed as (
    select
        -- ids
        row_number,
        pu_location_id as pickup_location_id,
        do_location_id as dropoff_location_id,

        -- strings
        dataset as service_type,
        hvfhs_license_num as hvfhs_license_number,
        {{ base_number('dispatching_base_num') }} as dispatching_base_number,
        {{ base_number('originating_base_num') }} as originating_base_number,
        {{ fields_out_of_bounds(bounded_fields) }} as nulled_fields,

        -- numerics
        {{ bounded('trip_seconds', 'trip_time') }} as trip_seconds,
        {{ exact_miles('trip_miles') }} as trip_miles,
        {{ dollars(cents('base_passenger_fare')) }} as fare_amount,
        {{ dollars(cents('tolls')) }} as tolls_amount,
        {{ dollars(cents('bcf')) }} as black_car_fund_amount,
        {{ dollars(cents('sales_tax')) }} as sales_tax_amount,
        {{ dollars(cents('congestion_surcharge')) }} as congestion_surcharge_amount,
        {{ dollars(cents('airport_fee')) }} as airport_fee_amount,
        {{ dollars(cents('tips')) }} as tip_amount,
        {{ dollars(cents('cbd_congestion_fee')) }} as cbd_congestion_fee_amount,
        {{ dollars(cents('driver_pay')) }} as driver_pay_amount,
        {{ dollars("(" ~ charged_cents | join(" + ") ~ ")") }} as total_amount,
        {{ largest_amount(charges + ['driver_pay']) }} as largest_amount,

        -- booleans
        {{ parse_flag('shared_request_flag') }} as is_shared_requested,
        {{ parse_flag('shared_match_flag') }} as is_shared,
        {{ parse_flag('access_a_ride_flag') }} as is_access_a_ride,
        {{ parse_flag('wav_request_flag') }} as is_wheelchair_requested,
        {{ parse_flag('wav_match_flag') }} as is_wheelchair_matched,
        {{ has_impossible_distance('trip_miles') }} as has_impossible_distance,

        -- dates
        file_month,

        -- timestamps
        {{ bounded('requested_at', 'request_datetime') }} as requested_at,
        {{ bounded('on_scene_at', 'on_scene_datetime') }} as on_scene_at,
        pickup_datetime as pickup_at,
        dropoff_datetime as dropoff_at
    from source
)

select * from renamed
