-- A month whose tables somebody made by hand with dbt, and `orchestrate.py adopt` took over: what is missing is to
-- reconcile it.
alter table taxi_ledger.months add column is_built boolean not null default false;
comment on column taxi_ledger.months.is_built is
'Landed, and its tables are made on both warehouses: reconciling is missing';
