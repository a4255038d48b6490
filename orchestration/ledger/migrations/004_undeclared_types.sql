-- The undeclared columns of a month, so far a list of names, get the types that they landed with: those of the raw
-- table, which until now never changed. A month whose types are not the table's any more is landed again from the lake.
update taxi_ledger.months as landed
set undeclared = coalesce(
    (
        select
            jsonb_object_agg(
                held.column_name,
                case held.data_type
                    when 'double precision' then 'double'
                    when 'timestamp without time zone' then 'timestamp'
                    else held.data_type
                end
            )
        from information_schema.columns as held
        where
            held.table_schema = 'taxi_raw'
            and held.table_name = landed.dataset || '_tripdata'
            and landed.undeclared ? held.column_name::text
    ),
    '{}'
);
alter table taxi_ledger.months alter column undeclared set default '{}';
comment on column taxi_ledger.months.undeclared is 'Columns that nobody declared, and the types that they landed with';
