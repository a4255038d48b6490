{% macro is_null_block() -%}
    service_type in ('yellow', 'green')
        and passenger_count is null
        and rate_code_id is null
        and is_store_and_forward is null
        and coalesce(payment_type_id, 0) = 0
{%- endmacro %}
