with {{ parted_clusters('companies') }}

select
    joined.record_id,
    coalesce(parted.component_id, joined.component_id) as component_id
from joined
left join parted on joined.record_id = parted.record_id
