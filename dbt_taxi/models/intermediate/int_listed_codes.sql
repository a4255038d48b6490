-- One row per column of codes and code that TLC's dictionaries list, or files hold all the same: what it stands for.
{%- set lists = [
    ('vendor_id', 'vendor_name', ref('vendors')),
    ('rate_code_id', 'rate_code_name', ref('rate_codes')),
    ('payment_type_id', 'payment_type_name', ref('payment_types')),
    ('trip_type_id', 'trip_type_name', ref('trip_types')),
] %}

{%- for column_name, code_name, list in lists %}
select
    '{{ column_name }}' as column_name,
    cast({{ column_name }} as {{ dbt.type_string() }}) as code,
    {{ code_name }} as code_name,
    is_listed
from {{ list }}
union all
{%- endfor %}
select
    'hvfhs_license_number' as column_name,
    hvfhs_license_number as code,
    company_name as code_name,
    true as is_listed
from {{ ref('companies') }}
where hvfhs_license_number != ''
