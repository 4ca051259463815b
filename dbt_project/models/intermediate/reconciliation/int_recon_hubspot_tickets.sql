{{ mismatching_fields(
    mart='hubspot__tickets',
    found='stg_hubspot__tickets',
    target='hubspot',
    object='tickets'
) }}
