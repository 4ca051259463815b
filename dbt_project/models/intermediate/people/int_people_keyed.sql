with contacts as (
    select
        contact_id as record_id,
        'Contact' as source_object,
        account_id,
        cast(null as varchar) as converted_contact_id,
        owner_id,
        salutation,
        first_name,
        last_name,
        email,
        phone,
        mobile_phone,
        job_title,
        cast(null as varchar) as company_name,
        cast(null as varchar) as lead_status,
        lead_source,
        preferred_language,
        birthdate,
        street,
        city,
        state,
        postal_code,
        country,
        is_email_opt_out,
        is_do_not_call,
        created_at,
        modified_at
    from {{ ref('stg_salesforce__contacts') }}
    where not is_deleted
),

leads as (
    select
        lead_id as record_id,
        'Lead' as source_object,
        converted_account_id as account_id,
        converted_contact_id,
        owner_id,
        salutation,
        first_name,
        last_name,
        email,
        phone,
        mobile_phone,
        job_title,
        company_name,
        lead_status,
        lead_source,
        cast(null as varchar) as preferred_language,
        cast(null as varchar) as birthdate,
        street,
        city,
        state,
        postal_code,
        country,
        is_email_opt_out,
        is_do_not_call,
        created_at,
        modified_at
    from {{ ref('stg_salesforce__leads') }}
    where not is_deleted
),

people as (
    {% for person in ['contacts', 'leads'] %}
    select
        record_id,
        source_object,
        account_id,
        converted_contact_id,
        owner_id,
        salutation,
        first_name,
        last_name,
        email,
        phone,
        mobile_phone,
        job_title,
        company_name,
        lead_status,
        lead_source,
        preferred_language,
        birthdate,
        street,
        city,
        state,
        postal_code,
        country,
        is_email_opt_out,
        is_do_not_call,
        created_at,
        modified_at
    from {{ person }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

top_level_domains as (
    select top_level_domain
    from {{ ref('top_level_domains') }}
),

placeholder_emails as (
    select email_key
    from {{ ref('placeholder_emails') }}
),

checked as (
    select
        people.record_id,
        people.source_object,
        people.account_id,
        people.converted_contact_id,
        people.owner_id,
        people.salutation,
        people.first_name,
        people.last_name,
        people.email,
        people.phone,
        people.mobile_phone,
        people.job_title,
        people.company_name,
        people.lead_status,
        people.lead_source,
        people.preferred_language,
        people.birthdate,
        people.street,
        people.city,
        people.state,
        people.postal_code,
        people.country,
        people.is_email_opt_out,
        people.is_do_not_call,
        people.created_at,
        people.modified_at,
        {{ email_key('people.email') }} as email_key,
        {{ is_email('people.email') }} and top_level_domains.top_level_domain is not null as is_email_valid
    from people
    left join top_level_domains
        on split_part({{ email_key('people.email') }}, '.', -1) = top_level_domains.top_level_domain
),

accounts as (
    select
        account_id,
        account_name
    from {{ ref('stg_salesforce__accounts') }}
),

keyed as (
    select
        checked.record_id,
        checked.source_object,
        checked.account_id,
        checked.converted_contact_id,
        checked.owner_id,
        checked.salutation,
        checked.first_name,
        checked.last_name,
        checked.email,
        checked.phone,
        checked.mobile_phone,
        checked.job_title,
        checked.company_name,
        checked.lead_status,
        checked.lead_source,
        checked.preferred_language,
        checked.birthdate,
        checked.street,
        checked.city,
        checked.state,
        checked.postal_code,
        checked.country,
        checked.is_email_opt_out,
        checked.is_do_not_call,
        checked.created_at,
        checked.modified_at,
        checked.is_email_valid,
        iff(checked.is_email_valid and placeholder_emails.email_key is null, checked.email_key, null) as email_key,
        split_part({{ plain_text('checked.first_name') }}, ' ', 1) as first_word,
        replace({{ plain_text('checked.last_name') }}, ' ', '') as family_key,
        {{ phone_key('checked.phone') }} as phone_key,
        {{ phone_key('checked.mobile_phone') }} as mobile_key,
        {{ company_name_key('coalesce(checked.company_name, accounts.account_name)') }} as company_words,
        {{ plain_text('checked.job_title') }} as title_key,
        {{ street_key("split_part(checked.street, '\n', 1)") }} as street_key,
        {{ street_key("split_part(checked.street, '\n', 2)") }} as second_line_key,
        replace({{ plain_text('checked.city') }}, ' ', '') as city_key,
        {{ postal_key('checked.postal_code') }} as postal_key,
        nullif(regexp_replace(checked.birthdate, '[^0-9]', ''), '') as birth_key
    from checked
    left join placeholder_emails on checked.email_key = placeholder_emails.email_key
    left join accounts on checked.account_id = accounts.account_id
),

nicknames as (
    select
        nickname,
        min(given_name) as given_name
    from {{ ref('nicknames') }}
    group by nickname
)

select
    row_number() over (order by keyed.record_id) as record_number,
    keyed.record_id,
    keyed.source_object,
    keyed.account_id,
    keyed.converted_contact_id,
    keyed.owner_id,
    keyed.salutation,
    keyed.first_name,
    keyed.last_name,
    keyed.email,
    keyed.phone,
    keyed.mobile_phone,
    keyed.job_title,
    keyed.company_name,
    keyed.lead_status,
    keyed.lead_source,
    keyed.preferred_language,
    keyed.birthdate,
    keyed.street,
    keyed.city,
    keyed.state,
    keyed.postal_code,
    keyed.country,
    keyed.is_email_opt_out,
    keyed.is_do_not_call,
    keyed.created_at,
    keyed.modified_at,
    keyed.is_email_valid,
    keyed.email_key,
    regexp_replace(keyed.email_key, '[+][^@]*@', '@') as mailbox_key,
    nullif(split_part(mailbox_key, '@', 1), '') as mailbox_user,
    nullif(split_part(mailbox_key, '@', 2), '') as mailbox_host,
    nullif(keyed.first_word, '') as given_key,
    coalesce(nicknames.given_name, nullif(keyed.first_word, '')) as formal_key,
    keyed.family_key,
    keyed.phone_key,
    keyed.mobile_key,
    regexp_replace(keyed.company_words, '^the ', '') as company_key,
    keyed.title_key,
    keyed.street_key,
    regexp_replace(keyed.street_key, '^[0-9]+ ', '') as street_name,
    keyed.second_line_key,
    keyed.city_key,
    keyed.postal_key,
    keyed.birth_key
from keyed
left join nicknames on keyed.first_word = nicknames.nickname
