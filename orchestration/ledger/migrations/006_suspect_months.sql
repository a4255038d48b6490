-- A month whose file is suspicious waits, in the state `suspect`, until a person accepts that edition of the file.
alter table taxi_ledger.months
    add column suspect_etag text,
    add column suspect_length bigint,
    add column suspect_sha256 text,
    add column suspect_why text,
    add column accepted_sha256 text,
    add column accepted_at timestamptz;
comment on column taxi_ledger.months.state is 'landing, landed, done, failed, suspect';
comment on column taxi_ledger.months.suspect_etag is 'Of the edition that was last found suspicious';
comment on column taxi_ledger.months.suspect_length is 'Its bytes';
comment on column taxi_ledger.months.suspect_sha256 is 'Its digest; where it is source_sha256, the stores hold that edition';
comment on column taxi_ledger.months.suspect_why is 'What is suspicious of it';
comment on column taxi_ledger.months.accepted_sha256 is 'The last suspicious edition that a person accepted';
comment on column taxi_ledger.months.accepted_at is 'When that was';
