{% macro integer_division(dividend, divisor) -%}
    {{ return(adapter.dispatch("integer_division")(dividend, divisor)) }}
{%- endmacro %}

{% macro default__integer_division(dividend, divisor) -%}
    (({{ dividend }}) / ({{ divisor }}))
{%- endmacro %}

{% macro bigquery__integer_division(dividend, divisor) -%}
    {#- In brackets: the embedded BigQuery rewrites DIV to an operator and leaves them out. -#}
    div(({{ dividend }}), ({{ divisor }}))
{%- endmacro %}
