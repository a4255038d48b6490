-- Is a file month complete? Which of its data sets are there, and did every store get every row and every cent?
{%- set file_month = '2023-02-01' %}

select
    service_type,
    state,
    is_complete,
    file_rows,
    postgres_accepted_rows,
    postgres_rejected_rows,
    bigquery_accepted_rows,
    bigquery_rejected_rows
from {{ ref('month_ledger') }}
where file_month = date '{{ file_month }}'
order by service_type
