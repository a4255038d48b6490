{% macro parse_flag(text) -%}
    {%- set flag = ascii_upper("trim(" ~ text ~ ", ' ')") -%}
    case
        when {{ flag }} in ('Y', '1', '1.0', 'TRUE') then true
        when {{ flag }} in ('N', '0', '0.0', 'FALSE') then false
    end
{%- endmacro %}
