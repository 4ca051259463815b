{{ mismatching_fields(
    mart='hubspot__deals',
    found='stg_hubspot__deals',
    target='hubspot',
    object='deals'
) }}
