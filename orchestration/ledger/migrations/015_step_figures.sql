-- What a run was asked, argument by argument; what each step worked on, and what BigQuery billed for it.
alter table taxi_ledger.runs
    add column arguments text[],
    add column bytes_billed bigint;
comment on column taxi_ledger.runs.arguments is 'Of its command line, without secrets';
comment on column taxi_ledger.runs.bytes_billed is 'What BigQuery billed for the steps of the run so far';

alter table taxi_ledger.steps
    add column months text[] not null default '{}',
    add column warehouse text,
    add column attempt bigint,
    add column rows bigint,
    add column bytes bigint,
    add column bytes_billed bigint,
    add column log_file text,
    add column pid bigint;
comment on column taxi_ledger.steps.months is 'As in subject, one by one: green 2024-01, or 2024-01 for all its data sets';
comment on column taxi_ledger.steps.warehouse is 'The one that it worked on, where that is one alone: postgres or bigquery';
comment on column taxi_ledger.steps.attempt is 'How often this run had begun the step for one of its months by then';
comment on column taxi_ledger.steps.rows is 'Rows of the files that it was about';
comment on column taxi_ledger.steps.bytes is 'Bytes of the file that it landed';
comment on column taxi_ledger.steps.bytes_billed is 'What BigQuery billed for it; the embedded one bills nothing';
comment on column taxi_ledger.steps.log_file is 'Below the setting state_dir';
comment on column taxi_ledger.steps.pid is 'The process that did the work, on the host of the run';

-- The steps that there are already: their subject says it.
update taxi_ledger.steps set
    months = case when subject = '' then '{}' else string_to_array(subject, ', ') end,
    warehouse = case
        when step = 'dbt on postgres' then 'postgres'
        when step in ('external tables', 'dbt on bigquery', 'publish the ledger') then 'bigquery'
    end;
