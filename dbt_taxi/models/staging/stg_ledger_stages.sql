-- One row per data set, file month and stage of the line: what it held when it was last measured.
with source as (
    select * from {{ source('ledger', 'stages') }}
),

renamed as (
    select
        -- ids
        run_id,

        -- strings
        service_type,
        stage,
        digest,

        -- numerics
        run_number,
        {{ adapter.quote('rows') }} as row_count,
        cents,

        -- dates
        file_month,

        -- timestamps
        measured_at
    from source
),

ranked as (
    select
        *,
        row_number() over (
            partition by service_type, file_month, stage order by run_number desc
        ) as place
    from renamed
)

select
    run_id,
    service_type,
    stage,
    digest,
    run_number,
    row_count,
    cents,
    file_month,
    measured_at
from ranked
where place = 1
