with {{ candidate_pairs('companies') }}

select
    one_number,
    other_number
from pairs
