"""Everything that runs on this machine for trying the system: the embedded warehouse, the stand-ins, their data."""

import json
import shutil
from pathlib import Path
from typing import Any

import requests

import warehouse
from migrate import servers
from migrate.errors import SetupError
from migrate.runs import alone, rows
from migrate.screen import Screen
from migrate.settings import Settings

SEED_SECONDS = 600
OWN_SCHEMAS = ("INFORMATION_SCHEMA", "PUBLIC")


def start_warehouse(settings: Settings, screen: Screen) -> dict[str, Any]:
    """Start the embedded warehouse, unless the target is an account, and create what `setup.sql` declares."""
    if settings.target == "local":
        server = servers.warehouse(settings)
        _started(screen, server, servers.start(server))
    connection = warehouse.connect(settings.target)
    try:
        warehouse.setup(connection)
    finally:
        connection.close()
    return {"target": settings.target, "port": settings.warehouse_port}


def start_stand_ins(settings: Settings, screen: Screen) -> dict[str, Any]:
    """Start the three stand-ins."""
    for server in servers.stand_ins(settings):
        _started(screen, server, servers.start(server))
    return {server.name: server.url for server in servers.stand_ins(settings)}


def seed(
    settings: Settings,
    screen: Screen,
    *,
    seed: int,
    scale: float,
    csv: Path | None = None,
    again: bool = False,
) -> dict[str, Any]:
    """Fill the stand-ins, unless they hold the very same already and `again` is not asked.

    They are emptied first, and so is the warehouse, which would otherwise hold another company's records.

    Raises:
        SetupError: a stand-in is not running or does not take the data; the message is the stand-in's.
    """
    wanted: dict[str, Any] = {"csv": str(csv.resolve())} if csv else {"seed": seed, "scale": scale}
    marker = settings.home / "sandbox" / "seeded.json"
    if not again and marker.exists() and json.loads(marker.read_text()) == wanted:
        screen.say("The stand-ins hold this company already; `make clean` starts from nothing.")
        return wanted
    if csv:
        _check(csv)
    with alone(settings.home):
        return _fill(settings, screen, csv or _generate(settings, screen, seed, scale), wanted)


def _check(folder: Path) -> None:
    """Refuse a folder that cannot be loaded before anything is emptied."""
    from sandbox.salesforce.seed import SeedError, check_folder

    try:
        check_folder(folder)
    except SeedError as error:
        raise SetupError(f"{error} (nothing was changed)") from error


def _fill(settings: Settings, screen: Screen, folder: Path, wanted: dict[str, Any]) -> dict[str, Any]:
    marker = settings.home / "sandbox" / "seeded.json"
    marker.unlink(missing_ok=True)
    for vendor in ("salesforce", "hubspot", "intercom"):
        _post(settings, vendor, "reset", {})
    # Together with them: the warehouse must never remember a company that the stand-ins no longer hold.
    _empty_warehouse(settings)
    loaded = _post(settings, "salesforce", "seed", {"folder": str(folder.resolve())})
    owners = _owners(folder)
    _post(settings, "hubspot", "owners", owners)
    _post(settings, "intercom", "admins", owners)
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps(wanted))
    screen.say(f"Seeded Salesforce from {folder}, and {len(owners)} users in HubSpot and Intercom.")
    return {**wanted, "salesforce": loaded}


def say_where_to_look(screen: Screen) -> None:
    """Say what a newcomer may try next."""
    screen.say(
        "\nThe warehouse and the stand-ins are still running. Where to look next:\n"
        "  .venv/bin/migrate warehouse sql \"select * from reconciliation.recon_record where status <> 'verified'\"\n"
        '  .venv/bin/migrate warehouse sql "select * from quality.quarantine"\n'
        "  .venv/bin/migrate run            a second run sends nothing, for nothing has changed\n"
        "  .venv/bin/dbt build              the models, as an analytics engineer runs them\n"
        "  dbt_project/models/marts/        the mapping, one select for each target object\n"
        "  make clean                       stops everything and leaves nothing behind"
    )


def _started(screen: Screen, server: servers.Server, is_new: bool) -> None:
    screen.say(f"{server.name}: {'started' if is_new else 'running'} at {server.url}")


def _generate(settings: Settings, screen: Screen, seed: int, scale: float) -> Path:
    from sandbox import company

    folder = settings.home / "sandbox" / "company"
    shutil.rmtree(folder, ignore_errors=True)
    with screen.errors.status("Making the demo company …"):
        company.generate(folder, seed=seed, scale=scale)
    return folder


def _owners(folder: Path) -> list[dict[str, str]]:
    """Give the users that exist in the targets too: those that the folder names, if it does."""
    file = folder / "owners.json"
    owners: list[dict[str, str]] = json.loads(file.read_text()) if file.exists() else []
    return owners


def _post(settings: Settings, vendor: str, action: str, body: Any) -> Any:
    url = f"{settings.sandbox_url(vendor)}/_sandbox/{action}"
    try:
        answer = requests.post(url, json=body, timeout=SEED_SECONDS)
    except requests.ConnectionError as error:
        raise SetupError(
            f"The {vendor} stand-in is not running: start it with `migrate sandbox up`."
        ) from error
    if not answer.ok:
        raise SetupError(f"The {vendor} stand-in refused {action}: {answer.text}")
    return answer.json() if answer.content else None


def _empty_warehouse(settings: Settings) -> None:
    try:
        connection = warehouse.connect(settings.target)
    except warehouse.WarehouseNotRunningError:
        shutil.rmtree(settings.home / "warehouse", ignore_errors=True)
        return
    try:
        for row in rows(connection, "select schema_name from information_schema.schemata"):
            if row["schema_name"].upper() not in OWN_SCHEMAS:
                connection.cursor().execute(f'drop schema if exists "{row["schema_name"]}" cascade')
        warehouse.setup(connection)
    finally:
        connection.close()
