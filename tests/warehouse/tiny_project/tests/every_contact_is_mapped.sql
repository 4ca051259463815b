select stg_contacts.contact_id
from {{ ref('stg_contacts') }} as stg_contacts
left join {{ ref('hubspot__contacts') }} as mapped on stg_contacts.contact_id = mapped._record_key
where mapped._record_key is null and not stg_contacts.is_deleted
