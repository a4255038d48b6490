-- Of high-volume vehicles the files hold no total: stg_fhvhv_trips adds it up, so a difference is a fault of ours.
{%- set parts = [
    'fare_amount', 'tolls_amount', 'black_car_fund_amount', 'sales_tax_amount', 'congestion_surcharge_amount',
    'airport_fee_amount', 'tip_amount', 'cbd_congestion_fee_amount',
] %}

select
    service_type,
    file_month,
    count(*) as trips
from {{ ref('fct_trips') }}
where
    {{ in_file_months() }}
    and service_type = 'fhvhv'
    and (
        total_amount is null
        or total_amount != {% for part in parts -%}
        coalesce({{ part }}, 0){{ ' + ' if not loop.last }}
        {%- endfor %}
    )
group by service_type, file_month
