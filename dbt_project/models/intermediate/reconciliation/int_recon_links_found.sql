with associations as (
    select
        from_object,
        from_hubspot_id,
        to_object,
        to_hubspot_id,
        association_type_id,
        label,
        category = 'HUBSPOT_DEFINED' as is_numbered_by_hubspot
    from {{ ref('stg_hubspot__associations') }}
),

association_types as (
    select
        from_object,
        to_object,
        association_type,
        association_type_id,
        label
    from {{ ref('hubspot_association_types') }}
),

hubspot_records as (
    select
        object,
        hubspot_id,
        record_key
    from {{ ref('stg_hubspot__records') }}
    where record_key is not null
),

attachments as (
    select
        intercom_contact_id,
        intercom_other_id as intercom_company_id
    from {{ ref('stg_intercom__links') }}
    where object = 'attachments'
),

intercom_contacts as (
    select
        intercom_id as intercom_contact_id,
        record_key
    from {{ ref('stg_intercom__records') }}
    where object = 'contacts'
),

intercom_companies as (
    select
        intercom_id as intercom_company_id,
        record_key
    from {{ ref('stg_intercom__records') }}
    where object = 'companies'
),

taggings as (
    select
        iff(object = 'contact_tags', 'contacts', 'companies') as tagged_object,
        intercom_contact_id as tagged_id,
        intercom_other_id as intercom_tag_id
    from {{ ref('stg_intercom__links') }}
    where object in ('contact_tags', 'company_tags')
),

intercom_records as (
    select
        object,
        intercom_id,
        record_key
    from {{ ref('stg_intercom__records') }}
)

select
    'hubspot' as target,
    'associations' as object,
    from_records.object || ':' || from_records.record_key || '>' || to_records.object || ':' || to_records.record_key
    || ':' || association_types.association_type as link_key
from associations
inner join association_types
    on
        associations.from_object = association_types.from_object
        and associations.to_object = association_types.to_object
        -- an account numbers its own kinds otherwise than another one, and has a name for them or none
        and case
            when associations.is_numbered_by_hubspot
                then associations.association_type_id = association_types.association_type_id
            else
                association_types.association_type_id is null
                and associations.label is not distinct from association_types.label
        end
inner join hubspot_records as from_records
    on associations.from_object = from_records.object and associations.from_hubspot_id = from_records.hubspot_id
inner join hubspot_records as to_records
    on associations.to_object = to_records.object and associations.to_hubspot_id = to_records.hubspot_id
union all
select
    'intercom' as target,
    'attachments' as object,
    intercom_contacts.record_key || '>' || intercom_companies.record_key as link_key
from attachments
inner join intercom_contacts on attachments.intercom_contact_id = intercom_contacts.intercom_contact_id
inner join intercom_companies on attachments.intercom_company_id = intercom_companies.intercom_company_id
union all
select
    'intercom' as target,
    'taggings' as object,
    tags.record_key || '>' || taggings.tagged_object || ':' || tagged.record_key as link_key
from taggings
inner join intercom_records as tagged
    on taggings.tagged_object = tagged.object and taggings.tagged_id = tagged.intercom_id
inner join intercom_records as tags on tags.object = 'tags' and taggings.intercom_tag_id = tags.intercom_id
