{% macro doubtful_stretches() -%}
    {#- Nearly all stretches of a file in order are of an hour or two: only others and their neighbours are worth the
        windows that compare single trips. -#}
    select
        service_type,
        file_month,
        stretch,
        file_trips
    from (
        select
            *,
            sum(trips) over (partition by service_type, file_month) as file_trips,
            sum(is_wide) over (partition by service_type, file_month) as wide_stretches,
            count(*) over (partition by service_type, file_month) as file_stretches,
            max(is_wide) over (
                partition by service_type, file_month order by stretch range between 1 preceding and 1 following
            ) as is_near_wide
        from (
            select
                service_type,
                file_month,
                stretch,
                count(*) as trips,
                case
                    when {{ seconds_between(hour_of("min(pickup_at)"), hour_of("max(pickup_at)")) }} >= 64800 then 1
                    else 0
                end as is_wide
            from {{ clock_readings() }}
            group by service_type, file_month, stretch
        ) as stretches
    ) as neighbourhoods
    where is_near_wide = 1 and wide_stretches * 4 <= file_stretches * 3
{%- endmacro %}
