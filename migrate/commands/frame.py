"""What every command stands in: exit codes, settings, a connection, and how an outcome is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from migrate.errors import SetupError
from migrate.screen import Screen

if TYPE_CHECKING:
    from migrate.phases import Work
    from migrate.settings import Settings

CLEAN, FINDINGS, BROKEN, INTERRUPTED = 0, 1, 2, 130

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


@contextmanager
def work(as_json: bool) -> "Iterator[Work]":
    """Give what a single phase needs, under an id of its own that says it was called by hand."""
    from migrate import runs
    from migrate.phases import Work

    loaded = settings()
    with prepared(loaded) as connection:
        yield Work(loaded, connection, runs.new_id(), Screen(as_json=as_json))


@contextmanager
def prepared(loaded: "Settings") -> Iterator[Any]:
    """Connect for work that writes: alone in this home, with the schemas and tables that the work expects."""
    import warehouse
    from migrate import runs

    with runs.alone(loaded.home), connected(loaded) as connection:
        warehouse.setup(connection)
        yield connection


@contextmanager
def connected(loaded: "Settings") -> Iterator[Any]:
    """Connect for a look at the warehouse."""
    import warehouse

    connection = warehouse.connect(loaded.target)
    try:
        yield connection
    finally:
        connection.close()


def settings() -> "Settings":
    """Read the settings, and begin the log.

    Raises:
        SetupError: a setting has no value that it may have.
    """
    from pydantic import ValidationError

    from migrate import logs
    from migrate import settings as known

    try:
        loaded = known.load()
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise SetupError(f"A setting is wrong: {problems}. See .env.example.") from error
    logs.configure(loaded.home)
    return loaded


def give(screen: Screen, title: str, document: dict[str, Any], rows: list[Any]) -> None:
    """Give a machine the document, a person the rows as a table."""
    if screen.as_json:
        screen.document(document)
    else:
        screen.table(title, rows)


def leave_with(screen: Screen, findings: Any) -> None:
    """Say the findings, one a line, and leave with the exit code that goes with them."""
    for finding in findings:
        screen.say(f"[red]{escape(finding)}[/red]")
    leave(FINDINGS if findings else CLEAN)


def leave(code: int) -> None:
    """Leave with this exit code."""
    if code:
        raise typer.Exit(code)
