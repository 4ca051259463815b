"""Backups, undoing a run, forgetting a person, and what is kept for how long."""

from typing import Annotated

import typer

from migrate.commands import frame
from migrate.commands.frame import AsJson
from migrate.screen import Screen

app = typer.Typer()

PANEL = "The way back"


@app.command(rich_help_panel=PANEL, epilog="Example: migrate backup hubspot")
def backup(
    target: Annotated[str | None, typer.Argument(help="hubspot or intercom; both without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep what the targets hold of the objects that we write; `run` and `load` do it before their first write."""
    from migrate import backup as backing

    with frame.work(as_json) as work:
        made = backing.backup(work, target)
        frame.give(work.screen, f"Backup {made['backup_id']}", made, made["parts"])


@app.command(rich_help_panel=PANEL, epilog="Example: migrate rollback 20260131T020000Z-1a2b --dry-run")
def rollback(
    run: Annotated[str, typer.Argument(help="Id of the run whose writes are undone.")],
    select: Annotated[
        list[str] | None, typer.Option("--select", "-s", help="Only hubspot, or hubspot:contacts.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be undone; writes nothing.")
    ] = False,
    with_later: Annotated[
        bool, typer.Option("--with-later", help="Undo the runs after it first, newest first.")
    ] = False,
    even_if_changed: Annotated[
        bool, typer.Option("--even-if-changed", help="Undo also what somebody changed in the target since.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the targets back to what they held before a run, and compare."""
    from migrate import rollback as undoing

    with frame.work(as_json) as work:
        undone = undoing.rollback(
            work, run, select or (), dry_run=dry_run, with_later=with_later, even_if_changed=even_if_changed
        )
        document = undoing.document(undone)
        frame.give(work.screen, "", document, [row for one in document["runs"] for row in one["outcomes"]])
        if not as_json:
            work.screen.exceptions([row for one in document["runs"] for row in one["exceptions"]])
        frame.leave_with(work.screen, undoing.findings(undone))


@app.command(rich_help_panel=PANEL, epilog="Example: migrate forget ada@example.com --yes")
def forget(
    person: Annotated[str, typer.Argument(help="Address, Salesforce id, or id in a target.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete and redact; without it only show where the person is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a person out of both targets, the warehouse and all files, and keep them from coming back."""
    from migrate import forget as forgetting

    with frame.work(as_json) as work:
        done = forgetting.forget(work, person, confirmed=yes)
        frame.give(work.screen, "Forgotten" if yes else "Would be forgotten", done, done["traces"])
        if not yes:
            work.screen.say("Nothing was changed: give --yes to delete, which nobody can undo.")
        frame.leave_with(work.screen, [f"{one['place']}: {one['found']} are left" for one in done["left"]])


@app.command(rich_help_panel=PANEL, epilog="Example: migrate purge --dry-run")
def purge(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted; deletes nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete raw copies, backups and before-images that are older than the settings RETENTION_… say."""
    from migrate import purge as purging

    with frame.work(as_json) as work:
        purged = purging.purge(work, dry_run=dry_run)
        frame.give(work.screen, "Would be purged" if dry_run else "Purged", {"purged": purged}, purged)


@app.command(rich_help_panel=PANEL, epilog="Example: migrate masking > masking.sql")
def masking(as_json: AsJson = False) -> None:
    """Print the SQL of masking policies and tags for personal columns, for a Snowflake account; asks no warehouse."""
    from migrate import masking as policies
    from migrate import transform

    found = [*policies.statements(transform.manifest(frame.settings()))]
    if as_json:
        Screen(as_json=True).document({"statements": found})
    else:
        typer.echo(";\n".join(found) + ";")
