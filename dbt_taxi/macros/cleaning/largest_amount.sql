{% macro largest_amount(amounts) -%}
    greatest(
        {%- for amount in amounts %}
        abs(coalesce({{ amount }}, 0)){{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
