with line_items as (
    select
        opportunity_line_item_id,
        product_id,
        line_item_name,
        description,
        quantity,
        unit_price,
        discount_percent,
        list_price,
        service_date
    from {{ ref('stg_salesforce__opportunity_line_items') }}
    where not is_deleted
),

products as (
    select
        product_id,
        product_name
    from {{ ref('stg_salesforce__products') }}
    where not is_deleted
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'line_items' and scope = 'record'
),

refused_products as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'products' and scope = 'record'
),

mapped as (
    select
        line_items.opportunity_line_item_id as _record_key,
        coalesce(products.product_name, line_items.line_item_name) as name,
        line_items.description,
        -- a product that is not sent cannot be named; the line keeps what it says of it
        iff(refused_products.record_id is null, products.product_id, null) as hs_product_id,
        cast(line_items.quantity as double) as quantity,
        line_items.unit_price as price,
        line_items.discount_percent as hs_discount_percentage,
        line_items.list_price as salesforce_list_price,
        line_items.service_date as salesforce_service_date
    from line_items
    left join products on line_items.product_id = products.product_id
    left join refused_products on products.product_id = refused_products.record_id
    left join refused on line_items.opportunity_line_item_id = refused.record_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
