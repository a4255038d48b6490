{% macro query_comment(node) -%}
    {#- BigQuery makes labels of these, see job-label in dbt_project.yml. -#}
    {{ return(tojson({
        "app": "dbt",
        "project": "nyc_taxi_elt",
        "run": env_var("DBT_TAXI_RUN_ID", "by_hand"),
        "node": node.name if node else "connection",
    })) }}
{%- endmacro %}
