-- One row per step of a run: what it was about, how long it took, how it ended.
with source as (
    select * from {{ source('ledger', 'steps') }}
),

renamed as (
    select
        -- ids
        run_id,

        -- strings
        step,
        subject,
        outcome,
        error,

        -- numerics
        step_number,
        milliseconds,
        run_milliseconds,

        -- timestamps
        started_at,
        finished_at
    from source
)

select * from renamed
