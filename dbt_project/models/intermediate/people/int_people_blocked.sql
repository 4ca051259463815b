with records as (
    select
        record_number,
        mailbox_key,
        mailbox_user,
        given_key,
        formal_key,
        family_key,
        phone_key,
        mobile_key,
        company_key,
        title_key,
        street_key,
        street_name,
        second_line_key,
        city_key,
        postal_key,
        birth_key
    from {{ ref('int_people_keyed') }}
),

{{ blocks(people_blocks()) }}
