"""Where HubSpot's calls go, in one table with a switch: v3 and v4 end in 2027, their successors carry a date.

Source: developers.hubspot.com, "Migrate legacy API usage": `/crm/v3/objects` becomes `/crm/objects/2026-09`, and so on.
"""

from collections.abc import Mapping
from typing import Any

LEGACY = {
    "account": "/account-info/v3",
    "objects": "/crm/v3/objects",
    "properties": "/crm/v3/properties",
    "pipelines": "/crm/v3/pipelines",
    "owners": "/crm/v3/owners",
    "schemas": "/crm-object-schemas/v3/schemas",
    "associations": "/crm/v4/associations",
    "preferences": "/communication-preferences/v4",
    "limits": "/crm/v3/limits",
    "files": "/files/v3",
}


def _dated(version: str) -> dict[str, str]:
    families = ("objects", "properties", "pipelines", "owners", "associations", "limits")
    return {
        "account": f"/account-info/{version}",
        "preferences": f"/communication-preferences/{version}",
        "files": f"/files/{version}",
        "schemas": f"/crm-object-schemas/{version}/schemas",
        **{family: f"/crm/{family}/{version}" for family in families},
    }


VERSIONS: Mapping[str, Mapping[str, str]] = {
    "v3": LEGACY,
    "2026-03": _dated("2026-03"),
    "2026-09": _dated("2026-09"),
}

# What the loader calls, below its family.
CALLS = {
    "account": ("account", "/details"),
    "usage": ("account", "/api-usage/daily/private-apps"),
    "owners": ("owners", "/"),
    "pipelines": ("pipelines", "/{object}"),
    "record_limits": ("limits", "/records"),
    "property_limits": ("limits", "/custom-properties"),
    "association_limits": ("limits", "/associations/records/from"),
    "schemas": ("schemas", ""),
    "labels": ("associations", "/{from_object}/{to_object}/labels"),
    "unsubscribe": ("preferences", "/statuses/batch/unsubscribe-all"),
    "upsert": ("objects", "/{object}/batch/upsert"),
    "update": ("objects", "/{object}/batch/update"),
    "read": ("objects", "/{object}/batch/read"),
    "archive": ("objects", "/{object}/batch/archive"),
    "forget": ("objects", "/contacts/gdpr-delete"),
    "upload": ("files", "/files"),
    "file": ("files", "/files/{id}"),
    "forget_file": ("files", "/files/{id}/gdpr-delete"),
    "file_at": ("files", "/files/stat/{path}"),
    "link": ("associations", "/{from_object}/{to_object}/batch/create"),
    "linked": ("associations", "/{from_object}/{to_object}/batch/read"),
    "unlink": ("associations", "/{from_object}/{to_object}/batch/archive"),
    "unlabel": ("associations", "/{from_object}/{to_object}/batch/labels/archive"),
}


def paths(version: str) -> dict[str, str]:
    """Give the path of each call in a version.

    Raises:
        ValueError: there is no such version; the message lists those that there are.
    """
    if version not in VERSIONS:
        raise ValueError(f"HubSpot's API has no version {version} here; there are {', '.join(VERSIONS)}.")
    return {name: VERSIONS[version][family] + rest for name, (family, rest) in CALLS.items()}


class Redirected:
    """The SDK's connection pool, for a version that the SDK does not speak: the paths that it knows are exchanged."""

    def __init__(self, pool: Any, version: str) -> None:
        self._pool = pool
        self._instead = {LEGACY[family]: path for family, path in VERSIONS[version].items()}

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Send a call where the version has it."""
        for old, new in self._instead.items():
            if f"{old}/" in url:
                url = url.replace(old, new, 1)
                break
        return self._pool.request(method, url, **options)


def speak(rest_client: Any, version: str) -> None:
    """Let a client of the SDK speak a version that it does not know."""
    if version != "v3":
        rest_client.pool_manager = Redirected(rest_client.pool_manager, version)
