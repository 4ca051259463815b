"""What a run needs, checked before it starts."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from migrate.errors import SetupError
from migrate.settings import Settings

VENDORS = ("salesforce", "hubspot", "intercom")
FREE_BYTES = 1_000_000_000


def require_disk(home: Path) -> None:
    """Raise a SetupError when less than 1 GB is free where the state is kept."""
    existing = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < FREE_BYTES:
        raise SetupError(
            f"Only {free / 1e6:,.0f} MB are free on the disk of {home}; at least {FREE_BYTES / 1e6:,.0f} MB are needed. "
            "Free some space, or set MIGRATE_HOME to a folder on another disk."
        )


def require_stand_ins(settings: Settings) -> None:
    """Raise a SetupError when any setting points away from this machine: seeding empties what it fills."""
    away = [vendor for vendor in VENDORS if not settings.sandboxed(vendor)]
    if settings.target != "local":
        away.append(f"warehouse (MIGRATE_TARGET={settings.target})")
    if away:
        raise SetupError(
            f"This works with the local stand-ins only, and the settings point elsewhere for: {', '.join(away)}. "
            "Remove those settings from the environment and .env first."
        )


def check_all(settings: Settings) -> list[dict[str, Any]]:
    """Check disk, warehouse, the three systems and what the login may see.

    Each row has `check`, `status` (ok, warning, failed) and `detail`.
    """
    checks: list[tuple[str, Callable[[Settings], str]]] = [
        ("disk", _disk),
        ("warehouse", _warehouse),
        ("salesforce", _salesforce),
        ("salesforce fields", _salesforce_fields),
        ("hubspot", _hubspot),
        ("intercom", _intercom),
    ]
    return [_checked(name, check, settings) for name, check in checks]


class Concern(Exception):  # noqa: N818 - nothing is wrong, but somebody should know
    """What a run can do without, and somebody may not want it to."""


def _checked(name: str, check: Callable[[Settings], str], settings: Settings) -> dict[str, Any]:
    try:
        return {"check": name, "status": "ok", "detail": check(settings)}
    except Concern as concern:
        return {"check": name, "status": "warning", "detail": str(concern)}
    except Exception as error:  # noqa: BLE001  # whatever is wrong is the finding
        return {"check": name, "status": "failed", "detail": f"{type(error).__name__}: {error}"}


def _disk(settings: Settings) -> str:
    require_disk(settings.home)
    return f"at least {FREE_BYTES / 1e9:.0f} GB free for {settings.home}"


def _warehouse(settings: Settings) -> str:
    import warehouse
    from migrate.runs import rows

    connection = warehouse.connect(settings.target)
    try:
        found = rows(
            connection,
            "select current_version() as version, current_database() as name, "
            "(select count(*) from information_schema.schemata "
            "where schema_name in ('RAW_SALESFORCE', 'RAW_HUBSPOT', 'RAW_INTERCOM', 'OPS')) as schemas",
        )[0]
    finally:
        connection.close()
    if found["schemas"] < len(("RAW_SALESFORCE", "RAW_HUBSPOT", "RAW_INTERCOM", "OPS")):
        raise SetupError("Schemas are missing: run `migrate warehouse up`.")
    return f"target {settings.target}, database {found['name']}, version {found['version']}"


def _salesforce(settings: Settings) -> str:
    from migrate import systems

    client = systems.salesforce(settings)
    budget = client.limits()["DailyApiRequests"]
    return (
        f"{settings.vendor_url('salesforce')}, {budget['Remaining']:,} of {budget['Max']:,} calls left today"
    )


def _salesforce_fields(settings: Settings) -> str:
    import extract.salesforce
    import extract.sources
    import warehouse
    from migrate import systems, transform

    declared = extract.sources.declared(transform.manifest(settings))
    connection = warehouse.connect(settings.target)
    try:
        unseen = extract.salesforce.unseen_fields(systems.salesforce(settings), connection, declared)
    finally:
        connection.close()
    if unseen:
        raise Concern(" ".join(unseen))
    return f"the login sees every field of the {len(declared)} declared objects that the org defines"


def _hubspot(settings: Settings) -> str:
    from migrate import systems

    systems.targets(settings)["hubspot"].check_account()
    return f"{settings.hubspot_base_url}, account {settings.hubspot_account_id}"


def _intercom(settings: Settings) -> str:
    from migrate import systems

    systems.targets(settings)["intercom"].check_account()
    return f"{settings.intercom_base_url}, workspace {settings.intercom_workspace_id}"
