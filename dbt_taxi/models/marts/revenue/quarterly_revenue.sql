-- One row per data set and quarter of pick-up: trips and revenue, with the growth over the same quarter a year before.
with monthly_zone_revenue as (
    select * from {{ ref('monthly_zone_revenue') }}
),

by_month as (
    select
        service_type,
        sum(trips) as trips,
        sum(total_amount) as total_amount,
        case when has_own_file then 1 else 0 end as has_data,
        pickup_month
    from monthly_zone_revenue
    group by service_type, has_own_file, pickup_month
),

by_quarter as (
    select
        service_type,
        cast(sum(has_data) as bigint) as months_with_data,
        -- which ones: 110 is the first and the second month of the quarter
        sum(
            has_data * case mod(extract(month from pickup_month), 3) when 1 then 100 when 2 then 10 else 1 end
        ) as which_months,
        cast(sum(trips) as bigint) as trips,
        cast(sum(total_amount) as numeric) as total_amount,
        cast({{ local_trunc('quarter', 'pickup_month') }} as date) as pickup_quarter
    from by_month
    group by service_type, cast({{ local_trunc('quarter', 'pickup_month') }} as date)
),

year_before as (
    select
        service_type,
        which_months,
        trips,
        total_amount,
        cast({{ dbt.dateadd('year', 1, 'pickup_quarter') }} as date) as next_pickup_quarter
    from by_quarter
    where months_with_data > 0
)

select
    by_quarter.service_type,
    by_quarter.months_with_data,
    by_quarter.trips,
    year_before.trips as trips_year_before,
    {{ rounded_ratio('(by_quarter.trips - year_before.trips) * 100', 'year_before.trips') }} as trips_growth_percent,
    by_quarter.total_amount,
    year_before.total_amount as total_amount_year_before,
    {{ rounded_ratio(
        cents_of('(by_quarter.total_amount - year_before.total_amount)') ~ ' * 100',
        cents_of('year_before.total_amount'),
    ) }} as total_amount_growth_percent,
    by_quarter.pickup_quarter
from by_quarter
-- A quarter with other months, or fewer, is nothing to compare with: growth would be made of what isn't loaded.
left join year_before
    on
        by_quarter.service_type = year_before.service_type
        and by_quarter.pickup_quarter = year_before.next_pickup_quarter
        and by_quarter.which_months = year_before.which_months
