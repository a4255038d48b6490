{% macro file_months() -%}
    {%- set chosen = chosen_file_months() -%}
    {%- if chosen is none or chosen == ["all"] -%}
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
    {%- for month in chosen -%}
        {%- if not modules.re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])-01", month | string) -%}
            {{ exceptions.raise_compiler_error("file_months: " ~ month ~ " is no first of a month, as 2024-01-01") }}
        {%- endif -%}
        {%- do months.append(month | string) -%}
    {%- endfor -%}
    {%- if not months -%}
        {{ exceptions.raise_compiler_error("file_months is empty: name a month, or say all") }}
    {%- endif -%}
    {{ return(months) }}
{%- endmacro %}
