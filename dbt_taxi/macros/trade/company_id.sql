{% macro company_id(dataset, hvfhs_license_number) -%}
    case
        when {{ dataset }} != 'fhvhv' then {{ dataset }}
        when {{ hvfhs_license_number }} in ('HV0002', 'HV0003', 'HV0004', 'HV0005') then {{ hvfhs_license_number }}
        else 'fhvhv'
    end
{%- endmacro %}
