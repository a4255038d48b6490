"""What the Data Engineering Zoomcamp's participants find: its nine questions by its rules, from the rows of the files.

The rules: dbt_taxi/macros/course/_course__macros.yml and the first lines of each of dbt_taxi/analyses.
"""

from collections.abc import Callable

PERCENTILE = "percentile(list_sort(list({0})), {1})"
Parameter = str | int | list[int]


def _trips(service_type: str, years: list[int], one_per: str = "vendor, pickup", first_by: str = "file_month") -> str:
    """Rows that name a vendor, one of each provider and second (2026: and zone)."""
    return (
        f"(select * from raw where service_type = '{service_type}' and {_within('file_month', years)}"
        " and vendor is not null"
        f" qualify row_number() over (partition by {one_per} order by {first_by}, file_month, row_number) = 1)"
    )


def _trips_2026(service_type: str, years: list[int]) -> str:
    """The same by the rules of 2026, with the names of the pick-up's zone."""
    trips = _trips(service_type, years, "vendor, pickup, pickup_location", "dropoff")
    return f"(select t.*, zone from {trips} as t left join zones on id = pickup_location)"


def _fhv_trips(years: list[int]) -> str:
    return (
        f"(select * from raw where service_type = 'fhv' and {_within('file_month', years)} and dispatching is not null)"
    )


def _known(trips: str) -> str:
    """Of these trips, those between zones whose borough is known, with the zones' names."""
    return (
        f"(select t.*, p.zone as pickup_zone, d.zone as dropoff_zone from {trips} as t"
        " inner join zones as p on p.id = pickup_location inner join zones as d on d.id = dropoff_location"
        " where p.borough <> 'Unknown' and d.borough <> 'Unknown')"
    )


def _within(column: str, years: list[int]) -> str:
    return f"year({column}) between {years[0]} and {years[-1]}"


def quarterly_revenue_growth(years: list[int]) -> str:
    return f"""with sums as (
        select service_type, date_trunc('quarter', pickup)::date as pickup_quarter, sum(total)::bigint as cents
        from (from {_known(_trips("green", years))} union all by name from {_known(_trips("yellow", years))})
        where {_within("pickup", years)} group by all
    )
    select a.service_type, a.pickup_quarter, dollars(a.cents), dollars(b.cents), percent(a.cents - b.cents, b.cents)
    from sums as a left join sums as b
        on a.service_type = b.service_type and b.pickup_quarter = a.pickup_quarter - interval 1 year"""


def fare_percentiles_of_a_month(years: list[int], month: str, percents: list[int]) -> str:
    values = ", ".join(f"ten_thousandths({PERCENTILE.format('fare', percent)})" for percent in percents)
    return f"""select service_type, count(*), {values}
    from (from {_known(_trips("green", years))} union all by name from {_known(_trips("yellow", years))})
    where month_of(pickup) = date '{month}' and fare > 0 and distance > 0 and payment_type in (1, 2)
    group by service_type"""


def second_longest_travel_times(
    years: list[int], month: str, pickup_location_ids: list[int], place: int, **ours: int
) -> str:
    return f"""select pickup_location, pickup_zone, dropoff_zone, n, dollars(v) from (
        select pickup_location, pickup_zone, dropoff_zone, count(*) as n,
            {PERCENTILE.format("seconds(pickup, dropoff)", 90)} as v,
            row_number() over (partition by pickup_location order by v desc, dropoff_zone) as place
        from {_known(_fhv_trips(years))}
        where month_of(pickup) = date '{month}' and pickup_location in {tuple(pickup_location_ids)} group by 1, 2, 3
    ) where place = {place}"""


def zones_with_most_revenue(years: list[int], service_type: str, year: int) -> str:
    return f"""select row_number() over (order by sum(total) desc, zone) as place, zone, count(*), dollars(sum(total))
    from {_trips_2026(service_type, years)} where year(pickup) = {year} group by zone qualify place <= 5"""


def trips_of_a_month(years: list[int], service_type: str, month: str) -> str:
    return f"select count(*), null from {_trips_2026(service_type, years)} where month_of(pickup) = date '{month}'"


def rows_of_monthly_zone_revenue(years: list[int]) -> str:
    return f"""select service_type, count(distinct (zone, month_of(pickup))), count(distinct month_of(pickup)),
        count(distinct coalesce(zone, 'Unknown Zone'))
    from (from {_trips_2026("green", years)} union all by name from {_trips_2026("yellow", years)})
    group by service_type"""


def fhv_trips_with_a_base(year: int) -> str:
    return f"select count(*), count(distinct dispatching) from {_fhv_trips([year])}"


def fhv_trips_between_known_zones(year: int) -> str:
    return f"select count(*) from {_known(_fhv_trips([year]))} where year(pickup) = {year}"


def services_with_most_trips(years: list[int], year: int) -> str:
    datasets = [_known(_fhv_trips([year])), _known(_trips("green", years)), _known(_trips("yellow", years))]
    return f"""select month_of(pickup) as month, service_type, count(*) as n
    from ({" union all by name ".join(f"from {trips}" for trips in datasets)}) where year(pickup) = {year} group by 1, 2
    qualify row_number() over (partition by month order by n desc, service_type) = 1"""


COURSE: dict[str, Callable[..., str]] = {
    query.__name__: query
    for query in (
        quarterly_revenue_growth, fare_percentiles_of_a_month, second_longest_travel_times, zones_with_most_revenue,
        trips_of_a_month, rows_of_monthly_zone_revenue, fhv_trips_with_a_base, fhv_trips_between_known_zones,
        services_with_most_trips,
    )
}  # fmt: skip
