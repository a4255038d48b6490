{% macro base_number(text) -%}
    {#- trim() alone takes away spaces on Postgres, all white space on BigQuery -#}
    nullif({{ ascii_upper("trim(" ~ text ~ ", ' ')") }}, '')
{%- endmacro %}
