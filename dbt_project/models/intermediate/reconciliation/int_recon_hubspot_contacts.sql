{{ mismatching_fields(
    mart='hubspot__contacts',
    found='stg_hubspot__contacts',
    target='hubspot',
    object='contacts'
) }}
