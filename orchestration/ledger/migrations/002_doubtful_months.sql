-- A month whose last build failed is built alone, so that it holds no other up; one that only failed to land is not.
alter table taxi_ledger.months add column is_doubtful boolean not null default false;
comment on column taxi_ledger.months.is_doubtful is 'The last build of the month failed, and none has passed since';

update taxi_ledger.months set is_doubtful = true where state = 'failed'; -- nobody knows at which step
