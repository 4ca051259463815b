with campaigns as (
    select campaign_name as tag_name
    from {{ ref('stg_salesforce__campaigns') }}
    where not is_deleted
),

accounts as (
    select account_type as tag_name
    from {{ ref('stg_salesforce__accounts') }}
    where not is_deleted
),

names as (
    select
        tag_name,
        'Campaign' as source_object
    from campaigns
    union all
    select
        tag_name,
        'Account' as source_object
    from accounts
)

-- Intercom takes names that differ only in case for one
select
    lower(tag_name) as tag_key,
    min(tag_name) as tag_name,
    min(source_object) as source_object
from names
where tag_name is not null
group by lower(tag_name)
