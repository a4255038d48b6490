{% macro select_trip_columns(dataset, relation) -%}
    select
        {%- for name, type, datasets in trip_columns() %}
        {{ name if dataset in datasets else "cast(null as " ~ type ~ ") as " ~ name }},
        {%- endfor %}
        {{ "nulled_fields" if dataset != "fhv" else "cast(null as " ~ dbt.type_string() ~ ") as nulled_fields" }},
        {{ "has_impossible_amount" if dataset != "fhv" else "false as has_impossible_amount" }},
        {{ "has_impossible_distance" if dataset != "fhv" else "false as has_impossible_distance" }}
    from {{ relation }}
{%- endmacro %}
