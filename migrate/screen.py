"""What a person sees: progress on stderr, results on stdout."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

SCHEMA_VERSION = 1
TABLE_WIDTH = 120


class Screen:
    """Progress bars and messages on stderr; a table or, with `--json`, one document on stdout."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.errors = Console(stderr=True, quiet=as_json)
        terminal = Console()
        # the reconciliation table needs this much; a pipe has no width at all
        self.output = Console(width=max(terminal.width, TABLE_WIDTH))

    def say(self, message: str) -> None:
        """Tell a person something; a machine does not see it."""
        self.errors.print(message, highlight=False, soft_wrap=True)

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
        with Progress(
            *columns, console=self.errors, transient=True, disable=not self.errors.is_terminal
        ) as progress:

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
        rows = [
            {
                "object": f"{one['target']} {one['object']}",
                "in source": one["source"],
                "merged": one["merged"],
                "quaran-\ntined": one["quarantined"],
                "refused,\nfailed": one["refused"] + one["failed"],
                "sent": one["sent"],
                "verified": one["verified"],
                "fields\ndiffer": one["mismatched"],
                "accuracy": one["accuracy"],
                "unexpl.\nloss": one["unexplained_loss"],
            }
            for one in objects
        ]
        self.table("Reconciliation", rows)

    def summary(self, document: Mapping[str, Any]) -> None:
        """Print how a run ended: the reconciliation, what was written, and whether the thresholds hold."""
        if document["objects"]:
            self.reconciliation(document["objects"])
        for target, writes in document["writes"].items():
            self.say(f"{target}: {writes['records']:,} records written with {writes['calls']:,} calls")
        if document["status"] == "succeeded":
            self.say("[green]Every gate is passed and the thresholds hold.[/green]")
        else:
            self.say("[red]A gate stays shut.[/red] Mend what is named above; `migrate run` continues there.")

    def table(self, title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
        """Print rows for a person; numbers to the right."""
        names = columns or (tuple(rows[0]) if rows else ())
        table = Table(
            title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1)
        )
        for name in names:
            is_number = bool(rows) and all(isinstance(row[name], int | float | None) for row in rows)
            table.add_column(
                name.replace("_", " "),
                justify="right" if is_number else "left",
                no_wrap=is_number or name == names[0],
                overflow="ellipsis" if is_number else "fold",
            )
        for row in rows:
            table.add_row(*(_cell(row[name]) for name in names))
        self.output.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, float):
        return f"{value:.2%}" if 0 <= value <= 1 else f"{value:,.1f}"
    return str(value)
