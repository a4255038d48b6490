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
        coalesce({{ dbt.datediff('started_at', 'finished_at', 'second') }}, 0) as seconds
    from {{ ref('stg_ledger_steps') }}
    where step != 'publish the ledger'
),

worked as (
    select
        run_id,
        count(*) as steps,
        sum(case when outcome = 'failed' then 1 else 0 end) as failed_steps,
        {% for part, step in parts.items() -%}
        sum(case when step = '{{ step }}' then seconds else 0 end) as {{ part }}_seconds,
        {% endfor -%}
        max(finished_at) as last_finished_at
    from stg_ledger_steps
    group by run_id
),

-- The work's own end: a run that was killed is closed by the next one, whenever that is.
ended as (
    select
        stg_ledger_runs.*,
        case when stg_ledger_runs.outcome != 'running' then worked.last_finished_at end as work_finished_at,
        worked.steps,
        {% for part in parts -%}
        worked.{{ part }}_seconds,
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
    cast({{ part }}_seconds as bigint) as {{ part }}_seconds,
    {% endfor -%}
    cast(
        {{ dbt.datediff('started_at', 'work_finished_at', 'second') }}
        as bigint
    ) as total_seconds,
    started_at,
    work_finished_at as finished_at
from ended
