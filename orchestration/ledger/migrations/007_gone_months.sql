-- A month that the source no longer has keeps its rows, and is named.
alter table taxi_ledger.months add column gone_since timestamptz;
comment on column taxi_ledger.months.gone_since is 'When a run first found that the source no longer has the file; null: it has it';
