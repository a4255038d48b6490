{% macro contract_column(name, data_type) -%}
    {%- set type = {"BIGINT": "INT64", "BOOLEAN": "BOOL"}.get(data_type | upper, data_type | upper) -%}
    {{ return({"name": name, "data_type": type, "formatted": name ~ " " ~ type}) }}
{%- endmacro %}
