{% macro require_file_months() -%}
    {{ return(adapter.dispatch("require_file_months")()) }}
{%- endmacro %}

{% macro default__require_file_months() -%}
    {#- On Postgres all months are a matter of minutes, and cost nothing. -#}
{%- endmacro %}

{% macro bigquery__require_file_months() -%}
    {%- set is_part = flags.EMPTY or invocation_args_dict.get("sample") -%}
    {%- if execute and not (is_part or flags.FULL_REFRESH or chosen_file_months()) -%}
        {%- for name in selected_resources if reads_file_months(graph.nodes.get(name)) -%}
            {{ exceptions.raise_compiler_error(
                "BigQuery bills each month that is read. Name the months: --vars '{file_months: [\"2024-01-01\"]}' or"
                ~ " DBT_TAXI_FILE_MONTHS=2024-01-01,2024-02-01. Or choose all: file_months: all, or --full-refresh"
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro reads_file_months(node) -%}
    {#- Tables kept by file month, and tests of such tables or of the run's months. -#}
    {%- if not node -%}
        {{ return(false) }}
    {%- endif -%}
    {%- if node.resource_type == "model" -%}
        {{ return("months" in node.tags) }}
    {%- endif -%}
    {%- if node.resource_type != "test" -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for name in node.depends_on.nodes if "months" in (graph.nodes.get(name) or {}).get("tags", []) -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return("__in_" in (node.config.where or "") or "in_pickup_periods" in node.raw_code) }}
{%- endmacro %}
