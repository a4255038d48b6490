{% macro average_mph(miles, seconds) -%}
    case
        when {{ miles }} > 0
            then {{ rounded_ratio(miles ~ " * 3600000", seconds ~ " * 1000") }}
    end
{%- endmacro %}
