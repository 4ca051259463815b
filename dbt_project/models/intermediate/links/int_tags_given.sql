with members as (
    select
        campaign_member_id,
        campaign_id,
        contact_id,
        lead_id
    from {{ ref('stg_salesforce__campaign_members') }}
    where not is_deleted
),

campaigns as (
    select
        campaign_id,
        campaign_name
    from {{ ref('stg_salesforce__campaigns') }}
    where not is_deleted
),

accounts as (
    select
        account_id,
        account_type
    from {{ ref('stg_salesforce__accounts') }}
    where not is_deleted and account_type is not null
),

people as (
    select
        record_id,
        golden_id
    from {{ ref('int_people_crosswalk') }}
),

companies as (
    select
        record_id,
        golden_id
    from {{ ref('int_companies_crosswalk') }}
),

refused as (
    select distinct
        object,
        record_id
    from {{ ref('int_quality_findings') }}
    where scope = 'record'
),

people_tags as (
    select
        -- a member who was a lead and became a contact is that contact
        iff(members.contact_id is null, 'CampaignMember.LeadId', 'CampaignMember.ContactId') as source_field,
        members.campaign_member_id as source_id,
        'contacts' as tagged_object,
        people.golden_id as tagged_key,
        campaigns.campaign_name as tag_name
    from members
    left join campaigns on members.campaign_id = campaigns.campaign_id
    left join people on coalesce(members.contact_id, members.lead_id) = people.record_id
),

company_tags as (
    select
        'Account.Type' as source_field,
        accounts.account_id as source_id,
        'companies' as tagged_object,
        companies.golden_id as tagged_key,
        accounts.account_type as tag_name
    from accounts
    left join companies on accounts.account_id = companies.record_id
),

tags as (
    {% for tag in ['people_tags', 'company_tags'] %}
    select
        source_field,
        source_id,
        tagged_object,
        tagged_key,
        lower(tag_name) as tag_key
    from {{ tag }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

judged as (
    select
        tags.source_field,
        tags.source_id,
        tags.source_field || ':' || tags.source_id as link_id,
        tags.tagged_object,
        tags.tagged_key,
        tags.tag_key,
        tags.tag_key || '>' || tags.tagged_object || ':' || tags.tagged_key as link_key,
        case
            when tags.tagged_key is null or tags.tag_key is null then 'orphaned'
            when refused.record_id is not null then 'end_refused'
            else 'kept'
        end as disposition
    from tags
    left join refused on tags.tagged_object = refused.object and tags.tagged_key = refused.record_id
)

select
    source_field,
    source_id,
    link_id,
    tagged_object,
    tagged_key,
    tag_key,
    link_key,
    iff(
        disposition = 'kept' and row_number() over (partition by disposition, link_key order by link_id) > 1,
        'merged',
        disposition
    ) as disposition
from judged
