{% macro cents_of(dollars) -%}
    cast(({{ dollars }}) * 100 as bigint)
{%- endmacro %}
