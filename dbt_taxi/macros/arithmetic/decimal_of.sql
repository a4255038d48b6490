{% macro decimal_of(integer, digits) -%}
    {#- A product is exact as it is. A quotient would have to be rounded, which takes four times as long in the embedded
        BigQuery, and so does the product of two numerics. -#}
    cast(cast({{ integer }} as bigint) * numeric '{{ "%.*f" % (digits, 10 ** -digits) }}' as numeric)
{%- endmacro %}
