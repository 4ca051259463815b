"""HubSpot as a target: schema, records, associations, files, and the way back."""

from load.hubspot.target import HubSpot

__all__ = ["HubSpot"]
