{% macro file_months() -%}
    {%- set chosen = var("file_months", none) -%}
    {%- if execute and model.resource_type == "unit_test" -%}
        {#- The run's months are no matter of a unit test: those that it names itself, or all. -#}
        {%- set chosen = ((model.overrides or {}).get("vars") or {}).get("file_months") -%}
    {#- Not asked for while parsing: dbt would parse every model anew as soon as the months change (4 s a run). -#}
    {%- elif chosen is none and execute and env_var("DBT_TAXI_FILE_MONTHS", "") -%}
        {%- set chosen = env_var("DBT_TAXI_FILE_MONTHS").split(",") -%}
    {%- endif -%}
    {%- if chosen is none -%}
        {#- Ten years ahead, so that a parse kept by partial parsing cannot fall behind the data. -#}
        {%- set months = [] -%}
        {%- for year in range(2009, run_started_at.year + 11) -%}
            {%- for month in range(1, 13) -%}
                {%- do months.append("%04d-%02d-01" % (year, month)) -%}
            {%- endfor -%}
        {%- endfor -%}
        {{ return(months) }}
    {%- endif -%}
    {%- set months = [] -%}
    {%- for month in ([chosen] if chosen is string else chosen) -%}
        {%- if not modules.re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])-01", month | string) -%}
            {{ exceptions.raise_compiler_error("file_months: " ~ month ~ " is no first of a month, as 2024-01-01") }}
        {%- endif -%}
        {%- do months.append(month | string) -%}
    {%- endfor -%}
    {%- if not months -%}
        {{ exceptions.raise_compiler_error("file_months is empty: name a month, or leave it out for all") }}
    {%- endif -%}
    {{ return(months) }}
{%- endmacro %}
