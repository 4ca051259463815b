with {{ connected_components('companies') }}

select
    record_id,
    component_id
from components
