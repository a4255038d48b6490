-- One row per run of the pipeline: what it was asked to do, and how it ended.
with runs as (
    select * from {{ source('ledger', 'runs') }}
),

renamed as (
    select
        -- ids
        run_id,

        -- strings
        command,
        profile,
        source as source_location,
        outcome,
        error,

        -- numerics
        run_number,

        -- timestamps
        started_at,
        finished_at
    from runs
)

select * from renamed
