"""The dbt profile, read without dbt: the same file says where dbt and Python connect to.

Only `env_var()` and `as_number` of dbt's Jinja are known here; a profile needs no more.
"""

import os
import re
import socket
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2.nativetypes import NativeEnvironment, NativeTemplate

PROFILE = "salesforce_exit"
MAY_BE_EMPTY = frozenset({"private_key_passphrase"})

# What dbt calls a setting, and what the connector calls it. The rest of a profile is dbt's own business.
CONNECTOR_NAMES = {
    "account": "account",
    "host": "host",
    "port": "port",
    "protocol": "protocol",
    "user": "user",
    "password": "password",
    "authenticator": "authenticator",
    "token": "token",
    "private_key_path": "private_key_file",
    "private_key_passphrase": "private_key_file_pwd",
    "role": "role",
    "database": "database",
    "warehouse": "warehouse",
    "schema": "schema",
    "client_session_keep_alive": "client_session_keep_alive",
}

# Answers come from this machine: one that is late for this long is not coming. Without a limit the
# connector repeats a statement that the server could not answer for ever.
LOCAL_LIMITS = {"login_timeout": 10, "network_timeout": 600, "platform_detection_timeout_seconds": 0.0}

# An account's sessions start in Los Angeles; all times of this project are UTC.
SESSION = {"CLIENT_TELEMETRY_ENABLED": False, "TIMEZONE": "UTC"}


class ProfileError(ValueError):
    """The profile cannot be used as it stands; the message says which setting and what to do."""


class WarehouseNotRunningError(ConnectionError):
    """Nothing answers where the embedded warehouse should listen."""


def connect(target: str | None = None, project_dir: Path = Path()) -> Any:
    """Open a `snowflake.connector` connection to the profile's `target` (default: the profile's own).

    Raises:
        ProfileError: the target is unknown, or a value it needs is empty.
        WarehouseNotRunningError: the target is the embedded warehouse and it does not answer.
        snowflake.connector.errors.Error: the account refused the connection.
    """
    arguments = connector_arguments(target, project_dir)
    connector = _connector()
    return connector.connect(**arguments, session_parameters=SESSION)


def connector_arguments(target: str | None = None, project_dir: Path = Path()) -> dict[str, Any]:
    """Give what `snowflake.connector.connect` needs for the profile's `target`, secrets included.

    Raises:
        ProfileError: the target is unknown, or a value it needs is empty.
        WarehouseNotRunningError: the target is the embedded warehouse and it does not answer.
    """
    output = read_profile(target, project_dir)
    arguments = {
        CONNECTOR_NAMES[key]: value for key, value in output.items() if key in CONNECTOR_NAMES and value != ""
    }
    if _is_embedded(output):
        _check_listening(str(output["host"]), int(output["port"]))
        arguments |= LOCAL_LIMITS
    return arguments


def read_profile(target: str | None = None, project_dir: Path = Path()) -> dict[str, Any]:
    """Give one output of `profiles.yml`, rendered and checked; `target` is added under that name.

    Raises:
        ProfileError: no such file, profile or target, or a required value is empty.
    """
    path = Path(os.environ.get("DBT_PROFILES_DIR", project_dir)) / "profiles.yml"
    if not path.is_file():
        raise ProfileError(
            f"There is no {path}. Run this from the repository's root, or set DBT_PROFILES_DIR."
        )
    profile = yaml.safe_load(path.read_text(encoding="utf-8")).get(PROFILE)
    if profile is None:
        raise ProfileError(f"{path} has no profile '{PROFILE}'.")
    name = target or str(_render(profile["target"]))
    if name not in profile["outputs"]:
        known = ", ".join(sorted(profile["outputs"]))
        raise ProfileError(f"The profile '{PROFILE}' has no target '{name}'; it has: {known}.")
    return {"target": name} | {
        key: _checked(name, key, value) for key, value in profile["outputs"][name].items()
    }


def _checked(target: str, key: str, template: Any) -> Any:
    value = _render(template)
    if value in ("", None) and key not in MAY_BE_EMPTY:
        variable = re.search(r"env_var\(\s*['\"](\w+)", str(template))
        remedy = f"set the environment variable {variable[1]}" if variable else "give it in profiles.yml"
        raise ProfileError(f"The target '{target}' has no {key}: {remedy}.")
    return value


def _render(template: Any) -> Any:
    if not isinstance(template, str):
        return template
    return _JINJA.from_string(template).render()


def _env_var(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ProfileError(f"profiles.yml needs the environment variable {name}; it is not set.")
    return value


def _as_number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ProfileError(f"profiles.yml wants a whole number where it found {value!r}.") from None


def _keep_type(parts: Iterable[Any]) -> Any:
    """Join rendered parts; one part alone keeps its type, and a text of digits stays a text, as with dbt."""
    values = list(parts)
    return values[0] if len(values) == 1 else "".join(map(str, values))


class _Environment(NativeEnvironment):
    concat = staticmethod(_keep_type)  # type: ignore[assignment]


class _Template(NativeTemplate):
    environment_class = _Environment


_Environment.template_class = _Template
_JINJA = _Environment(undefined=jinja2.StrictUndefined)
_JINJA.globals["env_var"] = _env_var
_JINJA.filters["as_number"] = _as_number


def _connector() -> Any:
    """Import the connector, late (it takes half a second, and `--help` needs none of it), with telemetry off."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its copy of requests complains of the versions beside it
        import snowflake.connector  # noqa: PLC0415
        from snowflake.connector.telemetry_oob import TelemetryService  # noqa: PLC0415
    TelemetryService.get_instance().disable()
    return snowflake.connector


def _is_embedded(output: dict[str, Any]) -> bool:
    return output.get("protocol") == "http"


def _check_listening(host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        raise WarehouseNotRunningError(
            f"The embedded warehouse does not answer on {host}:{port}. Start it with `migrate warehouse up`."
        ) from None
