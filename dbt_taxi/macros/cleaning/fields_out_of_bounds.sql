{% macro fields_out_of_bounds(sources) -%}
    nullif(
        substr(
            {%- for name, source in sources | dictsort %}
            case
                when {{ source }} not between {{ bounds()[name] | join(" and ") }} then ',{{ name }}:out_of_bounds'
                else ''
            end{{ " ||" if not loop.last }}
            {%- endfor %}, 2
        ), ''
    )
{%- endmacro %}
