{% macro authorize_views(results) -%}
    {#- In schemas of your own nobody reads but you, and the ledger is not yours to share. -#}
    {%- if execute and target.schema == "taxi" -%}
        {%- do adapter.dispatch("authorize_views")(results) -%}
    {%- endif -%}
{%- endmacro %}

{% macro default__authorize_views(results) -%}
    {#- On Postgres a view reads with the rights of its owner. -#}
{%- endmacro %}

{% macro bigquery__authorize_views(results) -%}
    {%- set built = [] -%}
    {%- for result in results if result.status == "success" -%}
        {%- do built.append(result.node.unique_id) -%}
    {%- endfor -%}
    {%- set shared = [] -%}
    {%- for mart in graph.nodes.values() if mart.access == "public" -%}
        {%- for view, read in hops_of_view(mart) if view.unique_id in built -%}
            {%- set datasets = (view.schema, read.schema) -%}
            {%- if datasets not in shared -%}
                {%- do shared.append(datasets) -%}
                {#- Of all views of the data set: one that is built again needs no right to share anything. -#}
                {%- set views = {
                    "dataset": {"projectId": view.database, "datasetId": view.schema},
                    "targetTypes": ["VIEWS"],
                } -%}
                {%- do adapter.grant_access_to(
                    views, "dataset", none, {"project": read.database, "dataset": read.schema}
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{% macro hops_of_view(node) -%}
    {%- set hops = [] -%}
    {%- if node.config.materialized == "view" -%}
        {%- for name in node.depends_on.nodes -%}
            {%- set read = graph.nodes.get(name) or graph.sources.get(name) -%}
            {%- if read.schema != node.schema -%}
                {%- do hops.append((node, read)) -%}
            {%- endif -%}
            {%- do hops.extend(hops_of_view(read)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(hops) }}
{%- endmacro %}
