{% macro rows_per_code(counts, list, seed, code) -%}
    select
        {{ counts }}.*,
        {{ seed }}.*,
        files.raw_rows
    from {{ counts }}
    inner join {{ seed }}
        on {{ dbt.position(
            "',' || " ~ seed ~ "." ~ code ~ " || ','", "',' || " ~ counts ~ "." ~ list ~ " || ','"
        ) }} > 0
    inner join (
        -- Every column of a file has as many rows as the file.
        select
            service_type,
            max(raw_rows) as raw_rows,
            file_month
        from {{ ref("agg_column_nulls") }}
        group by service_type, file_month
    ) as files
        on
            {{ counts }}.service_type = files.service_type
            and {{ counts }}.file_month = files.file_month
{%- endmacro %}
