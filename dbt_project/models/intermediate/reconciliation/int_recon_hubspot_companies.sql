{{ mismatching_fields(
    mart='hubspot__companies',
    found='stg_hubspot__companies',
    target='hubspot',
    object='companies'
) }}
