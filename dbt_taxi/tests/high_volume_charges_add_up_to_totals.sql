-- What riders of high-volume vehicles were charged is the sum of the charges, to the cent. Driver's pay is no charge.
with charged as (
    select
        file_month,
        company_id,
        coalesce(sum(total_amount), 0) as total_amount,
        coalesce(sum(fare_amount), 0) as fare_amount,
        coalesce(sum(tolls_amount), 0) as tolls_amount,
        coalesce(sum(black_car_fund_amount), 0) + coalesce(sum(sales_tax_amount), 0) as tax_amount,
        coalesce(sum(congestion_surcharge_amount), 0) + coalesce(sum(cbd_congestion_fee_amount), 0)
            as congestion_amount,
        coalesce(sum(airport_fee_amount), 0) as airport_fee_amount,
        coalesce(sum(tip_amount), 0) as tip_amount
    from {{ ref('agg_high_volume_trips') }}
    where {{ in_file_months() }}
    group by file_month, company_id
)

select * from charged
where
    total_amount
    != fare_amount + tolls_amount + tax_amount + congestion_amount + airport_fee_amount + tip_amount
