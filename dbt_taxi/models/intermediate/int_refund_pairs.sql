-- One row per trip that is a refund or the charge it takes back, with the row number of the other, by file month.
{{ by_file_month(cluster_by=["service_type"]) }}

{#- What both have in common. Columns that may be null get a value that none has: null equals nothing in a join. -#}
{%- set shared = {
    'service_type': 'service_type',
    'file_month': 'file_month',
    'vendor_id': 'coalesce(vendor_id, -1)',
    'hvfhs_license_number': "coalesce(hvfhs_license_number, '')",
    'pickup_location_id': 'coalesce(pickup_location_id, -1)',
    'dropoff_location_id': 'coalesce(dropoff_location_id, -1)',
    'pickup_at': 'pickup_at',
    'dropoff_at': "coalesce(dropoff_at, cast('1900-01-01' as " ~ type_local_time() ~ "))",
} -%}

with refunds as (
    select
        row_number,
        {% for name, value in shared.items() -%}
        {{ value if value == name else value ~ ' as ' ~ name }},
        {% endfor -%}
        total_amount
    from {{ ref('int_trips_checked') }}
    where
        {{ in_file_months() }}
        and not is_rejected
        and is_refund
        -- Said again, for Postgres to expect fewer refunds than charges, and to hash these.
        and total_amount < 0
),

charges as (
    select
        row_number,
        {% for name, value in shared.items() -%}
        {{ value if value == name else value ~ ' as ' ~ name }},
        {% endfor -%}
        total_amount
    from {{ ref('int_trips_checked') }}
    where
        {{ in_file_months() }}
        and not is_rejected
        and total_amount > 0
),

-- Several refunds may fit several charges: the first takes back the first, the second the second.
paired as (
    select
        refunds.service_type,
        refunds.file_month,
        refunds.row_number as refund_row_number,
        charges.row_number as charge_row_number,
        dense_rank() over (
            partition by refunds.service_type, refunds.file_month, charges.row_number order by refunds.row_number
        ) as refund_place,
        dense_rank() over (
            partition by refunds.service_type, refunds.file_month, refunds.row_number order by charges.row_number
        ) as charge_place
    from refunds
    inner join charges
        on
            refunds.total_amount = -charges.total_amount
            {%- for name in shared %}
            and refunds.{{ name }} = charges.{{ name }}
            {%- endfor %}
),

-- Both rows of a pair come from one read of the pairs. Read twice, they would be worked out by Postgres for all months
-- whenever one is asked for.
sides as (
    select true as is_refund
    union all
    select false as is_refund
)

select
    case when sides.is_refund then paired.refund_row_number else paired.charge_row_number end as row_number,
    case when sides.is_refund then paired.charge_row_number else paired.refund_row_number end as paired_row_number,
    paired.service_type,
    paired.file_month
from paired
cross join sides
where paired.refund_place = paired.charge_place
