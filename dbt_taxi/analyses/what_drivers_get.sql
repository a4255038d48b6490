-- What do drivers of high-volume vehicles get, and how much of what riders pay?

select
    pickup_month,
    company_name,
    trips,
    pay_per_trip,
    pay_per_mile,
    pay_per_hour,
    pay_percent_of_fare,
    tip_percent_of_fare
from {{ ref('driver_pay') }}
order by pickup_month, company_id
