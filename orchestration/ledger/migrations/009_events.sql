-- What happened to each file month, in order. Rows are added and never changed: each carries the hash of the row before
-- it, so a row that somebody edits, adds or removes later is found (see taxi_ledger.broken_seals).
create table taxi_ledger.events (
    event_number bigint primary key,
    service_type text not null,
    file_month date not null,
    state_before text,  -- null: the ledger did not know the month
    state_after text not null,
    event text not null,
    reason text,  -- the error, or what is suspicious
    run_id text references taxi_ledger.runs,
    etag text,  -- of the file that this is about
    sha256 text,
    recorded_at timestamptz not null default clock_timestamp(),
    previous_hash text not null,
    hash text not null
);
create index on taxi_ledger.events (service_type, file_month, event_number desc);
comment on table taxi_ledger.events is 'What happened to each file month; append-only, sealed by a chain of hashes';

-- The newest row of each sealed table: without it nobody would miss the last rows.
create table taxi_ledger.seals (
    table_name text primary key,
    rows bigint not null,
    hash text not null
);
comment on table taxi_ledger.seals is 'How many rows each append-only table has, and the hash of the newest';
insert into taxi_ledger.seals values ('events', 0, '');

create function taxi_ledger.hash_of(previous text, sealed jsonb) returns text language sql immutable
as $$ select encode(sha256(convert_to($1 || ($2 - 'hash')::text, 'UTF8')), 'hex') $$;

-- Times are hashed as text, so all sessions must write them alike.
create function taxi_ledger.seal() returns trigger language plpgsql set timezone = 'UTC' as $$
declare
    last taxi_ledger.seals;
begin
    select * into strict last from taxi_ledger.seals where table_name = tg_table_name for update;
    new.event_number := last.rows + 1;
    new.previous_hash := last.hash;
    new.hash := taxi_ledger.hash_of(last.hash, to_jsonb(new));
    update taxi_ledger.seals set rows = last.rows + 1, hash = new.hash where table_name = tg_table_name;
    return new;
end
$$;
create trigger seal before insert on taxi_ledger.events for each row execute function taxi_ledger.seal();

create function taxi_ledger.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'taxi_ledger.% is append-only', tg_table_name using errcode = 'TX002';
end
$$;
create trigger append_only before update or delete or truncate on taxi_ledger.events
    for each statement execute function taxi_ledger.refuse_change();

create function taxi_ledger.broken_seals() returns table (place bigint, what text) language sql stable set timezone = 'UTC' as $$
    with chained as (
        select
            event_number,
            previous_hash,
            hash,
            taxi_ledger.hash_of(previous_hash, to_jsonb(events)) as expected,
            lag(hash, 1, '') over (order by event_number) as hash_before,
            lag(event_number, 1, 0) over (order by event_number) as number_before
        from taxi_ledger.events
    )

    select event_number, 'was edited' from chained where hash <> expected
    union all
    select event_number, 'does not follow the row before it: one was removed, added or edited'
    from chained where previous_hash <> hash_before or event_number <> number_before + 1
    union all
    select seals.rows, 'the newest row is missing, or is not the one that was sealed'
    from taxi_ledger.seals
    left join lateral (select event_number, hash from taxi_ledger.events order by event_number desc limit 1) as newest on true
    where table_name = 'events' and (rows, seals.hash) is distinct from (coalesce(event_number, 0), coalesce(newest.hash, ''))
    order by 1
$$;
comment on function taxi_ledger.broken_seals is 'The rows of the append-only tables that were edited, added or removed';

-- The months that there are already: their present state is where their history begins.
insert into taxi_ledger.events (service_type, file_month, state_before, state_after, event, reason, run_id, etag, sha256)
select service_type, file_month, null, state, 'known before events were recorded', error, run_id, source_etag, source_sha256
from taxi_ledger.months
order by change_number;
