{% macro oddities() -%}
    {{ code_list([
        ("clock_off", "is_clock_off"),
        ("fare_too_low_for_duration", "is_fare_too_low_for_duration"),
        ("meter_left_running", "is_meter_left_running"),
        ("over_100_mph", "is_over_100_mph"),
        ("tip_over_all_else", "abs(tip_amount) >= 50 and abs(tip_amount) * 2 > abs(total_amount)"),
        ("total_too_high_for_duration", "abs(total_amount) >= 100 and duration_seconds between 0 and 59"),
        ("total_too_low_for_miles", "trip_miles >= 20 and abs(total_amount) * 2 < trip_miles"),
    ]) }}
{%- endmacro %}
