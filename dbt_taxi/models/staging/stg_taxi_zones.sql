-- One row per TLC taxi zone, 1 to 265; the texts 'NA' and 'N/A' are TLC's own and stay.
with source as (
    select * from {{ source('raw', 'taxi_zone_lookup') }}
),

renamed as (
    select
        -- ids
        location_id,

        -- strings
        borough,
        zone,
        service_zone
    from source
)

select * from renamed
