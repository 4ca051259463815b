"""drt's HubSpot destination as it comes, pointed at the stand-in: `python peer_drt.py ADDRESS ROWS`."""

import os
import sys

import drt.destinations.hubspot as destination
from drt.config.models import BearerAuth, HubSpotDestinationConfig, SyncOptions
from rows import KEY, contacts

address, count = sys.argv[1], int(sys.argv[2])
os.environ["HUBSPOT_TOKEN"] = "sandbox-hubspot-token"
destination._HUBSPOT_API = f"{address}/crm/v3/objects"
destination._HUBSPOT_PROPERTIES_API = f"{address}/crm/v3/properties"
config = HubSpotDestinationConfig(
    type="hubspot",
    object_type="contacts",
    id_property=KEY,
    auth=BearerAuth(type="bearer", token_env="HUBSPOT_TOKEN"),
)
result = destination.HubSpotDestination().load(list(contacts(count)), config, SyncOptions())
if result.failed:
    raise SystemExit(f"{result.failed} of {count} rows failed")
