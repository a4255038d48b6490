-- One row per data set and file month that a run has taken up: its present state.
with source as (
    select * from {{ source('ledger', 'months') }}
),

renamed as (
    select
        -- ids
        run_id,

        -- strings
        service_type,
        state,
        source_name,
        source_etag,
        source_sha256,
        declared as declared_fingerprint,
        stores,
        error,

        -- numerics
        source_length as source_bytes,
        {{ adapter.quote('rows') }} as row_count,
        difference,
        change_number,

        -- booleans
        stores_differ as has_differing_stores,
        is_in_postgres,

        -- dates
        file_month,

        -- timestamps
        updated_at
    from source
)

select * from renamed
