"""The Snowflake connection from the dbt profile, and the embedded warehouse."""

from warehouse.profile import (
    ProfileError,
    WarehouseNotRunningError,
    connect,
    connector_arguments,
    read_profile,
)
from warehouse.setup import setup

__all__ = [
    "ProfileError",
    "WarehouseNotRunningError",
    "connect",
    "connector_arguments",
    "read_profile",
    "setup",
]
