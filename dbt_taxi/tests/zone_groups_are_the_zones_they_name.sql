-- Each zone of the macros' lists is one of TLC's, and the airports are those that TLC calls so.
select
    sum(case when is_airport then 1 else 0 end) as airports,
    sum(case when is_in_congestion_zone then 1 else 0 end) as congestion_zones
from {{ ref('dim_zones') }}
having
    sum(case when is_airport != (service_zone in ('Airports', 'EWR')) then 1 else 0 end) != 0
    or sum(case when is_airport then 1 else 0 end) != {{ airport_zones() | length }}
    or sum(case when is_in_congestion_zone then 1 else 0 end) != {{ congestion_zones() | length }}
