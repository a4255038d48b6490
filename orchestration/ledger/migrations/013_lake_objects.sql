-- The object of the lake that holds what was measured, so that a run can know it again without reading it.
create table taxi_ledger.lake_objects (
    service_type text not null,
    file_month date not null,
    generation bigint not null,
    bytes bigint not null,
    crc32c text not null,
    digest text not null,
    run_id text not null references taxi_ledger.runs,
    recorded_at timestamptz not null default now(),
    primary key (service_type, file_month)
);
comment on table taxi_ledger.lake_objects is 'The object of the lake that was last found to hold a file month';
comment on column taxi_ledger.lake_objects.digest is 'Of the measure of its rows, as in stages';
