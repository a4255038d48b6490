{% macro in_pickup_periods(column, unit="month") -%}
    {{ pickup_period(column, unit) }} in (
        {{- pickup_period_literals(3 if unit == "quarter" else 1) | join(", ") -}}
    )
{%- endmacro %}
