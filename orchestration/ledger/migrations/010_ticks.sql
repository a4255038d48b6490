-- A tick asks the source for new and republished months, and runs only where there are some.
create table taxi_ledger.ticks (
    tick_number bigint generated always as identity primary key,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    outcome text not null default 'running',  -- running, nothing, done, failed, paused
    checked text[] not null default '{}',  -- the months that the source was asked about, such as 'green 2024-03'
    run_id text references taxi_ledger.runs,
    error text
);
comment on table taxi_ledger.ticks is 'One row per tick: which months it asked the source about, and what came of it';

create table taxi_ledger.pauses (
    pause_number bigint generated always as identity primary key,
    paused_at timestamptz not null default clock_timestamp(),
    paused_by text not null,
    why text not null,
    resumed_at timestamptz,
    resumed_by text
);
create unique index on taxi_ledger.pauses ((true)) where resumed_at is null;
comment on table taxi_ledger.pauses is 'When ticks were told to do nothing, by whom and why; at most one is in force';
