{% macro day_series(first, last) -%}
    {{ return(adapter.dispatch("day_series")(first, last)) }}
{%- endmacro %}

{% macro default__day_series(first, last) -%}
    select date '{{ first }}' + days_later as date_day
    from generate_series(0, date '{{ last }}' - date '{{ first }}') as days (days_later)
{%- endmacro %}

{% macro bigquery__day_series(first, last) -%}
    select date_day
    from unnest(generate_date_array(date '{{ first }}', date '{{ last }}')) as date_day
{%- endmacro %}
