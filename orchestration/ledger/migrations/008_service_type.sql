-- The data set as a column is service_type, as in every model: on BigQuery a dataset is a schema.
alter table taxi_ledger.months rename column dataset to service_type;
alter table taxi_ledger.stages rename column dataset to service_type;
alter index taxi_ledger.stages_dataset_file_month_stage_run_number_idx
    rename to stages_service_type_file_month_stage_run_number_idx;

-- From version 18 on Postgres names `not null` after the column.
do $$
declare
    named record;
begin
    for named in
        select conrelid::regclass as of_table, conname from pg_constraint
        where connamespace = 'taxi_ledger'::regnamespace and strpos(conname, '_dataset_') > 0
    loop
        execute format(
            'alter table %s rename constraint %I to %I',
            named.of_table, named.conname, replace(named.conname, '_dataset_', '_service_type_')
        );
    end loop;
end
$$;

-- A stage of a mart has the mart's name.
update taxi_ledger.stages
set stage = warehouse.name || '_' || renamed.new
from
    (values ('postgres'), ('bigquery')) as warehouse (name),
    (
        values
        ('base_trips_by_file', 'agg_base_trips'),
        ('code_counts_by_file', 'agg_code_counts'),
        ('column_nulls_by_file', 'agg_column_nulls'),
        ('fare_counts_by_file', 'agg_fares'),
        ('findings_by_file', 'agg_findings'),
        ('high_volume_by_file', 'agg_high_volume_trips'),
        ('hourly_demand_by_file', 'agg_hourly_demand'),
        ('rejections_by_file', 'agg_rejections'),
        ('travel_time_counts_by_file', 'agg_travel_times'),
        ('zone_pairs_by_file', 'agg_zone_pairs'),
        ('zone_revenue_by_file', 'agg_zone_revenue')
    ) as renamed (old, new)
where stages.stage = warehouse.name || '_' || renamed.old;

-- Every copy on BigQuery has the old column: the next run makes it again, before dbt reads it.
delete from taxi_ledger.publications;
