-- When the source published each month, so that a late one stands out; and what people were told of trouble.
create table taxi_ledger.publication_dates (
    service_type text not null,
    file_month date not null,
    published_at timestamptz,  -- Last-Modified of the file, the earliest that was seen; null: not published when last asked
    asked_at timestamptz not null default clock_timestamp(),
    primary key (service_type, file_month)
);
comment on table taxi_ledger.publication_dates is
'When the source published each file month, or when it was last found not to be published';

create table taxi_ledger.alerts (
    alert_number bigint generated always as identity primary key,
    episode text not null,  -- what it is about, such as 'month green 2024-03': one is open at a time
    kind text not null,  -- failed, differs, drifts, late, slow, ticks
    subject text not null,
    what text not null,
    next_step text not null,
    since timestamptz not null,
    opened_at timestamptz not null default clock_timestamp(),
    closed_at timestamptz,
    last_sent_at timestamptz,  -- to every address
    sent_count integer not null default 0,
    is_recovery_due boolean not null default false,  -- it is over, and whoever heard of it has not heard that yet
    claimed_until timestamptz,  -- a process sends it now; no other does until then
    delivered_to text[] not null default '{}',  -- hashes of the addresses that have the message whose delivery failed elsewhere
    delivery_error text
);
create unique index on taxi_ledger.alerts (episode) where closed_at is null;
comment on table taxi_ledger.alerts is 'One row per episode of trouble: since when, until when, and what was sent of it';
