{% macro exact_miles(distance) -%}
    {%- set thousandths -%}
        case when abs({{ distance }}) < {{ amount_limit() }} then cast(floor({{ distance }} * 1000 + 0.5) as bigint) end
    {%- endset -%}
    {{ decimal_of(thousandths, 3) }}
{%- endmacro %}
