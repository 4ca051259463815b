"""HubSpot, read back: whole, a sample, or what changed."""

from extract.hubspot.changes import LAG, Since, read_changes
from extract.hubspot.files import read_files
from extract.hubspot.records import RAW, Account, read, read_owners, read_sample

__all__ = [
    "LAG",
    "RAW",
    "Account",
    "Since",
    "read",
    "read_changes",
    "read_files",
    "read_owners",
    "read_sample",
]
