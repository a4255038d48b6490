{% macro code_list(conditions) -%}
    {#- Nearly all rows have none: the first case spares them the texts. -#}
    case
        when {% for code, condition in conditions -%}
        ({{ condition }}){{ " or " if not loop.last }}
        {%- endfor %}
            then substr(
                {% for code, condition in conditions -%}
                case when {{ condition }} then ',{{ code }}' else '' end{{ " ||\n                " if not loop.last }}
                {%- endfor %},
                2
            )
    end
{%- endmacro %}
