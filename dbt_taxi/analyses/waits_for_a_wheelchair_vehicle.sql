-- How long does one wait for a wheelchair-accessible vehicle of Uber and Lyft, and how often does one come?

with by_company as (
    select
        company_id,
        sum(trips) as trips,
        sum(wheelchair_requests) as requests,
        sum(wheelchair_match_known) as match_known,
        sum(wheelchair_matches) as matches,
        sum(wheelchair_waits) as wheelchair_waits,
        sum(wheelchair_wait_seconds) as wheelchair_wait_seconds,
        sum(waits - wheelchair_waits) as other_waits,
        sum(wait_seconds - wheelchair_wait_seconds) as other_wait_seconds
    from {{ of_reported_months(ref('agg_high_volume_trips')) }}
    group by company_id
)

select
    dim_companies.company_name,
    by_company.trips,
    by_company.requests,
    {{ rounded_ratio('by_company.matches * 100', 'by_company.match_known') }} as match_percent,
    {{ rounded_ratio('by_company.wheelchair_wait_seconds', 'by_company.wheelchair_waits * 60') }}
        as average_wait_minutes,
    {{ rounded_ratio('by_company.other_wait_seconds', 'by_company.other_waits * 60') }}
        as average_other_wait_minutes
from by_company
left join {{ ref('dim_companies') }} as dim_companies
    on by_company.company_id = dim_companies.company_id
order by by_company.company_id
