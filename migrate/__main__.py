"""The command line: each command is a function in `migrate/commands/`."""

import sys

import typer

from migrate.commands import flow, local, mapping, showing, way_back
from migrate.commands.frame import BROKEN, INTERRUPTED
from migrate.screen import Screen

HERE = "On this machine"

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Leave Salesforce: every record into Snowflake, mapped in dbt, loaded into HubSpot and Intercom, and proven.",
    epilog="Exit codes: 0 clean, 1 finished with findings, 2 could not run, 130 interrupted.",
)
for commands in (flow, mapping, way_back, showing):
    app.add_typer(commands.app)
app.add_typer(local.warehouse_app, name="warehouse", rich_help_panel=HERE)
app.add_typer(local.sandbox_app, name="sandbox", rich_help_panel=HERE)


def main() -> None:
    """Run the command line and turn what went wrong into one clear message and an exit code."""
    from migrate import failures

    try:
        app()
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            print("Interrupted. `migrate run` continues where it stopped.", file=sys.stderr)  # noqa: T201
        raise
    except Exception as error:  # noqa: BLE001  # the last place where a failure can be explained
        message = failures.explain(error)
        print(f"migrate: {message}", file=sys.stderr)  # noqa: T201
        if "--json" in sys.argv:
            Screen(as_json=True).document({"error": message})
        sys.exit(BROKEN)


if __name__ == "__main__":
    main()
