{% macro is_timed() -%}
    coalesce(duration_seconds >= 0, false) and not is_meter_left_running and not is_refund
{%- endmacro %}
