with resolved as (
    select
        source_field,
        source_id,
        link_id,
        link_key,
        from_object,
        from_key,
        to_object,
        to_key,
        disposition
    from {{ ref('int_links_resolved') }}
),

links as (
    select
        'hubspot' as target,
        'associations' as object,
        source_field,
        source_id,
        link_id,
        link_key,
        from_object,
        from_key,
        to_object,
        to_key,
        disposition
    from resolved
    union all
    -- Intercom knows no kinds of attachment, so links that differ only in kind are one
    select
        'intercom' as target,
        'attachments' as object,
        source_field,
        source_id,
        link_id,
        from_key || '>' || to_key as link_key,
        from_object,
        from_key,
        to_object,
        to_key,
        iff(
            disposition = 'kept'
            and row_number() over (partition by disposition, from_key, to_key order by link_id) > 1,
            'merged',
            disposition
        ) as disposition
    from resolved
    where from_object = 'contacts' and to_object = 'companies'
    union all
    select
        'intercom' as target,
        'taggings' as object,
        source_field,
        source_id,
        link_id,
        link_key,
        tagged_object as from_object,
        tagged_key as from_key,
        'tags' as to_object,
        tag_key as to_key,
        disposition
    from {{ ref('int_tags_given') }}
),

ledger as (
    select
        target,
        object,
        record_key
    from {{ source('ops', 'load_ledger') }}
),

attempts as (
    select
        target,
        object,
        record_key,
        status,
        error_category,
        error_message
    from {{ ref('int_recon_attempts') }}
),

found as (
    select distinct
        target,
        object,
        link_key
    from {{ ref('int_recon_links_found') }}
),

unchecked as (
    select
        target,
        object,
        record_key
    from {{ ref('int_recon_unchecked') }}
),

unloaded_ends as (
    select
        target,
        object,
        record_key,
        status
    from {{ ref('recon_record') }}
    where status in ('refused', 'failed')
),

judged as (
    select
        links.target,
        links.object,
        links.source_field,
        links.source_id,
        links.link_id,
        links.link_key,
        attempts.error_category,
        attempts.error_message,
        case
            when links.disposition in ('orphaned', 'end_refused') then 'quarantined'
            when links.disposition = 'merged' then 'merged'
            when unchecked.record_key is not null and ledger.record_key is not null then 'unchecked'
            when found.link_key is not null then 'verified'
            when attempts.status in ('refused', 'failed') then attempts.status
            when ledger.record_key is not null then 'missing'
            else coalesce(from_ends.status, to_ends.status, 'pending')
        end as status,
        case
            when links.disposition = 'orphaned' then 'an end is deleted or was never extracted'
            when links.disposition = 'end_refused' then 'an end is in quarantine'
            when links.disposition = 'merged' then 'the same link as another after merging'
            when unchecked.record_key is not null and ledger.record_key is not null
                then 'sent and accepted; the last read-back was a sample without it'
            when found.link_key is not null then null
            when attempts.status in ('refused', 'failed')
                then coalesce(attempts.error_category, attempts.status) || ': ' || coalesce(attempts.error_message, '')
            when ledger.record_key is not null then 'sent and accepted, but not found in the target'
            when from_ends.record_key is not null or to_ends.record_key is not null
                then 'an end of it was refused or failed, see recon_record'
            else 'not sent yet'
        end as reason
    from links
    left join found
        on links.target = found.target and links.object = found.object and links.link_key = found.link_key
    left join ledger
        on links.target = ledger.target and links.object = ledger.object and links.link_key = ledger.record_key
    left join attempts
        on links.target = attempts.target and links.object = attempts.object and links.link_key = attempts.record_key
    -- the links of a record are read together with it
    left join unchecked
        on
            links.target = unchecked.target
            and links.from_object = unchecked.object
            and links.from_key = unchecked.record_key
    left join unloaded_ends as from_ends
        on
            links.target = from_ends.target
            and links.from_object = from_ends.object
            and links.from_key = from_ends.record_key
    left join unloaded_ends as to_ends
        on
            links.target = to_ends.target
            and links.to_object = to_ends.object
            and links.to_key = to_ends.record_key
    -- an end that stands for several merged records is joined once for each
    qualify row_number() over (partition by links.target, links.link_id order by links.link_id) = 1
)

select
    target,
    object,
    source_field,
    source_id,
    link_id,
    link_key,
    status,
    reason
from judged
