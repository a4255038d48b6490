{% macro cents(amount) -%}
    case when abs({{ amount }}) < {{ amount_limit() }} then cast(floor({{ amount }} * 100 + 0.5) as bigint) end
{%- endmacro %}
