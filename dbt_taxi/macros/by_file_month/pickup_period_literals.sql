{% macro pickup_period_literals(months_in_period=1, reach=1) -%}
    {#- Trips of a file were picked up in its month or, a few of them, in the one before or after it. -#}
    {%- set literals = [] -%}
    {%- for month in file_months() -%}
        {%- set place = (month[:4] | int) * 12 + (month[5:7] | int) - 1 -%}
        {%- for picked_up in range(place - reach, place + reach + 1) -%}
            {%- set first = picked_up // months_in_period * months_in_period -%}
            {%- set literal = "date '%04d-%02d-01'" % (first // 12, first % 12 + 1) -%}
            {%- if literal not in literals -%}
                {%- do literals.append(literal) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(literals) }}
{%- endmacro %}
