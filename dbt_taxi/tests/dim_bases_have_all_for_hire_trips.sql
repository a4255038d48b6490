-- The bases' trips are those of agg_base_trips: none is lost on the way from a file month to a base. Of all months,
-- since a base's row is of all of them; the table has some hundred rows a month.
with dim_bases as (
    select
        coalesce(sum(trips), 0) as trips,
        coalesce(sum(fhv_trips + fhvhv_trips), 0) as trips_by_data_set
    from {{ ref('dim_bases') }}
),

agg_base_trips as (
    select coalesce(sum(trips), 0) as trips from {{ ref('agg_base_trips') }}
)

select
    dim_bases.trips,
    dim_bases.trips_by_data_set,
    agg_base_trips.trips as agg_trips
from dim_bases
cross join agg_base_trips
where dim_bases.trips != agg_base_trips.trips or dim_bases.trips_by_data_set != agg_base_trips.trips
