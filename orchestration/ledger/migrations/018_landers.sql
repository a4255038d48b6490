-- Landers write beside the run that has the line, each with a lease of its own.
do $$
begin
    if exists (
        select from taxi_ledger.lease where not is_free and renewed_at > clock_timestamp() - interval '90 seconds'
    ) then
        raise exception 'a run of an older version of the program is in progress, or was killed less than 90 s ago: wait';
    end if;
end
$$;

create sequence taxi_ledger.epochs;
comment on sequence taxi_ledger.epochs is 'Each holder of a lease has an epoch of its own';
select setval('taxi_ledger.epochs', greatest(max(epoch), 1), max(epoch) > 0) from taxi_ledger.lease;

drop index taxi_ledger.lease_expr_idx;
alter table taxi_ledger.lease add column scope text not null default 'line';
create unique index on taxi_ledger.lease (scope) where scope = 'line';
comment on table taxi_ledger.lease is 'Which processes may write: one row of the line, which stays, and one of each lander';
comment on column taxi_ledger.lease.scope is 'line: a run, of which there is one; land: a lander, which lands months and builds nothing';

create table taxi_ledger.claims (
    service_type text not null,
    file_month date not null,
    purpose text not null,  -- land, build
    epoch bigint not null,
    claimed_at timestamptz not null default clock_timestamp(),
    primary key (service_type, file_month)
);
comment on table taxi_ledger.claims is 'The file months that a process has to itself, for as long as its lease holds';
comment on column taxi_ledger.claims.epoch is 'Of the lease; the claim is void where no process holds such a lease';

create table taxi_ledger.data_set_claims (
    service_type text primary key,
    epoch bigint not null,
    claimed_at timestamptz not null default clock_timestamp()
);
comment on table taxi_ledger.data_set_claims is
    'The data sets whose raw table gets other columns: no other process may claim a month of them';

alter table taxi_ledger.runs add column kind text not null default 'run';
comment on column taxi_ledger.runs.kind is 'run: it had the line to itself; land: it landed its share beside others';
