"""dlt with a custom destination of batches of a hundred: `python peer_dlt.py ADDRESS ROWS HOME`."""

import sys

import dlt
import requests
from rows import contacts, upsert

address, count, home = sys.argv[1], int(sys.argv[2]), sys.argv[3]
session = requests.Session()
session.headers["Authorization"] = "Bearer sandbox-hubspot-token"


@dlt.destination(batch_size=100, naming_convention="direct", skip_dlt_columns_and_tables=True)
def hubspot(items, table):  # noqa: ANN001, ANN201, ARG001
    session.post(
        f"{address}/crm/v3/objects/contacts/batch/upsert", json=upsert(items), timeout=60
    ).raise_for_status()


pipeline = dlt.pipeline("bench", destination=hubspot, pipelines_dir=home)
pipeline.run(contacts(count), table_name="contacts")
