-- One row per taxi trip whose clock was wrong, told by the trips around it in the file; by file month.
{{ by_file_month(cluster_by=["dataset"]) }}

{%- set taxi_trips = clock_readings() -%}
{%- set in_stretch = "dataset, file_month, stretch, vendor_id" -%}
{%- set neighbours -%}
    (partition by dataset, file_month, vendor_id order by stretch rows between 1 preceding and 1 following)
{%- endset %}

with hours as (
    select
        {{ in_stretch }},
        pickup_hour,
        cast(pickup_hour as date) as pickup_date,
        count(*) as trips
    from {{ taxi_trips }}
    group by {{ in_stretch }}, pickup_hour
),

days as (
    select
        {{ in_stretch }},
        pickup_date,
        sum(trips) as trips,
        sum(sum(trips)) over (partition by {{ in_stretch }}) as stretch_trips,
        row_number() over (partition by {{ in_stretch }} order by sum(trips) desc, pickup_date) as place,
        min(pickup_hour) as first_hour,
        max(pickup_hour) as last_hour
    from hours
    group by {{ in_stretch }}, pickup_date
),

-- The commonest day of a stretch, and from when to when it and its neighbours' are: a file may go on at another date.
usual_days as (
    select
        {{ in_stretch }},
        trips >= 16 and trips * 2 >= stretch_trips as is_in_order,
        min(first_hour) over {{ neighbours }} as first_hour,
        max(last_hour) over {{ neighbours }} as last_hour
    from days
    where place = 1
),

judged_hours as (
    select
        hours.*,
        usual_days.is_in_order
        and (
            -- 18 hours
            {{ seconds_between('hours.pickup_hour', 'usual_days.first_hour') }} >= 64800
            or {{ seconds_between('usual_days.last_hour', 'hours.pickup_hour') }} >= 64800
        ) as is_off
    from hours
    inner join usual_days
        on
            hours.dataset = usual_days.dataset
            and hours.file_month = usual_days.file_month
            and hours.stretch = usual_days.stretch
            and hours.vendor_id = usual_days.vendor_id
),

shares as (
    select
        *,
        sum(trips) over (partition by dataset, file_month) as file_trips,
        sum(case when is_off then trips else 0 end) over (partition by dataset, file_month) as off_trips
    from judged_hours
),

blocks as (
    select
        dataset,
        file_month,
        pickup_location_id
    from {{ taxi_trips }}
    where is_null_block
    group by dataset, file_month, pickup_location_id
    having
        count(case when has_month_as_minutes then 1 end) >= 10
        and count(case when has_month_as_minutes then 1 end) * 2 >= count(*)
)

select
    taxi_trips.dataset,
    taxi_trips.file_month,
    taxi_trips.row_number,
    shares.pickup_hour is not null as is_clock_off,
    blocks.file_month is not null as has_unknown_minutes
from {{ taxi_trips }}
left join shares
    on
        shares.is_off
        and shares.off_trips * 20 <= shares.file_trips  -- more of them: a file in another order
        and taxi_trips.dataset = shares.dataset
        and taxi_trips.file_month = shares.file_month
        and taxi_trips.stretch = shares.stretch
        and taxi_trips.vendor_id = shares.vendor_id
        and taxi_trips.pickup_hour = shares.pickup_hour
left join blocks
    on
        taxi_trips.is_null_block
        and taxi_trips.has_month_as_minutes
        and taxi_trips.dataset = blocks.dataset
        and taxi_trips.file_month = blocks.file_month
        and taxi_trips.pickup_location_id = blocks.pickup_location_id
where shares.pickup_hour is not null or blocks.file_month is not null
