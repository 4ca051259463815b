"""Serve the embedded warehouse: `python -m warehouse serve --home .local/warehouse --port 8460`."""

import argparse
import sys
import warnings
from pathlib import Path


def main() -> int:
    """Read the arguments and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m warehouse", description="The embedded warehouse.")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve the database files in a folder on 127.0.0.1")
    serving.add_argument("--home", type=Path, required=True, help="folder that holds the database files")
    serving.add_argument("--port", type=int, required=True, help="0 takes a free one")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of the libraries about one another; nothing that the reader can act on

    from warehouse.embedded import CannotServeError, serve  # noqa: PLC0415

    try:
        serve(arguments.home, arguments.port)
    except CannotServeError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
