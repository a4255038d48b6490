{% test row_numbers_run_from_1(model) %}

-- 1 to n, none missing, none twice: as many rows as the last number, which add up to n (n + 1) / 2
select
    service_type,
    file_month,
    count(*) as rows_found,
    max(row_number) as last_row
from {{ model }}
group by service_type, file_month
having
    min(row_number) != 1
    or max(row_number) != count(*)
    or sum(row_number) * 2 != count(*) * (count(*) + 1)

{% endtest %}
