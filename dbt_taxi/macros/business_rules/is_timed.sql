{% macro is_timed() -%}
    has_credible_duration and not is_refund
{%- endmacro %}
