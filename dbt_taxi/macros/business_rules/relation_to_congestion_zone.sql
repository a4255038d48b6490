{% macro relation_to_congestion_zone(pickup, dropoff) -%}
    {%- set begins_in_it = is_in_zones(pickup, congestion_zones()) -%}
    {%- set ends_in_it = is_in_zones(dropoff, congestion_zones()) -%}
    case
        when {{ pickup }} in (264, 265) or {{ dropoff }} in (264, 265) then 'unknown'
        when {{ begins_in_it }} and {{ ends_in_it }} then 'within'
        when {{ ends_in_it }} then 'into'
        when {{ begins_in_it }} then 'out of'
        else 'outside'
    end
{%- endmacro %}
