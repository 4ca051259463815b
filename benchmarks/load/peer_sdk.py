"""HubSpot's own client in a plain loop with its models, as its README shows: `python peer_sdk.py ADDRESS ROWS`."""

import sys

import hubspot
from hubspot.crm.contacts import BatchInputSimplePublicObjectBatchInputUpsert
from rows import batches, upsert

address, count = sys.argv[1], int(sys.argv[2])
client = hubspot.Client.create(access_token="sandbox-hubspot-token", host=address, base_url=address)
api = client.crm.contacts.batch_api
for batch in batches(count):
    api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=upsert(batch)["inputs"]))
