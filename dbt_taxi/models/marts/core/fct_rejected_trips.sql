-- One row per rejected trip, with the sorted codes of the rules it breaks; a file month is replaced as a whole.
{{ by_file_month(require_partition_filter=true) }}

with int_trips_checked as (
    select * from {{ ref('int_trips_checked') }}
    where {{ in_file_months() }}
)

select
    {{ trip_column_names() }},
    duration_seconds,
    is_over_fall_back,
    is_refund,
    is_null_block,
    is_meter_left_running,
    is_clock_off,
    has_unknown_minutes,
    has_unknown_code,
    has_credible_duration,
    has_credible_speed,
    nulled_fields,
    oddities,
    reject_reasons
from int_trips_checked
where is_rejected
