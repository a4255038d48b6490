-- What somebody asked the line for without a terminal, by the page or its API. A process of its own does it.
create table taxi_ledger.requests (
    request_number bigint generated always as identity primary key,
    kind text not null,  -- run, tick
    requested_by text not null,
    requested_at timestamptz not null default clock_timestamp(),
    plan text,  -- the hash of the plan that was shown; null: none was
    options jsonb not null default '{}',  -- of `run`: datasets, months, source, force
    document jsonb,  -- that plan
    machine text not null default '',  -- of the process that does it
    pid bigint,
    process_started text not null default '',
    outcome text not null default 'waiting',  -- waiting, running, done, failed, refused, interrupted
    error text,
    finished_at timestamptz
);
create unique index on taxi_ledger.requests ((true)) where outcome in ('waiting', 'running');
comment on table taxi_ledger.requests is 'What the page and its API asked the line for; at most one is open';

alter table taxi_ledger.runs add column request_number bigint references taxi_ledger.requests;
create index on taxi_ledger.runs (request_number) where request_number is not null;
comment on column taxi_ledger.runs.trigger is 'What began the run: hand, tick or request';
comment on column taxi_ledger.runs.request_number is 'The request that the run is for';
