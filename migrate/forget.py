"""Forgetting a person: found everywhere, taken out of everywhere, and kept from coming back."""

import getpass
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import load.ledger
from load.undo import FORGOTTEN
from migrate import mentions, phases, runs, systems, traces
from migrate import person as people
from migrate.errors import SetupError
from migrate.person import Person
from migrate.phases import Work
from migrate.runs import rows
from migrate.traces import Trace


def forget(work: Work, named: str, *, confirmed: bool = False) -> dict[str, Any]:
    """Find a person by address or id; with `confirmed` take them out of both targets, the files and all tables.

    The order makes a second call after a kill finish the work: first the tombstones, so that nobody comes back, then the
    targets, at the end the tables by which they are found. Afterwards everything is searched again.

    Raises:
        SetupError: nobody is found.
    """
    load.ledger.replay(work.connection, work.settings.home / "spool")
    person = people.find(work.connection, named)
    targets = systems.targets(work.settings)
    systems.check_accounts(work.settings)
    for name, target in targets.items():
        person.contacts.setdefault(name, set()).update(target.people(sorted(person.addresses)))
    named_in = [*mentions.find(work.connection, phases.declared_feeds(work.settings), targets, person)]
    found = [*_traces(work, person), *_mentioned({one.feed.label: len(one.rows) for one in named_in})]
    if not found:
        raise SetupError(
            "There is no such person in the warehouse, the files or the targets. Give an address, a Salesforce id or a "
            "target's id."
        )
    result: dict[str, Any] = {
        "records": len(person.records),
        "addresses": len(person.addresses),
        "traces": [asdict(one) for one in found],
    }
    if not confirmed:
        return {**result, "done": False, "left": []}
    salt = _salt(work.connection)
    _bury(work.connection, person, salt)
    deleted = {
        name: sum(target.forget(each) for each in sorted(person.contacts[name]))
        for name, target in targets.items()
    }
    kept = {one.feed.label: mentions.empty(targets, one) for one in named_in}
    _take_out(work, person, salt)
    certificate = _certify(work, named, salt, found, deleted)
    left = [asdict(one) for one in (*_in_warehouse_and_files(work, person), *_mentioned(kept))]
    return {**result, "done": True, "certificate_id": certificate, "targets": deleted, "left": left}


def _traces(work: Work, person: Person) -> list[Trace]:
    contacts = [
        Trace(f"{target} contacts", len(ids), "deleted for good")
        for target, ids in person.contacts.items()
        if ids
    ]
    return [*_in_warehouse_and_files(work, person), *contacts]


def _mentioned(numbers: Mapping[str, int]) -> list[Trace]:
    return [Trace(label, number, "values emptied") for label, number in numbers.items() if number]


def _in_warehouse_and_files(work: Work, person: Person) -> list[Trace]:
    found = [trace for _, trace in traces.in_tables(work.connection, person)]
    if files := traces.in_files(work.settings.home, person):
        found.append(Trace("files of the home", len(files), "removed"))
    if blobs := traces.blobs(work.connection, person):
        found.append(Trace("raw_salesforce.blobs", len(blobs), "emptied"))
    return found


def _bury(connection: Any, person: Person, salt: str) -> None:
    for kind, values in (("id", person.records), ("email", person.addresses)):
        for value in sorted(values):
            rows(
                connection,
                "insert into ops.tombstone (hash, kind, made_at) select %(hash)s, %(kind)s, sysdate() "
                "where not exists (select 1 from ops.tombstone where hash = %(hash)s)",
                {"hash": _hash(salt, value), "kind": kind},
            )


def _take_out(work: Work, person: Person, salt: str) -> None:
    connection = work.connection
    traces.empty_blobs(connection, traces.blobs(connection, person), work.settings.home / "forgetting")
    traces.remove_files(traces.in_files(work.settings.home, person))
    token = f"{FORGOTTEN}{_hash(salt, min(person.exact))[:12]}"
    for table, _ in [*traces.in_tables(connection, person)]:
        traces.take_out(connection, table, person, token)


def _certify(work: Work, named: str, salt: str, found: list[Trace], deleted: dict[str, int]) -> str:
    certificate_id = runs.new_id()
    rows(
        work.connection,
        "insert into ops.certificate (certificate_id, person, requested_by, places, targets, finished_at) "
        "select %(id)s, %(person)s, %(by)s, %(places)s, %(targets)s, sysdate()",
        {
            "id": certificate_id,
            "person": _hash(salt, named.strip().lower()),
            "by": getpass.getuser(),
            "places": json.dumps([asdict(one) for one in found]),
            "targets": json.dumps(deleted),
        },
    )
    return certificate_id


def _salt(connection: Any) -> str:
    """Give the one salt of this warehouse, made when it is needed first."""
    rows(
        connection,
        "insert into ops.tombstone_salt (salt) select %(salt)s where not exists (select 1 from ops.tombstone_salt)",
        {"salt": secrets.token_hex(32)},
    )
    return str(rows(connection, "select max(salt) as salt from ops.tombstone_salt")[0]["salt"])


def _hash(salt: str, value: str) -> str:
    """Hash as `extract.salesforce.tombstones` does in SQL."""
    return hashlib.sha256((salt + value.strip().lower()).encode()).hexdigest()
