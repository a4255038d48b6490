-- The bases' trips are those of base_trips_by_file: none is lost on the way from a file month to a base. Of all months,
-- since a base's row is of all of them; the table has some hundred rows a month.
with dim_bases as (
    select
        coalesce(sum(trips), 0) as trips,
        coalesce(sum(fhv_trips + fhvhv_trips), 0) as trips_by_data_set
    from {{ ref('dim_bases') }}
),

base_trips_by_file as (
    select coalesce(sum(trips), 0) as trips from {{ ref('base_trips_by_file') }}
)

select
    dim_bases.trips,
    dim_bases.trips_by_data_set,
    base_trips_by_file.trips as trips_by_file
from dim_bases
cross join base_trips_by_file
where dim_bases.trips != base_trips_by_file.trips or dim_bases.trips_by_data_set != base_trips_by_file.trips
