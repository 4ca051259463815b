with accounts as (
    select
        account_id,
        parent_account_id,
        owner_id,
        account_name,
        account_type,
        industry,
        rating,
        account_source,
        description,
        phone,
        website,
        customer_tier,
        street,
        city,
        state,
        postal_code,
        country,
        annual_revenue,
        employee_count,
        contract_end_date,
        created_at,
        modified_at,
        {{ company_name_key('account_name') }} as name_key,
        {{ domain_key('website') }} as website_domain
    from {{ ref('stg_salesforce__accounts') }}
    -- an account that is a person becomes a contact
    where not is_deleted and not coalesce(is_person_account, false)
),

-- what has the form of a host
domains as (
    select distinct website_domain as domain
    from accounts
    where regexp_like(website_domain, '^([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z]{2,}$')
),

shared_domains as (
    select domain
    from {{ ref('shared_domains') }}
),

keyed as (
    select
        accounts.account_id,
        regexp_replace(accounts.name_key, '^the ', '') as words,
        {{ phone_key('accounts.phone') }} as phone_key,
        {{ street_key("split_part(accounts.street, '\n', 1)") }} as street_key,
        {{ plain_text('accounts.city') }} as city_key,
        {{ postal_key('accounts.postal_code') }} as postal_key
    from accounts
),

words as (
    select
        keyed.account_id,
        word.value::varchar as word
    from keyed,
        lateral flatten(input => split(keyed.words, ' ')) as word
),

sorted as (
    select
        account_id,
        listagg(distinct word, ' ') within group (order by word) as sorted_key,
        listagg(distinct left(word, 3), ' ') within group (order by left(word, 3)) as brief_words
    from words
    group by account_id
)

select
    row_number() over (order by accounts.account_id) as record_number,
    accounts.account_id as record_id,
    accounts.parent_account_id,
    accounts.owner_id,
    accounts.account_name,
    accounts.account_type,
    accounts.industry,
    accounts.rating,
    accounts.account_source,
    accounts.description,
    accounts.phone,
    accounts.website,
    accounts.customer_tier,
    accounts.street,
    accounts.city,
    accounts.state,
    accounts.postal_code,
    accounts.country,
    accounts.annual_revenue,
    accounts.employee_count,
    accounts.contract_end_date,
    accounts.created_at,
    accounts.modified_at,
    accounts.name_key,
    domains.domain,
    iff(shared_domains.domain is null, domains.domain, null) as domain_key,
    replace(keyed.words, ' ', '') as spelled_key,
    sorted.sorted_key,
    iff(contains(keyed.words, ' '), sorted.brief_words, null) as brief_key,
    iff(contains(keyed.words, ' '), regexp_replace(keyed.words, '([^ ])[^ ]* ?', '\\1'), null) as acronym_key,
    regexp_count(keyed.words, ' ') + 1 as word_count,
    keyed.phone_key,
    keyed.street_key,
    regexp_substr(keyed.street_key, '^[0-9]+') as house_number,
    keyed.city_key,
    keyed.postal_key
from accounts
inner join keyed on accounts.account_id = keyed.account_id
left join sorted on accounts.account_id = sorted.account_id
left join domains on accounts.website_domain = domains.domain
left join shared_domains on domains.domain = shared_domains.domain
