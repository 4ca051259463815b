select
    block,
    block_key,
    count(*) as record_count
from {{ ref('int_people_blocked') }}
where is_crowded
group by block, block_key
