-- One row per accepted trip (data set, file month, row number in the file); a file month is replaced as a whole.
{{ by_file_month(require_partition_filter=true) }}

with int_trips_checked as (
    select * from {{ ref('int_trips_checked') }}
    where
        {{ in_file_months() }}
        and not is_rejected
),

int_refund_pairs as (
    select * from {{ ref('int_refund_pairs') }}
    where {{ in_file_months() }}
)

select
    {{ trip_column_names('int_trips_checked') }},
    int_trips_checked.duration_seconds,
    -- A ride booked for later may be "requested" after it began.
    case
        when int_trips_checked.requested_at <= int_trips_checked.pickup_at
            then {{ seconds_between('int_trips_checked.requested_at', 'int_trips_checked.pickup_at') }}
    end as wait_seconds,
    case
        when int_trips_checked.has_credible_speed
            then {{ average_mph('int_trips_checked.trip_miles', 'int_trips_checked.duration_seconds') }}
    end as average_mph,
    int_trips_checked.is_over_fall_back,
    int_trips_checked.is_refund,
    int_refund_pairs.row_number is not null and not int_trips_checked.is_refund as is_refunded,
    int_trips_checked.is_null_block,
    int_trips_checked.is_meter_left_running,
    int_trips_checked.is_clock_off,
    int_trips_checked.has_unknown_minutes,
    int_trips_checked.has_unknown_code,
    int_trips_checked.has_credible_duration,
    int_trips_checked.has_credible_speed,
    {{ is_in_zones('int_trips_checked.pickup_location_id', airport_zones()) }}
    or {{ is_in_zones('int_trips_checked.dropoff_location_id', airport_zones()) }} as is_airport_trip,
    {{ is_in_zones('int_trips_checked.pickup_location_id', congestion_zones()) }}
    or {{ is_in_zones('int_trips_checked.dropoff_location_id', congestion_zones()) }} as is_in_congestion_zone,
    int_refund_pairs.paired_row_number,
    int_trips_checked.nulled_fields,
    int_trips_checked.oddities
from int_trips_checked
left join int_refund_pairs
    on
        int_trips_checked.service_type = int_refund_pairs.service_type
        and int_trips_checked.file_month = int_refund_pairs.file_month
        and int_trips_checked.row_number = int_refund_pairs.row_number
