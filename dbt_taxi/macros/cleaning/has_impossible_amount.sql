{% macro has_impossible_amount(amount, miles, seconds) -%}
    {#- Times 30, for two dollars a minute are a dollar in 30 seconds: no quotient that an engine rounds. No trip may
        cost 10,000 (500 miles and 24 hours: 9,380), and more than that may be more than can be multiplied. -#}
    case
        when {{ amount }} <= 1500 then false
        when {{ amount }} > 10000 then true
        else
            {{ amount }} * 30 > 45000
            + 300 * cast(coalesce({{ miles }}, 0) as {{ dbt.type_float() }})
            + cast(greatest(coalesce({{ seconds }}, 0), 0) as {{ dbt.type_float() }})
    end
{%- endmacro %}
