{% macro of_pickup_months(relation) -%}
    {{ return(adapter.dispatch("of_pickup_months")(relation)) }}
{%- endmacro %}

{% macro default__of_pickup_months(relation) -%}
    {{ return(relation) }}
{%- endmacro %}

{% macro bigquery__of_pickup_months(relation) -%}
    {#- A run's file month reaches into the months beside it, which have rows of the files beside these. -#}
    (
        select *
        from {{ relation }}
        where
            pickup_month in ({{ pickup_period_literals() | join(", ") }})
            and file_month in ({{ pickup_period_literals(reach=2) | join(", ") }})
    )
{%- endmacro %}
