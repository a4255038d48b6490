{% macro swap_months_in(relation, new_rows, columns) -%}
    do $swap$
    declare
        month date;
        partition text;
        outdated regclass;
    begin
        -- the new partitions are filled first: readers are locked out for the swap alone
        for month in select distinct file_month from {{ new_rows }} loop
            partition := '{{ relation.identifier }}' || to_char(month, '_YYYY_MM');
            execute format(
                'create table %I.%I (like {{ relation }} including all, constraint is_month check (file_month = %L))',
                '{{ relation.schema }}', partition || '_new', month
            );
            execute format(
                'insert into %I.%I ({{ columns }}) select {{ columns }} from {{ new_rows }} where file_month = %L',
                '{{ relation.schema }}', partition || '_new', month
            );
        end loop;

        for outdated, month in
            select
                inhrelid::regclass,
                substring(pg_get_expr(relpartbound, pg_class.oid) from '\d{4}-\d{2}-\d{2}')::date as held_month
            from pg_inherits
            inner join pg_class on inhrelid = pg_class.oid
            where inhparent = '{{ relation }}'::regclass
        loop
            if month in ({{ file_month_literals() | join(", ") }}) then
                execute format('drop table %s', outdated);
            end if;
        end loop;

        for month in select distinct file_month from {{ new_rows }} loop
            partition := '{{ relation.identifier }}' || to_char(month, '_YYYY_MM');
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
