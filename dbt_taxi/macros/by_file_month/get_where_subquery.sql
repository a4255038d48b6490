{% macro default__get_where_subquery(relation) -%}
    {%- set where = config.get("where", "") -%}
    {%- if not where -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- set condition = where.replace("__in_file_months__", in_file_months()) -%}
    {{ return("(select * from " ~ relation ~ " where " ~ condition ~ ") as checked") }}
{%- endmacro %}
