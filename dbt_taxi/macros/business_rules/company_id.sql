{% macro company_id(service_type, hvfhs_license_number) -%}
    case
        when {{ service_type }} != 'fhvhv' then {{ service_type }}
        when {{ hvfhs_license_number }} in ('HV0002', 'HV0003', 'HV0004', 'HV0005') then {{ hvfhs_license_number }}
        else 'fhvhv'
    end
{%- endmacro %}
