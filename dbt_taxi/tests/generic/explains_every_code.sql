{% test explains_every_code(model, of, codes, counted="trips") %}

-- A code that the seed lacks would be missing from the model: each list of n codes is n rows.
with listed as (
    select
        service_type,
        file_month,
        cast(sum(
            {{ counted }} * (1 + length({{ codes }}) - length(replace({{ codes }}, ',', '')))
        ) as bigint) as codes
    from {{ of }}
    where {{ in_file_months() }}
    group by service_type, file_month
),

explained as (
    select
        service_type,
        file_month,
        cast(sum({{ counted }}) as bigint) as codes
    from {{ model }}
    where {{ in_file_months() }}
    group by service_type, file_month
)

select
    listed.service_type,
    listed.file_month,
    listed.codes,
    explained.codes as explained_codes
from listed
left join explained
    on
        listed.service_type = explained.service_type
        and listed.file_month = explained.file_month
where listed.codes != coalesce(explained.codes, 0)

{% endtest %}
