{% macro is_fall_back_hour(moment) -%}
    {#- New York's clocks go back from 02:00 to 01:00 on the first Sunday of November (since 2007). -#}
    extract(month from {{ moment }}) = 11
        and extract(day from {{ moment }}) <= 7
        and {{ day_of_week(moment) }} = 0
        and extract(hour from {{ moment }}) = 1
{%- endmacro %}
