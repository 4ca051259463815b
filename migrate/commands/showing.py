"""What people look at: the report and the dashboard."""

from pathlib import Path
from typing import Annotated

import typer

from migrate.commands import frame
from migrate.commands.frame import AsJson
from migrate.screen import Screen

app = typer.Typer()

PANEL = "To look at"


@app.command(rich_help_panel=PANEL, epilog="Example: migrate report -o sign-off.html")
def report(
    run: Annotated[str | None, typer.Option(help="Run to report on; the latest without it.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path("report.html"),
    show_pii: Annotated[
        bool, typer.Option("--show-pii", help="Write personal values out; masked without it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the sign-off report: one HTML file that needs nothing else and prints well."""
    from migrate import report as reporting

    screen = Screen(as_json=as_json)
    with frame.connected(frame.settings()) as connection:
        facts = reporting.facts(connection, run)
    output.write_text(reporting.page(facts, show_pii=show_pii), encoding="utf-8")
    document = {"file": str(output), "run_id": facts.run["run_id"], "exceptions": facts.exception_count}
    frame.give(screen, "Report", document, [document])


@app.command(rich_help_panel=PANEL, epilog="Example: migrate dashboard --port 8501")
def dashboard(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8501,
    as_json: AsJson = False,
) -> None:
    """Show the dashboard in a browser until Ctrl-C; it reads the warehouse and writes nothing."""
    from migrate import show

    if as_json:
        Screen(as_json=True).document({"url": f"http://127.0.0.1:{port}"})
    frame.leave(show.serve(frame.settings(), port, quiet=as_json))
