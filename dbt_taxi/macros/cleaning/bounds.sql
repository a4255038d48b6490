{% macro bounds() -%}
    {%- set nine_digits = ["-999999999", "999999999"] -%}
    {%- set a_year_around = [dbt.dateadd("year", -1, "file_month"), dbt.dateadd("year", 1, "file_month")] -%}
    {{ return({
        "vendor_id": nine_digits,
        "rate_code_id": nine_digits,
        "payment_type_id": nine_digits,
        "trip_type_id": nine_digits,
        "passenger_count": nine_digits,
        "trip_seconds": ["0", "86400"],
        "requested_at": a_year_around,
        "on_scene_at": a_year_around,
    }) }}
{%- endmacro %}
