"""Salesforce, read whole or what changed, through Bulk 2.0."""

from extract.salesforce.login import Login, connect
from extract.salesforce.read import Settings
from extract.salesforce.run import Extracted, extract

__all__ = ["Extracted", "Login", "Settings", "connect", "extract"]
