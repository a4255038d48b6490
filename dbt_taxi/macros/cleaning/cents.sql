{% macro cents(amount) -%}
    case when abs({{ amount }}) < 1e13 then cast(floor({{ amount }} * 100 + 0.5) as bigint) end
{%- endmacro %}
