"""Retention: what is older than the settings say, and no longer needed for what is still going on, is deleted."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from migrate.phases import Work
from migrate.runs import rows

# A version of a record that a newer one from before the bound follows. Without the latest one a rollback would take a record
# that was there before for one that the run made.
SUPERSEDED = """
select backup.backup_id, backup.target, backup.object, backup.target_id
from ops.backup as backup
where backup.taken_at < %(before)s and exists (
    select 1 from ops.backup as newer
    where newer.target = backup.target and newer.object = backup.object and newer.target_id = backup.target_id
        and newer.taken_at > backup.taken_at and newer.taken_at < %(before)s
)"""
# Nobody wrote to these targets for so long: there is nothing left to bring back.
QUIET = """
select distinct part.target
from ops.backup_part as part
where not exists (
    select 1 from ops.load_attempt as attempt
    where attempt.target = part.target and attempt.attempted_at >= %(before)s
) and not exists (
    select 1 from ops.backup_part as newer where newer.target = part.target and newer.taken_at >= %(before)s
)"""
# The ledger's own attempt says what the target was sent, which the next plan compares with what it holds.
IMAGES = """
attempted_at < %(before)s and (payload is not null or before_image is not null) and not exists (
    select 1 from ops.load_ledger as ledger
    where ledger.target = load_attempt.target and ledger.object = load_attempt.object
        and ledger.record_key = load_attempt.record_key and ledger.loaded_at = load_attempt.attempted_at
)"""


def purge(work: Work, *, dry_run: bool = False) -> list[dict[str, Any]]:
    """Delete what is older than the settings say; give a row for each kind of thing with its number."""
    raw, backups, images = (
        datetime.now(UTC).replace(tzinfo=None) - timedelta(days=days)
        for days in (
            work.settings.retention_raw_days,
            work.settings.retention_backup_days,
            work.settings.retention_before_image_days,
        )
    )
    done = [
        _row("raw tables of Salesforce not copied since", raw, _raw(work.connection, raw, dry_run=dry_run)),
        _row("read-backs in raw", raw, _read_backs(work.connection, raw, dry_run=dry_run)),
        _row("landing files", raw, _landing(work.settings.home / "landing", raw, dry_run=dry_run)),
        _row("versions in backups", backups, _backups(work.connection, backups, dry_run=dry_run)),
        _row("before-images and payloads", images, _images(work.connection, images, dry_run=dry_run)),
        _row("actions of plans", images, _plans(work.connection, images, dry_run=dry_run)),
    ]
    return [*done]


def _row(what: str, before: datetime, number: int) -> dict[str, Any]:
    return {"what": what, "older_than": f"{before:%Y-%m-%d}", "purged": number}


def _raw(connection: Any, before: datetime, *, dry_run: bool) -> int:
    """Empty the tables of objects that no run copied any more; a later extract copies them whole."""
    old = rows(connection, "select object from ops.watermark where updated_at < %(before)s", _bound(before))
    names = {row["table_name"] for row in rows(connection, _TABLES)}
    emptied = [row["object"] for row in old if row["object"].upper() in names]
    for name in () if dry_run else emptied:
        rows(connection, f'delete from raw_salesforce."{name.upper()}"')
        rows(connection, "delete from ops.watermark where object = %(object)s", {"object": name})
    return len(emptied)


_TABLES = "select table_name from information_schema.tables where table_schema = 'RAW_SALESFORCE'"


def _read_backs(connection: Any, before: datetime, *, dry_run: bool) -> int:
    found = 0
    for table in (
        *("raw_hubspot.records", "raw_hubspot.associations", "raw_hubspot.files"),
        *("raw_intercom.records", "raw_intercom.links"),
    ):
        found += _delete(connection, table, "_extracted_at < %(before)s", before, dry_run=dry_run)
    return found


def _landing(folder: Path, before: datetime, *, dry_run: bool) -> int:
    """Remove the folders of runs of which no file was written since."""
    old = [
        run
        for run in (sorted(folder.iterdir()) if folder.is_dir() else ())
        if run.is_dir() and _newest(run) < before.replace(tzinfo=UTC).timestamp()
    ]
    files = sum(1 for run in old for file in run.rglob("*") if file.is_file())
    for run in () if dry_run else old:
        shutil.rmtree(run, ignore_errors=True)
    return files


def _newest(run: Path) -> float:
    return max(file.stat().st_mtime for file in (run, *run.rglob("*")))


def _backups(connection: Any, before: datetime, *, dry_run: bool) -> int:
    quiet = f"target in ({QUIET})"
    found = _delete(connection, "ops.backup", quiet, before, dry_run=dry_run)
    if not dry_run:
        _delete(connection, "ops.backup_part", quiet, before, dry_run=dry_run)
    superseded = f"(backup_id, target, object, target_id) in ({SUPERSEDED}) and not ({quiet})"
    return found + _delete(connection, "ops.backup", superseded, before, dry_run=dry_run)


def _images(connection: Any, before: datetime, *, dry_run: bool) -> int:
    found = _count(connection, "ops.load_attempt", IMAGES, before)
    if not dry_run and found:
        rows(
            connection,
            f"update ops.load_attempt set payload = null, before_image = null where {IMAGES}",
            _bound(before),
        )
    return found


def _plans(connection: Any, before: datetime, *, dry_run: bool) -> int:
    old = "plan_id in (select plan_id from ops.plan where created_at < %(before)s)"
    return _delete(connection, "ops.plan_action", old, before, dry_run=dry_run)


def _delete(connection: Any, table: str, condition: str, before: datetime, *, dry_run: bool) -> int:
    found = _count(connection, table, condition, before)
    if not dry_run and found:
        rows(connection, f"delete from {table} where {condition}", _bound(before))
    return found


def _count(connection: Any, table: str, condition: str, before: datetime) -> int:
    found = rows(connection, f"select count(*) as found from {table} where {condition}", _bound(before))
    return int(found[0]["found"])


def _bound(before: datetime) -> dict[str, str]:
    return {"before": before.isoformat(sep=" ", timespec="seconds")}
