{% macro local_times(table, columns) -%}
    {{ return(adapter.dispatch("local_times")(table, columns)) }}
{%- endmacro %}

{% macro default__local_times(table, columns) -%}{%- endmacro %}

{#- DATETIME or TIMESTAMP: the external table is declared as BigQuery reads the files. Without a server: TIMESTAMP. -#}
{% macro bigquery__local_times(table, columns) -%}
    {%- set datetimes = [] -%}
    {%- if execute and flags.INTROSPECT -%}
        {%- set raw = api.Relation.create(database=target.project, schema="taxi_raw", identifier=table) -%}
        {%- for column in adapter.get_columns_in_relation(raw) if column.data_type == "DATETIME" -%}
            {%- do datetimes.append(column.name) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set timestamps = columns | reject("in", datetimes) | list -%}
    {#- dbt casts a unit test's texts to TIMESTAMP by the default time zone: these alone go back by it. -#}
    {%- set zone = "" if model.resource_type == "unit_test" else ", 'UTC'" -%}
    {%- if timestamps -%}
        replace (
            {%- for column in timestamps %}
            datetime({{ column }}{{ zone }}) as {{ column }}{{ "," if not loop.last }}
            {%- endfor %}
        )
    {%- endif -%}
{%- endmacro %}
