-- A file month that BigQuery holds reconciled may leave Postgres (setting postgres_keeps).
alter table taxi_ledger.months
    add column is_in_postgres boolean not null default true,
    add column left_postgres_at timestamptz;
comment on column taxi_ledger.months.is_in_postgres is
'Postgres holds what landed; false: the lake and BigQuery alone do';
comment on column taxi_ledger.months.left_postgres_at is
'When a run dropped the month from Postgres; null while Postgres holds it, and if it never did';
