{% macro rounded_ratio(part, whole, digits=2) -%}
    {#- In integers: numerics divide to other digits on each warehouse. -#}
    {%- set scaled = "cast(" ~ part ~ " as bigint) * " ~ 2 * 10 ** digits -%}
    {%- set divisor = "cast(" ~ whole ~ " as bigint)" -%}
    case
        when {{ divisor }} > 0 and {{ scaled }} >= 0
            then {{ decimal_of(integer_division(scaled ~ " + " ~ divisor, "2 * " ~ divisor), digits) }}
        when {{ divisor }} > 0
            then -{{ decimal_of(integer_division("-" ~ scaled ~ " + " ~ divisor, "2 * " ~ divisor), digits) }}
    end
{%- endmacro %}
