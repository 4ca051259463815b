{{ mismatching_fields(
    mart='intercom__contacts',
    found='stg_intercom__contacts',
    target='intercom',
    object='contacts',
    custom_document='custom_attributes'
) }}
