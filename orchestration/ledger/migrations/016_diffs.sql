-- What a new edition of a month's file changed, measured before its rows replaced the old ones.
create table taxi_ledger.diffs (
    diff_number bigint generated always as identity primary key,
    service_type text not null,
    file_month date not null,
    run_id text not null references taxi_ledger.runs,
    etag_before text,
    sha256_before text not null,
    etag_after text,
    sha256_after text not null,
    rows_before bigint,
    rows_after bigint,
    added bigint,
    removed bigint,
    changed bigint,  -- rows whose key is unique in both editions, and that differ
    unclear bigint,  -- of those added, as many as were removed under a key that several rows share
    cents bigint,
    columns jsonb not null default '{}',  -- per column: in how many of the changed rows it differs
    seconds double precision not null,
    error text,
    recorded_at timestamptz not null default clock_timestamp()
);
create index on taxi_ledger.diffs (service_type, file_month, diff_number desc);
comment on table taxi_ledger.diffs is 'What each republished edition changed in the raw rows that it replaced';
comment on column taxi_ledger.diffs.cents is 'By how much the dollars of the month grew';
comment on column taxi_ledger.diffs.error is 'Why the editions were not compared; the counts are then null';
