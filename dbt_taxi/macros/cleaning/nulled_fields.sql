{% macro nulled_fields() -%}
    {%- set no_zone = "not between 1 and 265" -%}
    {%- set faults = [
        ("dropoff_at:before_pickup", "dropoff_fault = 'before_pickup'"),
        ("dropoff_at:month_as_minutes", "has_unknown_minutes"),
        ("dropoff_at:over_24_hours", "dropoff_fault = 'over_24_hours'"),
        ("dropoff_location_id:outside_1_to_265", "dropoff_location_id " ~ no_zone),
        ("pickup_at:month_as_minutes", "has_unknown_minutes"),
        ("pickup_location_id:outside_1_to_265", "pickup_location_id " ~ no_zone),
        ("trip_miles:outside_0_to_500", "has_impossible_distance"),
    ] -%}
    {%- set impossible = code_list(faults) -%}
    case
        when fields_out_of_bounds is null then {{ impossible }}
        else coalesce({{ impossible }} || ',', '') || fields_out_of_bounds
    end
{%- endmacro %}
