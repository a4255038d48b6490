-- One row per calendar month of pick-up, service type and indicator: its value by our trips, by TLC's report, and the
-- difference.
{%- set indicators = [
    'trips_per_day', 'farebox_per_day', 'avg_minutes_per_trip', 'percent_of_trips_paid_with_credit_card',
    'trips_per_day_shared',
] %}

with tlc_monthly_indicators as (
    select * from {{ ref('tlc_monthly_indicators') }}
),

stg_tlc_monthly_report as (
    select * from {{ ref('stg_tlc_monthly_report') }}
    where not is_repeated
),

-- A service type is known to TLC's report if all its license classes are.
reported as (
    select
        service_type,
        sum(trips_per_day) as trips_per_day,
        sum(farebox_per_day) as farebox_per_day,
        case
            when count(avg_minutes_per_trip) = count(*)
                then {{ rounded_ratio('sum(avg_minutes_per_trip * trips_per_day * 100)', 'sum(trips_per_day) * 100') }}
        end as avg_minutes_per_trip,
        max(percent_of_trips_paid_with_credit_card) as percent_of_trips_paid_with_credit_card,
        sum(trips_per_day_shared) as trips_per_day_shared,
        report_month
    from stg_tlc_monthly_report
    where service_type is not null
    group by service_type, report_month
    having
        count(*) = case
            when service_type != 'fhv' then 1
            when report_month >= date '2019-02-01' then 3
            else 4
        end
),

compared as (
    {% for indicator in indicators -%}
    select
        own.service_type,
        '{{ indicator }}' as indicator,
        own.{{ indicator }} as own_value,
        {{ decimal_of(cents_of('reported.' ~ indicator), 2) }} as tlc_value,
        own.pickup_month
    from tlc_monthly_indicators as own
    left join reported
        on
            own.service_type = reported.service_type
            and own.pickup_month = reported.report_month
    {{ "union all" if not loop.last }}
    {% endfor -%}
)

select
    service_type,
    indicator,
    own_value,
    tlc_value,
    own_value - tlc_value as value_difference,
    {{ rounded_ratio(cents_of('own_value - tlc_value') ~ ' * 100', cents_of('tlc_value')) }} as difference_percent,
    pickup_month
from compared
where own_value is not null or tlc_value is not null
