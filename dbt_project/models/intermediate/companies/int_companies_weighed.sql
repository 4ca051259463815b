with {{ weights_in_effect('companies') }}

select
    comparison,
    level,
    seed_m,
    m,
    u,
    bits,
    expected_pairs,
    prior_bits
from in_effect
