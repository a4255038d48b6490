-- One row per taxi trip whose clock was wrong, told by the trips around it in the file; by file month.
{{ by_file_month(cluster_by=["service_type"]) }}
{%- set in_stretch = "partition by service_type, file_month, stretch, vendor_id" -%}
{%- set in_block = "partition by service_type, file_month, pickup_location_id" -%}
{%- set around = "(partition by service_type, file_month, vendor_id order by stretch"
    ~ " range between 1 preceding and 1 following)" %}

with doubtful_stretches as (
    {{ doubtful_stretches() }}
),

readings as (
    select
        taxi_trips.service_type,
        taxi_trips.file_month,
        taxi_trips.stretch,
        taxi_trips.row_number,
        taxi_trips.vendor_id,
        {{ hour_of('taxi_trips.pickup_at') }} as pickup_hour,
        cast(taxi_trips.pickup_at as date) as pickup_date,
        doubtful_stretches.file_trips
    from {{ clock_readings() }}
    inner join doubtful_stretches
        on
            taxi_trips.service_type = doubtful_stretches.service_type
            and taxi_trips.file_month = doubtful_stretches.file_month
            and taxi_trips.stretch = doubtful_stretches.stretch
),

days as (
    select
        *,
        count(*) over ({{ in_stretch }}, pickup_date) as day_trips,
        count(*) over ({{ in_stretch }}) as stretch_trips
    from readings
),

usual_days as (
    select
        *,
        max(day_trips) over ({{ in_stretch }}) as usual_trips,
        first_value(pickup_date) over ({{ in_stretch }} order by day_trips desc, pickup_date asc) as usual_date
    from days
),

-- The neighbours' too: a file may go on at another date.
spans as (
    select
        *,
        min(case when pickup_date = usual_date then pickup_hour end) over {{ around }} as first_hour,
        max(case when pickup_date = usual_date then pickup_hour end) over {{ around }} as last_hour
    from usual_days
),

judged as (
    select
        *,
        case
            when usual_trips < 16 or usual_trips * 2 < stretch_trips then 0
            when {{ seconds_between('pickup_hour', 'first_hour') }} >= 64800 then 1
            when {{ seconds_between('last_hour', 'pickup_hour') }} >= 64800 then 1
            else 0
        end as is_off
    from spans
),

shares as (
    select
        *,
        sum(is_off) over (partition by service_type, file_month) as off_trips
    from judged
),

blocks as (
    select
        *,
        count(case when has_month_as_minutes then 1 end) over ({{ in_block }}) as matching_trips,
        count(*) over ({{ in_block }}) as block_trips
    from {{ clock_readings() }}
    where is_null_block
),

found as (
    select
        service_type,
        file_month,
        row_number,
        1 as is_off,
        0 as is_unknown
    from shares
    where is_off = 1 and off_trips * 20 <= file_trips  -- more of them: a file in another order
    union all
    select
        service_type,
        file_month,
        row_number,
        0 as is_off,
        1 as is_unknown
    from blocks
    where has_month_as_minutes and matching_trips >= 10 and matching_trips * 2 >= block_trips
)

select
    service_type,
    file_month,
    row_number,
    max(is_off) = 1 as is_clock_off,
    max(is_unknown) = 1 as has_unknown_minutes
from found
group by service_type, file_month, row_number
