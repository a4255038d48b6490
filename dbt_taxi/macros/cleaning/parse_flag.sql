{% macro parse_flag(text) -%}
    case
        when upper(trim({{ text }})) in ('Y', '1', '1.0', 'TRUE') then true
        when upper(trim({{ text }})) in ('N', '0', '0.0', 'FALSE') then false
    end
{%- endmacro %}
