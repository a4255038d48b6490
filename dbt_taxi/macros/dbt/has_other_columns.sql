{% macro has_other_columns(relation) -%}
    {%- set existing = load_cached_relation(relation) -%}
    {%- set is_seed = model.resource_type == "seed" -%}
    {%- if not existing or existing.is_view or not (is_seed or config.get("contract").enforced) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set held = adapter.get_columns_in_relation(existing) | map(attribute="name") | list -%}
    {%- set dropped = held | reject("in", model.columns) | list -%}
    {%- set added = model.columns | reject("in", held) | list if is_seed else [] -%}
    {{ return(dropped | length + added | length > 0) }}
{%- endmacro %}
