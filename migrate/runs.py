"""OPS.RUN and OPS.RUN_PHASE: which run did what, when, and how far it came."""

import fcntl
import getpass
import json
import platform
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from migrate.errors import SetupError
from migrate.settings import Settings

UNFINISHED = ("running", "stopped")
VERSIONED = (
    "salesforce-exit",
    "dbt-core",
    "dbt-snowflake",
    "snowflake-connector-python",
    "simple-salesforce",
    "hubspot-api-client",
    "python-intercom",
)
PHASES = ("extract", "build", "load", "reconcile")


@dataclass(frozen=True, slots=True)
class Run:
    """A run by its id, whether an earlier call began it, and the phases of it that are done."""

    run_id: str
    is_resumed: bool
    done: tuple[str, ...] = ()


def open_run(connection: Any, settings: Settings, *, new: bool = False) -> Run:
    """Continue the latest run if it was stopped or killed; begin one after a success or a gate that stayed shut."""
    latest = latest_run(connection)
    if latest and latest["status"] in UNFINISHED and not new:
        return Run(latest["run_id"], is_resumed=True, done=_done(connection, latest["run_id"]))
    return Run(_begin(connection, settings), is_resumed=False)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the home's lock, which the system lets go of however the process ends.

    Raises:
        SetupError: another `migrate` is at work on this home.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "migrate.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SetupError(
                f"Another migrate command is at work in {home}. Wait for it, or stop it."
            ) from error
        yield


def new_id() -> str:
    """Give an id for a run: when it began, in UTC, and four digits against collisions."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def finish(connection: Any, run_id: str, status: str) -> None:
    """Write how the run ended: succeeded, failed (a gate stayed shut) or stopped (it is continued)."""
    connection.cursor().execute(
        "update ops.run set status = %s, finished_at = %s where run_id = %s", (status, now(), run_id)
    )


def record_phase(connection: Any, run_id: str, phase: str, status: str, started_at: str, detail: Any) -> None:
    """Add one row for a phase that ended."""
    connection.cursor().execute(
        "insert into ops.run_phase (run_id, phase, status, started_at, finished_at, detail) "
        "select %s, %s, %s, %s, %s, %s",
        (run_id, phase, status, started_at, now(), json.dumps(detail, default=str)),
    )


def phases_of(connection: Any, run_id: str) -> list[dict[str, Any]]:
    """Give the phases of a run in the order in which they ended, each with its seconds."""
    return rows(
        connection,
        "select phase as name, status, datediff('millisecond', started_at, finished_at) / 1000 as seconds "
        "from ops.run_phase where run_id = %s order by finished_at",
        (run_id,),
    )


def rows(
    connection: Any, statement: str, parameters: tuple[Any, ...] | dict[str, Any] = ()
) -> list[dict[str, Any]]:
    """Run a query and give its rows as dictionaries with lower-case names."""
    cursor = connection.cursor()
    cursor.execute(statement, parameters)
    names = [column[0].lower() for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def now() -> str:
    """Give the present moment in UTC as a timestamp without zone."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def latest_run(connection: Any) -> dict[str, Any] | None:
    """Give the latest run, or nothing."""
    found = rows(
        connection,
        "select run_id, status, started_at, finished_at, started_by, git_commit from ops.run "
        "order by started_at desc limit 1",
    )
    return found[0] if found else None


def _done(connection: Any, run_id: str) -> tuple[str, ...]:
    found = rows(
        connection,
        "select distinct phase from ops.run_phase where run_id = %s and status = 'succeeded'",
        (run_id,),
    )
    return tuple(phase for phase in PHASES if phase in {row["phase"] for row in found})


def _begin(connection: Any, settings: Settings) -> str:
    run_id = new_id()
    connection.cursor().execute(
        "insert into ops.run (run_id, status, started_at, started_by, git_commit, settings, versions) "
        "select %s, 'running', %s, %s, %s, %s, %s",
        (
            run_id,
            now(),
            getpass.getuser(),
            _git_commit(),
            settings.model_dump_json(),
            json.dumps(_versions()),
        ),
    )
    return run_id


def _versions() -> dict[str, str]:
    return {name: version(name) for name in VERSIONED} | {"python": platform.python_version()}


def _git_commit() -> str | None:
    answer = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return answer.stdout.strip() or None
