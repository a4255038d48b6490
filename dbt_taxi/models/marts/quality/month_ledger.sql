-- One row per data set and file month that is known or ought to be: whether it is complete, and what each store holds.
{%- set stages = [
    'file', 'postgres_raw', 'lake', 'bigquery_raw',
    'postgres_accepted', 'postgres_rejected', 'bigquery_accepted', 'bigquery_rejected',
] %}

with stg_ledger_months as (
    select * from {{ ref('stg_ledger_months') }}
),

stg_ledger_stages as (
    select
        *,
        max(case when stage != 'file' then run_number end)
            over (partition by service_type, file_month) as last_run_number
    from {{ ref('stg_ledger_stages') }}
),

months as (
    select date_day as file_month
    from {{ ref('dim_dates') }}
    where date_day = calendar_month
),

-- A data set that was begun is expected from its first known month to the newest one that is known of any data set.
begun as (
    select
        service_type,
        min(file_month) as first_file_month
    from stg_ledger_months
    group by service_type
),

newest as (
    select max(file_month) as file_month
    from stg_ledger_months
),

expected as (
    select
        begun.service_type,
        months.file_month
    from begun
    cross join newest
    inner join months
        on months.file_month between begun.first_file_month and newest.file_month
),

-- What Postgres held of a month that has left it is history.
held as (
    select stg_ledger_stages.*
    from stg_ledger_stages
    left join stg_ledger_months
        on
            stg_ledger_stages.service_type = stg_ledger_months.service_type
            and stg_ledger_stages.file_month = stg_ledger_months.file_month
    where stg_ledger_months.is_in_postgres or stg_ledger_stages.stage not like 'postgres%'
),

measured as (
    select
        service_type,
        file_month,
        {% for stage in stages -%}
        max(case when stage = '{{ stage }}' then row_count end) as {{ stage }}_rows,
        max(case when stage = '{{ stage }}' then cents end) as {{ stage }}_cents,
        {% endfor -%}
        max(case when stage != 'file' and run_number = last_run_number then measured_at end) as reconciled_at
    from held
    group by service_type, file_month
)

select
    expected.service_type,
    coalesce(stg_ledger_months.state, 'missing') as state,
    coalesce(stg_ledger_months.state = 'done' and stg_ledger_months.difference = 0, false) as is_complete,
    coalesce(stg_ledger_months.is_in_postgres and stg_ledger_months.row_count is not null, false) as is_in_postgres,
    stg_ledger_months.difference,
    {% for stage in stages -%}
    measured.{{ stage }}_rows,
    {% endfor -%}
    {% for stage in stages -%}
    {{ dollars('measured.' ~ stage ~ '_cents') }} as {{ stage }}_dollars,
    {% endfor -%}
    stg_ledger_months.error,
    stg_ledger_months.run_id,
    expected.file_month,
    measured.reconciled_at,
    stg_ledger_months.updated_at
from expected
left join stg_ledger_months
    on
        expected.service_type = stg_ledger_months.service_type
        and expected.file_month = stg_ledger_months.file_month
left join measured
    on
        expected.service_type = measured.service_type
        and expected.file_month = measured.file_month
