"""What a person sees: progress on stderr, results on stdout."""

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.prompt import Confirm
from rich.table import Table
from rich.text import Text

SCHEMA_VERSION = 1
TABLE_WIDTH = 126
FEW = 20
# a text of this length is not folded further in a table, and a cell has this much around it
COLUMN_WIDTH = 24
CELL_PADDING = 2


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

    def tell(self, message: str, *, markup: bool = False) -> None:
        """Print a line that belongs to the result."""
        if not self.as_json:
            self.output.print(message, highlight=False, soft_wrap=True, markup=markup)

    def ask(self, question: str) -> bool:
        """Ask a person for a yes; where there is nobody to ask, the answer is no."""
        if self.as_json or not (sys.stdin.isatty() and self.errors.is_terminal):
            return False
        return Confirm.ask(escape(question), console=self.errors, default=False)

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
        """Print the table that a person signs, one row per target object, and what no gate asks but a person should."""
        rare = [name for name in ("unexpected", "unchecked") if any(one.get(name) for one in objects)]
        rows = [
            {
                "object": f"{one['target']} {one['object']}",
                "in source": one["source"],
                "merged": one["merged"],
                "quaran-\ntined": one["quarantined"],
                "refused,\nfailed": one["refused"] + one["failed"],
                "sent": one["sent"],
                "verified": one["verified"],
                **{name: one[name] for name in rare},
                "differ": one["mismatched"],
                "fields\ndiffer": one["mismatching_fields"],
                "accuracy": f"{math.floor(one['accuracy'] * 10_000) / 100:.2f}%",
                "unexpl.\nloss": one["unexplained_loss"],
            }
            for one in objects
        ]
        self.table("Reconciliation", rows)
        if unexpected := sum(one["unexpected"] for one in objects):
            self.say(
                f"[yellow]{unexpected:,} records that were merged or held back are still in a target: see reconciliation.recon_record, "
                "status unexpected, and decide what becomes of them there.[/yellow]"
            )

    def exceptions(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print the first of the records that a rollback did not bring back."""
        columns = ("object", "record_key", "target_id", "outcome", "kept", "reason")
        if rows:
            named = [
                {**row, "object": f"{row['target']} {row['object']}", "kept": ", ".join(row["kept"])}
                for row in rows
            ]
            self.table(f"Not as before: the first of {len(rows)}", named[:FEW], columns)

    def summary(self, document: Mapping[str, Any]) -> None:
        """Print how a run ended: the reconciliation, what was written, and whether the thresholds hold."""
        if document["objects"]:
            self.reconciliation(document["objects"])
        for target, writes in document["writes"].items():
            self.say(f"{target}: {writes['records']:,} records written with {writes['calls']:,} calls")
        last = document["phases"][-1]["name"]
        if document["status"] != "succeeded":
            self.say(
                "[red]A gate stays shut.[/red] Mend what is named above and run again: only what changed is read and sent."
            )
        elif last != "reconcile":
            self.say(f"Stopped after {last}, as asked; the next [bold]migrate run[/bold] goes on from there.")
        else:
            self.say("[green]Every gate is passed and the thresholds hold.[/green]")

    def _list(self, title: str, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
        """Print rows that are too wide for a table one below the other, a line for each value."""
        longest = max(len(name) for name in names)
        self.output.print(Text(title, style="italic"))
        for row in rows:
            self.output.rule(characters="─", style="dim")
            for name in names:
                self.output.print(Text(f"{name:<{longest}}  ").append_text(_cell(row[name])), soft_wrap=True)

    def table(self, title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
        """Print rows for a person; numbers to the right."""
        names = columns or (tuple(rows[0]) if rows else ())
        if _needed_width(rows, names) > self.output.width:
            self._list(title, rows, names)
            return
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


def _needed_width(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> int:
    """Give the width at which no heading is cut and no cell is folded below COLUMN_WIDTH."""
    widest = (
        max(
            len(line) for line in [*name.split("\n"), *(str(_cell(row[name]))[:COLUMN_WIDTH] for row in rows)]
        )
        for name in names
    )
    return sum(width + CELL_PADDING for width in widest)


def _cell(value: Any) -> Text:
    """Write a value as it is: texts come from people's data and are no markup."""
    if value is None:
        return Text("")
    if isinstance(value, int) and not isinstance(value, bool):
        return Text(f"{value:,}")
    if isinstance(value, datetime):
        return Text(value.isoformat(sep=" ", timespec="seconds"))
    if isinstance(value, float):
        return Text(f"{value:,.4g}")
    return Text(str(value))
