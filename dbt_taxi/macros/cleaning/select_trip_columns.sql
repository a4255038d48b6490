{% macro select_trip_columns(dataset, relation) -%}
    select
        {%- for name, type, datasets in trip_columns() %}
        {{ name if dataset in datasets else "cast(null as " ~ type ~ ") as " ~ name }},
        {%- endfor %}
        {{ "nulled_fields" if dataset != "fhv" else "cast(null as " ~ dbt.type_string() ~ ")" }}
            as fields_out_of_bounds,
        {{ "largest_amount" if dataset != "fhv" else "cast(0 as " ~ dbt.type_float() ~ ") as largest_amount" }},
        {{ "has_impossible_distance" if dataset != "fhv" else "false as has_impossible_distance" }}
    from {{ relation }}
{%- endmacro %}
