"""Serve one stand-in on loopback: `python -m sandbox salesforce --port 8461 --home .local/sandbox/salesforce`."""

import argparse
import importlib
from pathlib import Path

import uvicorn

VENDORS = ("salesforce", "hubspot", "intercom")


def main() -> None:
    """Read the arguments and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Serve one vendor's stand-in on 127.0.0.1.")
    parser.add_argument("vendor", choices=VENDORS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--home", type=Path, required=True, help="folder that holds the stand-in's state")
    arguments = parser.parse_args()
    arguments.home.mkdir(parents=True, exist_ok=True)
    app = importlib.import_module(f"sandbox.{arguments.vendor}.app").create_app(arguments.home)
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
