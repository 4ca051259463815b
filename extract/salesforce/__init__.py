"""Salesforce, read whole or what changed, through Bulk 2.0."""

from extract.salesforce.discover import Found, discover, record_fields
from extract.salesforce.login import Login, connect
from extract.salesforce.plan import Plan, Planned, plan
from extract.salesforce.read import Settings
from extract.salesforce.run import Extracted, extract, unseen_fields

__all__ = [
    "Extracted",
    "Found",
    "Login",
    "Plan",
    "Planned",
    "Settings",
    "connect",
    "discover",
    "extract",
    "plan",
    "record_fields",
    "unseen_fields",
]
