{% macro swap_months_in(relation, new_rows) -%}
    do $swap$
    declare
        month date;
        partition text;
        filled text[] := '{}';
        held boolean;
        columns text;
        not_nulls text;
        has_pickup_month boolean;
    begin
        -- There are no statistics of what comes out of views: Postgres expects few rows, and sorts millions of trips to
        -- merge them with some thousand refunds, which takes 40 s where hashing these takes 5. Or it compares each
        -- of many with each.
        set local enable_mergejoin = off;
        set local enable_nestloop = off;

        -- One long query of a reader would hold up the swap, and the swap all later readers.
        set local lock_timeout = '{{ env_var("DBT_TAXI_LOCK_SECONDS", "60") }}s';

        select
            string_agg(format('%I::%s', attname, format_type(atttypid, atttypmod)), ', ' order by attnum),
            string_agg(format('alter %I set not null,', attname), ' ') filter (where attnotnull),
            bool_or(attname = 'pickup_month')
        into columns, not_nulls, has_pickup_month
        from pg_attribute
        where attrelid = '{{ relation }}'::regclass and attnum > 0 and not attisdropped;

        -- The new partitions are filled first: readers are locked out for the swap alone. A month of which nothing in
        -- the database has a partition has no rows either, and costs no query.
        for month in
            select asked.month
            from unnest(array[{{ file_month_literals() | join(", ") }}]) as asked (month)
            where exists (
                select from pg_class where relispartition and right(relname, 8) = to_char(asked.month, '_YYYY_MM')
            )
        loop
            partition := '{{ this.identifier }}' || to_char(month, '_YYYY_MM');
            -- One month at a time, as a constant: the planner reads that month's partitions only. As the table is made
            -- of the query, several cores work it out, and no WAL is written where the server needs none.
            -- Autovacuum would analyze it again: to it, rows of the transaction that made the table came after ANALYZE.
            execute format(
                'create table %I.%I with (autovacuum_analyze_threshold = 2147483647)'
                ' as select %s from {{ new_rows }} where file_month = %L',
                '{{ relation.schema }}', partition || '_new', columns, month
            );
            execute format('select exists (select from %I.%I)', '{{ relation.schema }}', partition || '_new') into held;
            if held then
                execute format(
                    'alter table %I.%I %s add constraint is_month check (file_month = %L)',
                    '{{ relation.schema }}', partition || '_new', not_nulls, month
                );
                if has_pickup_month then
                    -- A question for one month of pick-up then reads three partitions, through the reports as well.
                    execute format(
                        'alter table %I.%I add constraint is_near_month check (pickup_month between %L and %L)',
                        '{{ relation.schema }}', partition || '_new',
                        (month - interval '1 month')::date, (month + interval '1 month')::date
                    );
                end if;
                execute format('analyze %I.%I', '{{ relation.schema }}', partition || '_new');
                filled := filled || partition;
            else
                execute format('drop table %I.%I', '{{ relation.schema }}', partition || '_new');
            end if;
        end loop;

        {% if env_var('DBT_TAXI_LEASE', '') -%}
        -- Of a run that another one has taken over from, nothing is swapped in; while this is, none can take over.
        perform taxi_ledger.hold_lease({{ env_var('DBT_TAXI_LEASE') }});

        {% endif -%}
        for partition in
            select inhrelid::regclass::text
            from pg_inherits
            inner join pg_class on inhrelid = pg_class.oid
            where
                inhparent = '{{ relation }}'::regclass
                and substring(pg_get_expr(relpartbound, pg_class.oid) from '\d{4}-\d{2}-\d{2}')::date
                = any(array[{{ file_month_literals() | join(", ") }}])
        loop
            execute format('drop table %s', partition);
        end loop;

        {% if relation.identifier != this.identifier -%}
        -- a full refresh: the table that goes still has partitions of the names that the new ones get
        for partition in select relname from pg_inherits inner join pg_class on inhrelid = pg_class.oid
            where inhparent = to_regclass('{{ this }}')
        loop
            execute format('alter table %I.%I rename to %I', '{{ this.schema }}', partition, partition || '_old');
        end loop;

        {% endif -%}
        foreach partition in array filled loop
            month := to_date(right(partition, 7), 'YYYY_MM');
            execute format('alter table %I.%I rename to %I', '{{ relation.schema }}', partition || '_new', partition);
            execute format(
                'alter table {{ relation }} attach partition %I.%I for values in (%L)',
                '{{ relation.schema }}', partition, month
            );
            execute format('alter table %I.%I drop constraint is_month', '{{ relation.schema }}', partition);
        end loop;
    end
    $swap$;
{%- endmacro %}
