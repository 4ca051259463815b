with {{ candidate_pairs('people') }}

select
    one_number,
    other_number
from pairs
