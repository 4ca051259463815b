with people as (
    select
        keyed.record_id,
        keyed.source_object,
        keyed.account_id,
        crosswalk.trust_rank
    from {{ ref('int_people_keyed') }} as keyed
    inner join {{ ref('int_people_crosswalk') }} as crosswalk on keyed.record_id = crosswalk.record_id
),

companies as (
    select
        record_id,
        parent_account_id
    from {{ ref('int_companies_keyed') }}
),

opportunities as (
    select
        opportunity_id,
        account_id
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

contact_roles as (
    select
        opportunity_contact_role_id,
        opportunity_id,
        contact_id,
        role
    from {{ ref('stg_salesforce__opportunity_contact_roles') }}
    where not is_deleted
),

cases as (
    select
        case_id,
        account_id,
        contact_id
    from {{ ref('stg_salesforce__cases') }}
    where not is_deleted
),

persons as (
    select account_id
    from {{ ref('stg_salesforce__accounts') }}
    where is_person_account
),

roles as (
    select
        salesforce_role,
        association_type
    from {{ ref('map_contact_role') }}
),

line_items as (
    select
        opportunity_line_item_id,
        opportunity_id
    from {{ ref('stg_salesforce__opportunity_line_items') }}
    where not is_deleted
),

subscriptions as (
    select
        subscription_id,
        account_id,
        contact_id
    from {{ ref('stg_salesforce__subscriptions') }}
    where not is_deleted
),

activities as (
    select
        source_field,
        source_id,
        from_object,
        from_id,
        to_object,
        to_id,
        'unlabelled' as association_type,
        1 as preference
    from {{ ref('int_activities_links') }}
),

company_parents as (
    select
        'Account.ParentId' as source_field,
        record_id as source_id,
        'companies' as from_object,
        record_id as from_id,
        'companies' as to_object,
        parent_account_id as to_id,
        'parent' as association_type,
        1 as preference
    from companies
    where parent_account_id is not null
),

people_companies as (
    select
        iff(source_object = 'Contact', 'Contact.AccountId', 'Lead.ConvertedAccountId') as source_field,
        record_id as source_id,
        'contacts' as from_object,
        record_id as from_id,
        'companies' as to_object,
        account_id as to_id,
        'primary' as association_type,
        trust_rank as preference
    from people
    where account_id is not null
),

deal_companies as (
    select
        'Opportunity.AccountId' as source_field,
        opportunity_id as source_id,
        'deals' as from_object,
        opportunity_id as from_id,
        'companies' as to_object,
        account_id as to_id,
        'primary' as association_type,
        1 as preference
    from opportunities
    where account_id is not null
),

deal_contacts as (
    select
        'OpportunityContactRole.ContactId' as source_field,
        contact_roles.opportunity_contact_role_id as source_id,
        'deals' as from_object,
        contact_roles.opportunity_id as from_id,
        'contacts' as to_object,
        contact_roles.contact_id as to_id,
        coalesce(roles.association_type, 'unlabelled') as association_type,
        1 as preference
    from contact_roles
    left join roles on contact_roles.role = roles.salesforce_role
    -- the role of somebody who was forgotten names nobody any more
    where contact_roles.contact_id is not null
),

line_item_deals as (
    select
        'OpportunityLineItem.OpportunityId' as source_field,
        opportunity_line_item_id as source_id,
        'line_items' as from_object,
        opportunity_line_item_id as from_id,
        'deals' as to_object,
        opportunity_id as to_id,
        'unlabelled' as association_type,
        1 as preference
    from line_items
),

subscription_companies as (
    select
        'Subscription__c.Account__c' as source_field,
        subscription_id as source_id,
        'p_subscription' as from_object,
        subscription_id as from_id,
        'companies' as to_object,
        account_id as to_id,
        'unlabelled' as association_type,
        1 as preference
    from subscriptions
    where account_id is not null
),

subscription_contacts as (
    select
        'Subscription__c.Primary_Contact__c' as source_field,
        subscription_id as source_id,
        'p_subscription' as from_object,
        subscription_id as from_id,
        'contacts' as to_object,
        contact_id as to_id,
        'unlabelled' as association_type,
        1 as preference
    from subscriptions
    where contact_id is not null
),

ticket_companies as (
    select
        'Case.AccountId' as source_field,
        case_id as source_id,
        'tickets' as from_object,
        case_id as from_id,
        'companies' as to_object,
        account_id as to_id,
        'primary' as association_type,
        1 as preference
    from cases
    where account_id is not null
),

ticket_contacts as (
    select
        'Case.ContactId' as source_field,
        case_id as source_id,
        'tickets' as from_object,
        case_id as from_id,
        'contacts' as to_object,
        contact_id as to_id,
        'unlabelled' as association_type,
        1 as preference
    from cases
    where contact_id is not null
),

links as (
    {% for link in [
        'company_parents', 'people_companies', 'deal_companies', 'deal_contacts', 'ticket_companies', 'ticket_contacts',
        'line_item_deals', 'subscription_companies', 'subscription_contacts', 'activities'
    ] %}
    select
        source_field,
        source_id,
        from_object,
        from_id,
        to_object,
        to_id,
        association_type,
        preference
    from {{ link }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    links.source_field,
    links.source_id,
    links.source_field || ':' || links.source_id as link_id,
    links.from_object,
    links.from_id,
    iff(persons.account_id is null, links.to_object, 'contacts') as to_object,
    links.to_id,
    iff(persons.account_id is null, links.association_type, 'unlabelled') as association_type,
    links.preference
from links
left join persons on links.to_object = 'companies' and links.to_id = persons.account_id
-- the contact behind an account that is a person is that person
where not (links.from_object = 'contacts' and persons.account_id is not null)
