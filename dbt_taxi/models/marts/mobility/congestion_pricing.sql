-- One row per data set, calendar month of pick-up (January 2025 has two: before and since the 5th) and relation of the
-- trips to the Congestion Relief Zone, beside the same month a year before.
{%- set zone_relation = relation_to_congestion_zone('pickup_location_id', 'dropoff_location_id') %}
{%- set timed = ['trips', 'timed_trips', 'duration_seconds', 'driven_seconds'] %}
{%- set period = ['service_type', 'zone_relation', 'is_under_congestion_pricing', 'pickup_month'] %}
{%- set whole_month = ['service_type', 'zone_relation', 'pickup_month'] %}

-- Some hundred rows a month, which both medians are made from.
with travel_times as (
    select
        service_type,
        zone_relation,
        is_under_congestion_pricing,
        minutes,
        sum(trips) as trips,
        pickup_month
    from {{ ref('agg_area_travel_times') }}
    group by service_type, zone_relation, is_under_congestion_pricing, minutes, pickup_month
),

days as (
    select
        calendar_month,
        is_congestion_pricing,
        count(*) as days_in_period
    from {{ ref('dim_dates') }}
    group by calendar_month, is_congestion_pricing
),

months as (
    select
        calendar_month,
        cast(sum(days_in_period) as bigint) as days_in_month
    from days
    group by calendar_month
),

by_period as (
    select
        service_type,
        {{ zone_relation }} as zone_relation,
        is_under_congestion_pricing,
        pickup_month,
        {% for count in timed + ['refunds', 'paid_trips', 'driven_trips'] -%}
        cast(sum({{ count }}) as bigint) as {{ count }},
        {% endfor -%}
        cast(sum(driven_miles) as numeric) as driven_miles,
        cast(sum(cbd_congestion_fee_amount) as numeric) as cbd_congestion_fee_amount,
        cast(sum(paid_total_amount) as numeric) as paid_total_amount,
        has_own_file
    from {{ of_reported_months(ref('agg_zone_pairs')) }}
    group by {{ period | join(', ') }}, has_own_file
),

year_before as (
    select
        {{ whole_month | join(', ') }},
        {% for count in timed -%}
        cast(sum({{ count }}) as bigint) as {{ count }},
        {% endfor -%}
        cast(sum(driven_miles) as numeric) as driven_miles,
        cast({{ dbt.dateadd('year', 1, 'pickup_month') }} as date) as next_pickup_month
    from by_period
    where has_own_file
    group by {{ whole_month | join(', ') }}
),

medians as (
    {{ median_of_counts('travel_times', 'minutes', period) }}
),

medians_of_months as (
    {{ median_of_counts('travel_times', 'minutes', whole_month) }}
)

select
    by_period.service_type,
    by_period.zone_relation,
    by_period.is_under_congestion_pricing,
    days.days_in_period,
    by_period.trips,
    {{ rounded_ratio('by_period.trips', 'days.days_in_period') }} as trips_per_day,
    by_period.timed_trips,
    by_period.trips - by_period.refunds - by_period.timed_trips as untimed_trips,
    {{ rounded_ratio('by_period.duration_seconds', 'by_period.timed_trips * 60') }} as average_minutes,
    medians.median_minutes,
    by_period.driven_trips,
    {{ average_mph('by_period.driven_miles', 'by_period.driven_seconds') }} as average_mph,
    {{ rounded_ratio(cents_of('by_period.paid_total_amount'), 'by_period.paid_trips * 100') }} as average_total_amount,
    by_period.cbd_congestion_fee_amount,
    {{ rounded_ratio('year_before.trips', 'months_before.days_in_month') }} as trips_per_day_year_before,
    {{ rounded_ratio('year_before.duration_seconds', 'year_before.timed_trips * 60') }} as average_minutes_year_before,
    medians_of_months.median_minutes as median_minutes_year_before,
    {{ average_mph('year_before.driven_miles', 'year_before.driven_seconds') }} as average_mph_year_before,
    by_period.has_own_file,
    by_period.pickup_month
from by_period
inner join days
    on
        by_period.pickup_month = days.calendar_month
        and by_period.is_under_congestion_pricing = days.is_congestion_pricing
left join year_before
    on
        by_period.service_type = year_before.service_type
        and by_period.zone_relation = year_before.zone_relation
        and by_period.pickup_month = year_before.next_pickup_month
left join months as months_before
    on year_before.pickup_month = months_before.calendar_month
left join medians
    on
        by_period.service_type = medians.service_type
        {%- for column in period[1:] %}
        and by_period.{{ column }} = medians.{{ column }}
        {%- endfor %}
left join medians_of_months
    on
        year_before.service_type = medians_of_months.service_type
        {%- for column in whole_month[1:] %}
        and year_before.{{ column }} = medians_of_months.{{ column }}
        {%- endfor %}
