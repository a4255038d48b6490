-- The ledger: what was wanted, done, measured and found different. "if not exists": it may be older than migrations.
create schema if not exists taxi_ledger;

create table if not exists taxi_ledger.migrations (
    version bigint primary key,
    name text not null,
    applied_at timestamptz not null default now()
);
comment on table taxi_ledger.migrations is 'One row per migration of these tables (orchestration/migrations/)';

create table if not exists taxi_ledger.runs (
    run_id text primary key,
    command text not null,
    profile text not null,
    source text not null,
    versions jsonb not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    outcome text not null default 'running',  -- running, done, failed, interrupted
    error text
);
comment on table taxi_ledger.runs is 'One row per run of the pipeline';

create table if not exists taxi_ledger.steps (
    run_id text not null references taxi_ledger.runs,
    step text not null,
    subject text not null default '',  -- the data set and month, or the file months, that the step was about
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    outcome text not null default 'running',
    error text,
    primary key (run_id, step, subject, started_at)
);
comment on table taxi_ledger.steps is 'One row per step of a run: what it was about, how long it took, how it ended';

create table if not exists taxi_ledger.months (
    dataset text not null,
    file_month date not null,
    state text not null,  -- landing, landed, done, failed
    source_name text,
    source_etag text,
    source_length bigint,
    source_sha256 text,
    declared text,  -- fingerprint of the declared columns that the month was landed with
    stores text,  -- the lake and the BigQuery project that it was landed in
    stores_differ boolean not null default false,  -- a landing broke off: one store may have it, the other not
    undeclared jsonb not null default '[]',  -- columns that the file had and nobody declared
    rows bigint,
    difference bigint,  -- rows and cents by which the stages differ, added up; null: not reconciled
    error text,
    run_id text references taxi_ledger.runs,
    updated_at timestamptz not null default now(),
    primary key (dataset, file_month)
);
comment on table taxi_ledger.months is 'The present state of each file month of each data set';

create table if not exists taxi_ledger.builds (
    warehouse text primary key,
    stores text not null,
    project text not null,  -- fingerprint of the dbt project
    relations text[] not null,  -- schema.name of all that it made
    run_id text not null references taxi_ledger.runs,
    built_at timestamptz not null default now()
);
comment on table taxi_ledger.builds is 'The last time that each warehouse was built from the whole dbt project';

create table if not exists taxi_ledger.stages (
    run_id text not null references taxi_ledger.runs,
    dataset text not null,
    file_month date not null,
    stage text not null,
    rows bigint not null,
    cents bigint not null,
    digest text not null,
    columns jsonb not null,  -- per column: number of values, sum, weighted sum
    seconds double precision not null,
    measured_at timestamptz not null default now(),
    primary key (run_id, dataset, file_month, stage)
);
comment on table taxi_ledger.stages is 'What each store held of a file month when a run measured it';
