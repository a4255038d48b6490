-- What share of all taxi and for-hire trips have Uber and Lyft? Only months of which all four data sets are loaded give
-- their share of the trade: missing_data_sets names those that lack.

select
    pickup_month,
    company_name,
    trips,
    trips_percent,
    missing_data_sets
from {{ ref('market_share') }}
where
    company_id in ('HV0003', 'HV0005')
    and trips_percent is not null
order by pickup_month, company_id
