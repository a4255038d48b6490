{% macro between_known_boroughs(trips) -%}
    select
        {{ trips }}.*,
        pickup_zones.zone as pickup_zone,
        dropoff_zones.zone as dropoff_zone
    from {{ trips }}
    inner join {{ ref("dim_zones") }} as pickup_zones
        on
            {{ trips }}.pickup_location_id = pickup_zones.location_id
            and pickup_zones.borough != 'Unknown'
    inner join {{ ref("dim_zones") }} as dropoff_zones
        on
            {{ trips }}.dropoff_location_id = dropoff_zones.location_id
            and dropoff_zones.borough != 'Unknown'
{%- endmacro %}
