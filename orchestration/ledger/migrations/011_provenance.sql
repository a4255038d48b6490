-- Who began a run, how, and with which code.
alter table taxi_ledger.runs
    add column started_by text,
    add column host text,
    add column trigger text not null default 'hand',  -- hand, tick
    add column git_commit text,
    add column is_dirty boolean,  -- the working tree differed from that commit
    add column requirements_sha256 text,  -- of the file that pins the packages
    add column dbt_project text;  -- the dbt project's fingerprint
comment on column taxi_ledger.runs.trigger is 'What began the run: hand or tick';
comment on column taxi_ledger.runs.is_dirty is 'The working tree differed from that commit';
