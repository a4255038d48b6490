{% macro persist_docs(relation, model, for_relation=true, for_columns=true) -%}
    {%- if not (is_as_built() and config.get("materialized") == "incremental") -%}
        {{ return(dbt.persist_docs(relation, model, for_relation, for_columns)) }}
    {%- endif -%}
{%- endmacro %}
