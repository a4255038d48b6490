-- The right to write, which one run has at a time. It replaces the advisory lock, which went with its session.
do $$
begin
    if exists (
        select from pg_locks
        where locktype = 'advisory' and objid = 7201501
            and database = (select oid from pg_database where datname = current_database())
    ) then
        raise exception 'a run of an older version of the program is in progress: wait for its end';
    end if;
end
$$;

create table taxi_ledger.lease (
    -- The key, as rows that refer to a key are locked `for key share`: renewals go on beside a transaction that holds the
    -- lease, and a successor waits for its end.
    epoch bigint primary key,
    is_free boolean not null,
    run_id text not null default '',
    host text not null default '',
    machine text not null default '',  -- the host since it was started, and its process ids: no other has the same
    pid bigint not null default 0,
    process_started text not null default '',  -- a process id alone may be another process's by now
    command text not null default '',
    since timestamptz not null default clock_timestamp(),
    renewed_at timestamptz not null default clock_timestamp()
);
create unique index on taxi_ledger.lease ((true));
comment on table taxi_ledger.lease is 'Which run may write: one row';
insert into taxi_ledger.lease (epoch, is_free) values (0, true);

create function taxi_ledger.hold_lease(bigint) returns void language plpgsql as $$
begin
    perform from taxi_ledger.lease where epoch = $1 for key share;
    if not found then
        raise exception 'another run has taken the lease' using errcode = 'TX001';
    end if;
end
$$;
comment on function taxi_ledger.hold_lease is
    'Keeps the lease for the transaction, or fails where a later run has taken it (SQLSTATE TX001)';
