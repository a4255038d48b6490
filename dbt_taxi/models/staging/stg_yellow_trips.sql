-- One row per row of a yellow taxi file: typed, named as everywhere, the words of 2009-2010 decoded to today's codes.
with source as (
    select * {{ local_times('yellow_tripdata', [
        'tpep_pickup_datetime', 'tpep_dropoff_datetime',
    ]) }}
    from {{ source('raw', 'yellow_tripdata') }}
),

renamed as (
    select
        -- ids
        row_number,
        case {{ ascii_upper("trim(vendor_id, ' ')") }}
            when 'CMT' then 1
            when 'VTS' then 2
            when 'DDS' then 3  -- our own number: the company left before TLC numbered them
            else {{ parse_code('vendor_id') }}
        end as vendor_id,
        case
            when trim(ratecode_id, ' ') != '' then coalesce({{ parse_code('ratecode_id') }}, 99)
        end as rate_code_id,
        case
            when lower(trim(payment_type, ' ')) like 'cr%' then 1  -- Credit, CREDIT, Cre, CRD
            when lower(trim(payment_type, ' ')) like 'c%' then 2  -- Cash, CASH, Cas, CSH
            when lower(trim(payment_type, ' ')) like 'n%' then 3  -- No Charge, 'No ', NOC, NA
            when lower(trim(payment_type, ' ')) like 'd%' then 4  -- Dispute, Dis
            when trim(payment_type, ' ') != '' then coalesce({{ parse_code('payment_type') }}, 5)
        end as payment_type_id,
        pu_location_id as pickup_location_id,
        do_location_id as dropoff_location_id,

        -- strings
        dataset as service_type,
        request_source,
        {{ fields_out_of_bounds({'passenger_count': 'passenger_count'}) }} as nulled_fields,

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
        {{ dollars(cents('airport_fee')) }} as airport_fee_amount,
        {{ dollars(cents('total_amount')) }} as total_amount,
        pickup_longitude,
        pickup_latitude,
        dropoff_longitude,
        dropoff_latitude,
        {{ largest_amount([
            'fare_amount', 'extra', 'mta_tax', 'improvement_surcharge', 'tip_amount', 'tolls_amount',
            'congestion_surcharge', 'cbd_congestion_fee', 'airport_fee', 'total_amount',
        ]) }} as largest_amount,

        -- booleans
        {{ parse_flag('store_and_fwd_flag') }} as is_store_and_forward,
        {{ has_impossible_distance('trip_distance') }} as has_impossible_distance,

        -- dates
        file_month,

        -- timestamps
        tpep_pickup_datetime as pickup_at,
        tpep_dropoff_datetime as dropoff_at
    from source
)

select * from renamed
