-- How much do riders tip, by the way they pay? Cash tips are not recorded: what is null is not known.
{%- set first_month = '2020-01-01' %}

with by_payment_type as (
    select
        service_type,
        payment_type_id,
        payment_type_name,
        sum(trips) as trips,
        sum(fare_amount) as fare_amount,
        sum(case when is_tip_recorded then tip_amount end) as tip_amount
    from {{ ref('monthly_tips') }}
    where pickup_month >= date '{{ first_month }}'
    group by service_type, payment_type_id, payment_type_name
)

select
    service_type,
    payment_type_name,
    trips,
    {{ rounded_ratio(cents_of('tip_amount') ~ ' * 100', cents_of('fare_amount')) }} as tip_percent_of_fare
from by_payment_type
order by service_type, payment_type_id
