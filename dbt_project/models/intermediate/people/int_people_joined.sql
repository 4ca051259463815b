with {{ connected_components('people') }}

select
    record_id,
    component_id
from components
