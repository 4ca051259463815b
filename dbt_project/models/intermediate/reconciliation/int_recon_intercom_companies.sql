{{ mismatching_fields(
    mart='intercom__companies',
    found='stg_intercom__companies',
    target='intercom',
    object='companies',
    custom_document='custom_attributes'
) }}
