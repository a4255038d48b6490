{% macro select_trip_columns(service_type, relation) -%}
    select
        {%- for name, type, service_types in trip_columns() %}
        {{ name if service_type in service_types else "cast(null as " ~ type ~ ") as " ~ name }},
        {%- endfor %}
        {{ "nulled_fields" if service_type != "fhv" else "cast(null as " ~ dbt.type_string() ~ ")" }}
            as fields_out_of_bounds,
        {{ "largest_amount" if service_type != "fhv" else "cast(0 as " ~ dbt.type_float() ~ ") as largest_amount" }},
        {{ "has_impossible_distance" if service_type != "fhv" else "false as has_impossible_distance" }}
    from {{ relation }}
{%- endmacro %}
