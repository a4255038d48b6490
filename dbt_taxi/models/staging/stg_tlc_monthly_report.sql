-- One row per line of TLC's monthly report (a month and a license class): its texts as numbers, dashes as null.
{{ off_the_lake() }}
{%- set measures = [
    'trips_per_day', 'farebox_per_day', 'unique_drivers', 'unique_vehicles', 'vehicles_per_day',
    'avg_days_vehicles_on_road', 'avg_hours_per_day_per_vehicle', 'avg_days_drivers_on_road',
    'avg_hours_per_day_per_driver', 'avg_minutes_per_trip', 'percent_of_trips_paid_with_credit_card',
    'trips_per_day_shared',
] %}

with source as (
    select * from {{ source('raw', 'tlc_monthly_report') }}
),

parsed as (
    select
        line_number,
        trim(license_class, ' ') as license_class,
        {%- for measure in measures %}
        {{ parse_report_number(measure) }} as {{ measure }},
        {%- endfor %}
        {%- for measure in measures %}
        {{ "+ " if not loop.first }}{{ is_unread_report_value(measure) }}
        {%- endfor %} as unread_values,
        {{ parse_report_month('month_year') }} as report_month
    from source
)

select
    line_number,
    license_class,
    case
        when license_class = 'Yellow' then 'yellow'
        when license_class = 'Green' then 'green'
        -- Until the license of high-volume services began, their trips were in the FHV files.
        when license_class = 'FHV - High Volume' and report_month >= date '2019-02-01' then 'fhvhv'
        when license_class in ('FHV - High Volume', 'FHV - Black Car', 'FHV - Livery', 'FHV - Lux Limo') then 'fhv'
    end as service_type,
    {%- for measure in measures if measure != "avg_minutes_per_trip" %}
    {{ measure }},
    {%- endfor %}
    nullif(avg_minutes_per_trip, 0) as avg_minutes_per_trip,  -- TLC writes 0 where it has none
    unread_values,
    report_month is not null
    and row_number() over (partition by report_month, license_class order by line_number) > 1 as is_repeated,
    report_month
from parsed
