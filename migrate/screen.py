"""What a person sees: progress on stderr, results on stdout."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

SCHEMA_VERSION = 1


class Screen:
    """Progress bars and messages on stderr; a table or, with `--json`, one document on stdout."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.errors = Console(stderr=True, quiet=as_json)
        self.output = Console()

    def say(self, message: str) -> None:
        """Tell a person something; a machine does not see it."""
        self.errors.print(message, highlight=False)

    @contextmanager
    def bars(self, title: str) -> Iterator[Callable[[str, int, int | None], None]]:
        """Give a function (label, done, total or None) that keeps one bar for each label."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        tasks: dict[str, TaskID] = {}
        with Progress(*columns, console=self.errors, transient=True, disable=self.as_json) as progress:

            def advance(label: str, done: int, total: int | None) -> None:
                if label not in tasks:
                    tasks[label] = progress.add_task(f"{title}: {label}", total=total)
                progress.update(tasks[label], completed=done, total=total)

            yield advance

    def document(self, content: Mapping[str, Any]) -> None:
        """Print one JSON document for a machine."""
        print(json.dumps({"schema_version": SCHEMA_VERSION, **content}, indent=2, default=str))  # noqa: T201

    def reconciliation(self, objects: Sequence[Mapping[str, Any]]) -> None:
        """Print the table that a person signs: one row per target object."""
        rows = [{**one, "accuracy": f"{one['accuracy']:.2%}"} for one in objects]
        names = (
            "target",
            "object",
            "source",
            "merged",
            "quarantined",
            "refused",
            "failed",
            "sent",
            "verified",
            "mismatched",
            "accuracy",
            "unexplained_loss",
        )
        self.table("Reconciliation", [{name: row[name] for name in names} for row in rows])

    def table(self, title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
        """Print rows for a person; numbers to the right."""
        names = columns or (tuple(rows[0]) if rows else ())
        table = Table(title=title, title_justify="left", header_style="bold")
        for name in names:
            is_number = bool(rows) and all(isinstance(row[name], int | float) or row[name] is None for row in rows)
            table.add_column(name.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
        for row in rows:
            table.add_row(*(_cell(row[name]) for name in names))
        self.output.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
