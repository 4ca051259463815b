with people as (
    select
        record_id,
        email_key,
        converted_contact_id
    from {{ ref('int_people_keyed') }}
),

-- within a key each record is compared with the smallest id only: as many pairs as records, not their square
same_email as (
    select
        min(record_id) over (partition by email_key) as left_id,
        record_id as right_id,
        'same_email' as match_rule,
        'e-mail equal after normalising' as evidence
    from people
    where email_key is not null
    qualify left_id <> right_id
),

converted_lead as (
    select
        contacts.record_id as left_id,
        leads.record_id as right_id,
        'converted_lead' as match_rule,
        'Lead.ConvertedContactId names the contact' as evidence
    from people as leads
    inner join people as contacts on leads.converted_contact_id = contacts.record_id
)

select
    left_id,
    right_id,
    match_rule,
    evidence
from same_email
union all
select
    left_id,
    right_id,
    match_rule,
    evidence
from converted_lead
