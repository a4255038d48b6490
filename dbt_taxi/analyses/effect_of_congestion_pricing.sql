-- What did congestion pricing change? Trips a day, minutes and speed, beside the same month of the year before.
{%- set first_month = '2025-01-01' %}

select
    service_type,
    pickup_month,
    zone_relation,
    is_under_congestion_pricing,
    trips_per_day,
    trips_per_day_year_before,
    average_minutes,
    average_minutes_year_before,
    average_mph,
    average_mph_year_before,
    cbd_congestion_fee_amount
from {{ ref('congestion_pricing') }}
where
    pickup_month >= date '{{ first_month }}'
    and trips_per_day_year_before is not null
order by service_type, pickup_month, zone_relation, is_under_congestion_pricing
