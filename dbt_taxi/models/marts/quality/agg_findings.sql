-- One row per data set, file month and list of findings: accepted trips that have a field nulled or an oddity.
{{ by_file_month(cluster_by=["service_type"]) }}

with fct_trips as (
    select * from {{ ref('fct_trips') }}
    where
        {{ in_file_months() }}
        and (nulled_fields is not null or oddities is not null)
),

listed as (
    select
        service_type,
        case
            when nulled_fields is null then oddities
            when oddities is null then nulled_fields
            else nulled_fields || ',' || oddities
        end as findings,
        total_amount,
        file_month
    from fct_trips
)

select
    service_type,
    findings,
    count(*) as trips,
    cast(sum(total_amount) as numeric) as total_amount,
    file_month
from listed
group by service_type, findings, file_month
