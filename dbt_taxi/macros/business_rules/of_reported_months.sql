{% macro of_reported_months(relation, month="pickup_month") -%}
    (
        select *
        from (
            select
                *,
                max(case when file_month = {{ month }} then 1 else 0 end)
                    over (partition by service_type, {{ month }}) = 1 as has_own_file
            from {{ relation }}
        ) as months_with_and_without_file
        {%- if not var("include_months_without_file", false) %}
        where has_own_file
        {%- endif %}
    ) as reported_months
{%- endmacro %}
