"""The embedded warehouse and the stand-ins on this machine."""

from pathlib import Path
from typing import Annotated, Any

import typer

from migrate.commands import frame
from migrate.commands.frame import AsJson
from migrate.screen import Screen

warehouse_app = typer.Typer(no_args_is_help=True, help="The embedded warehouse.")
sandbox_app = typer.Typer(
    no_args_is_help=True, help="The local stand-ins of Salesforce, HubSpot and Intercom."
)


@warehouse_app.command("up", epilog="Example: migrate warehouse up")
def warehouse_up(as_json: AsJson = False) -> None:
    """Start the embedded warehouse and create its schemas; with `--target snowflake` only the schemas."""
    from migrate import checkup, local

    settings = frame.settings()
    checkup.require_disk(settings.home)
    screen = Screen(as_json=as_json)
    result = local.start_warehouse(settings, screen)
    if as_json:
        screen.document(result)


@warehouse_app.command("down", epilog="Example: migrate warehouse down")
def warehouse_down(as_json: AsJson = False) -> None:
    """Stop the embedded warehouse; its data stays."""
    from migrate import servers

    _stop(Screen(as_json=as_json), [servers.warehouse(frame.settings())])


@warehouse_app.command(
    "sql", epilog="Example: migrate warehouse sql 'select * from reconciliation.recon_object'"
)
def warehouse_sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement in Snowflake's dialect.")],
    as_json: AsJson = False,
) -> None:
    """Run one statement in the warehouse and print its rows."""
    from migrate import runs

    screen = Screen(as_json=as_json)
    with frame.connected(frame.settings()) as connection:
        found = runs.rows(connection, statement)
    frame.give(screen, "", {"rows": found}, found)


@sandbox_app.command("up", epilog="Example: migrate sandbox up")
def sandbox_up(as_json: AsJson = False) -> None:
    """Start the three stand-ins."""
    from migrate import checkup, local

    settings = frame.settings()
    checkup.require_disk(settings.home)
    screen = Screen(as_json=as_json)
    result = local.start_stand_ins(settings, screen)
    if as_json:
        screen.document(result)


@sandbox_app.command("down", epilog="Example: migrate sandbox down")
def sandbox_down(as_json: AsJson = False) -> None:
    """Stop the three stand-ins; their data stays."""
    from migrate import servers

    _stop(Screen(as_json=as_json), servers.stand_ins(frame.settings()))


@sandbox_app.command("seed", epilog="Example: migrate sandbox seed --csv exports/")
def sandbox_seed(
    csv: Annotated[
        Path | None, typer.Option(help="Folder of CSV files named after Salesforce objects.")
    ] = None,
    scale: Annotated[float, typer.Option(help="Size of the demo company; 1 is about 8,000 records.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed from which the demo company is made.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Fill the stand-ins with the demo company or with CSV files; empties them and the warehouse first."""
    from migrate import checkup, local

    settings = frame.settings()
    checkup.require_stand_ins(settings)
    screen = Screen(as_json=as_json)
    result = local.seed(settings, screen, seed=seed, scale=scale, csv=csv, again=True)
    if as_json:
        screen.document(result)


def _stop(screen: Screen, stopped: list[Any]) -> None:
    from migrate import servers

    result = {server.name: servers.stop(server) for server in stopped}
    for name, was_running in result.items():
        screen.say(f"{name}: {'stopped' if was_running else 'was not running'}")
    if screen.as_json:
        screen.document({"stopped": result})
