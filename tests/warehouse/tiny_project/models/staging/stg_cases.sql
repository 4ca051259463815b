select
    id as case_id,
    "CONTACTID" as contact_id,
    subject,
    status
from {{ source('salesforce', 'cases') }}
qualify row_number() over (partition by id order by _extracted_at desc) = 1
