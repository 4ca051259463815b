"""The dashboard on this machine: Streamlit, with the profile's connection as the connector's default one."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import tomlkit

import warehouse
from migrate.errors import SetupError
from migrate.settings import Settings

APP = Path(__file__).resolve().parent.parent / "dashboard" / "streamlit_app.py"
CONNECTION = "migration"


def serve(settings: Settings, port: int, *, quiet: bool = False) -> int:
    """Run the app until it is stopped; give its exit code. `quiet`: what Streamlit says does not reach stdout.

    Raises:
        SetupError: Streamlit is not installed.
    """
    if find_spec("streamlit") is None:
        raise SetupError("The dashboard needs Streamlit: pip install 'salesforce-exit[dashboard]'.")
    try:
        return subprocess.run(  # noqa: S603  our own app
            command(port),
            env=environment(settings),
            stdout=subprocess.DEVNULL if quiet else None,
            check=False,
        ).returncode
    except KeyboardInterrupt:
        return 0


def command(port: int) -> list[str]:
    """Give the command that serves the app on this machine only."""
    options = {
        "server.address": "127.0.0.1",
        "server.port": port,
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "streamlit", "run", str(APP), *flags]


def environment(settings: Settings) -> dict[str, str]:
    """Give the environment in which the connector's default connection is the profile's; no file holds a secret."""
    return {**os.environ, **variables(settings.target)}


def variables(target: str) -> dict[str, str]:
    """Give the variables by which the connector finds the profile's `target`; they hold its secrets."""
    arguments = warehouse.connector_arguments(target, APP.parent.parent)
    return {
        "SNOWFLAKE_CONNECTIONS": tomlkit.dumps({CONNECTION: arguments}),
        "SNOWFLAKE_DEFAULT_CONNECTION_NAME": CONNECTION,
    }
