-- The shares of a month are 100 %, but for their rounding: at most half a hundredth for each of eight companies.
with market_share as (
    select * from {{ ref('market_share') }}
    where {{ in_pickup_periods('pickup_month') }}
)

select
    pickup_month,
    sum(trips_percent) as percent_in_all
from market_share
group by pickup_month
having abs(sum(trips_percent) - 100) > 0.04
