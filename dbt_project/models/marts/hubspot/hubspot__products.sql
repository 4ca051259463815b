with products as (
    select
        product_id,
        product_name,
        product_code,
        stock_keeping_unit,
        family,
        description,
        is_active,
        created_at
    from {{ ref('stg_salesforce__products') }}
    where not is_deleted
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'products' and scope = 'record'
),

mapped as (
    select
        products.product_id as _record_key,
        products.product_name as name,
        products.description,
        coalesce(products.stock_keeping_unit, products.product_code) as hs_sku,
        products.product_code as salesforce_product_code,
        products.family as salesforce_product_family,
        products.is_active as salesforce_is_active,
        products.created_at as salesforce_created_at
    from products
    left join refused on products.product_id = refused.record_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
