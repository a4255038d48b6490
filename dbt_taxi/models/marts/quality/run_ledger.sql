-- One row per run of the pipeline that had something to do: how it ended, and how long its parts took.
{%- set parts = {
    'landing': 'ingest',
    'postgres': 'dbt on postgres',
    'bigquery': 'dbt on bigquery',
    'reconciling': 'reconcile',
} %}

with stg_ledger_runs as (
    select * from {{ ref('stg_ledger_runs') }}
),

-- Without the copying of the ledger itself, whose end no copy can hold: so that both warehouses tell the same.
stg_ledger_steps as (
    select
        *,
        max(case when finished_at is not null then step_number end) over (partition by run_id) as last_step_number
    from {{ ref('stg_ledger_steps') }}
    where step != 'publish the ledger'
),

worked as (
    select
        run_id,
        count(*) as steps,
        sum(case when outcome = 'failed' then 1 else 0 end) as failed_steps,
        {% for part, step in parts.items() -%}
        cast(
            coalesce(sum(case when step = '{{ step }}' then milliseconds end), 0) as bigint
        ) as {{ part }}_milliseconds,
        {% endfor -%}
        max(case when step_number = last_step_number then finished_at end) as last_finished_at,
        max(case when step_number = last_step_number then run_milliseconds end) as total_milliseconds
    from stg_ledger_steps
    group by run_id
),

-- The work's own end: a run that was killed is closed by the next one, whenever that is.
ended as (
    select
        stg_ledger_runs.*,
        case when stg_ledger_runs.outcome != 'running' then worked.last_finished_at end as work_finished_at,
        case when stg_ledger_runs.outcome != 'running' then worked.total_milliseconds end as total_milliseconds,
        worked.steps,
        {% for part in parts -%}
        worked.{{ part }}_milliseconds,
        {% endfor -%}
        worked.failed_steps
    from stg_ledger_runs
    inner join worked
        on stg_ledger_runs.run_id = worked.run_id
)

select
    run_id,
    command,
    profile,
    source_location,
    outcome,
    error,
    steps,
    cast(failed_steps as bigint) as failed_steps,
    {% for part in parts -%}
    {{ integer_division(part ~ '_milliseconds + 500', 1000) }} as {{ part }}_seconds,
    {% endfor -%}
    {{ integer_division('total_milliseconds + 500', 1000) }} as total_seconds,
    started_at,
    work_finished_at as finished_at
from ended
