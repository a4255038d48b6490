{% macro chosen_file_months() -%}
    {%- set chosen = var("file_months", none) -%}
    {%- if execute and model.resource_type == "unit_test" -%}
        {#- The run's months are no matter of a unit test: those that it names itself, or all. -#}
        {%- set chosen = ((model.overrides or {}).get("vars") or {}).get("file_months") -%}
    {#- Not asked for while parsing: dbt would parse every model again as soon as the months change (4 s a run). -#}
    {%- elif chosen is none and execute and env_var("DBT_TAXI_FILE_MONTHS", "") -%}
        {%- set chosen = env_var("DBT_TAXI_FILE_MONTHS").split(",") -%}
    {%- endif -%}
    {{ return([chosen] if chosen is string else chosen) }}
{%- endmacro %}
