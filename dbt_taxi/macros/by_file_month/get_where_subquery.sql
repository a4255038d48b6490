{% macro default__get_where_subquery(relation) -%}
    {%- set where = namespace(condition=config.get("where", "")) -%}
    {%- if not where.condition -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- set placeholders = {
        "__in_file_months__": in_file_months(),
        "__in_pickup_months__": in_pickup_periods("pickup_month"),
        "__in_pickup_dates__": in_pickup_periods("pickup_date"),
        "__in_pickup_hours__": in_pickup_periods("pickup_hour"),
        "__in_dropoff_hours__": in_pickup_periods("dropoff_hour"),
        "__in_pickup_quarters__": in_pickup_periods("pickup_quarter", "quarter"),
    } -%}
    {%- for placeholder, meaning in placeholders.items() -%}
        {%- set where.condition = where.condition.replace(placeholder, meaning) -%}
    {%- endfor -%}
    {{ return("(select * from " ~ relation ~ " where " ~ where.condition ~ ") as checked") }}
{%- endmacro %}
