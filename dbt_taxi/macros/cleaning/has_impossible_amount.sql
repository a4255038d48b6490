{% macro has_impossible_amount(amounts) -%}
    greatest(
        {%- for amount in amounts %}
        abs(coalesce({{ amount }}, 0)){{ "," if not loop.last }}
        {%- endfor %}
    ) >= 1e6
{%- endmacro %}
