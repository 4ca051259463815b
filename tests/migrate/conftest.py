"""A place of its own for each module: a home, free ports, stand-ins whose traffic is held to the vendors' descriptions."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from dbt.cli.main import dbtRunner
from typer.testing import CliRunner

import warehouse
from migrate import runs, show
from migrate.__main__ import app
from migrate.failures import explain
from sandbox.hubspot.account import TOKEN as HUBSPOT_TOKEN
from sandbox.hubspot.app import create_app as hubspot_app
from sandbox.intercom.app import TOKEN as INTERCOM_TOKEN
from sandbox.intercom.app import create_app as intercom_app
from tests.sandbox import intercom_spec, openapi
from tests.sandbox.serving import serve
from tests.servers import REPOSITORY, free_port, running

# Checking an exchange costs 10 ms: so many of each kind are checked, and every other that holds a shape which these had not.
SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Place:
    """The command line in an environment of its own, and the three systems seen from outside."""

    home: Path
    environment: dict[str, str]
    salesforce: str
    hubspot: httpx.Client
    intercom: httpx.Client
    watched: list[openapi.Conformance] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    ran: set[str] = field(default_factory=set)

    def migrate(self, *arguments: str, expect: int = 0) -> Any:
        """Run one command with `--json`; give its document after checking the exit code."""
        command = self.start(*arguments)
        output, errors = command.communicate(timeout=500)
        assert command.returncode == expect, f"migrate {' '.join(arguments)}:\n{output}\n{errors}"
        if arguments[0] != "warehouse":  # which prints whatever rows it was asked for
            self.said.extend((output, errors))
        self.ran.add(" ".join(("migrate", *arguments)))
        return json.loads(output)

    def run_here(self, command: Sequence[str], **other: str) -> tuple[int, str]:
        """Run a command of `migrate` or `dbt` in this process, which has dbt loaded; give exit code and output.

        `other`: variables of the environment that are to be other ones.
        """
        with pytest.MonkeyPatch.context() as patch:
            for name in {*os.environ} - {*self.environment}:
                patch.delenv(name)
            for name, value in (self.environment | other).items():
                patch.setenv(name, value)
            if command[0] == "dbt":
                outcome = dbtRunner().invoke([*command[1:], "--log-level", "none"])
                return int(not outcome.success), str(outcome.exception)
            result = CliRunner().invoke(app, [*command[1:]])
        error = result.exception
        if error is None or isinstance(error, SystemExit):
            self.said.append(result.output)
            return result.exit_code, result.output
        return 2, explain(error)

    def manifest(self) -> Any:
        """Give dbt's manifest of the last build."""
        return json.loads((self.home / "target" / "manifest.json").read_text())

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start one command with `--json` without waiting for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "migrate", *arguments, "--json"],
            cwd=REPOSITORY,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sql(self, statement: str) -> list[dict[str, Any]]:
        """Ask the warehouse, without a process of its own; values are as `migrate warehouse sql --json` gives them."""
        with self.connect() as connection:
            found: list[dict[str, Any]] = json.loads(
                json.dumps(runs.rows(connection, statement), default=str)
            )
        return found

    def connected(self) -> dict[str, str]:
        """Give the environment with the warehouse as the connector's default connection, as `migrate dashboard` does."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WAREHOUSE_PORT", self.environment["WAREHOUSE_PORT"])
            return {**self.environment, **show.variables("local")}

    def connect(self) -> Any:
        """Open a connection of this process to the warehouse."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WAREHOUSE_PORT", self.environment["WAREHOUSE_PORT"])
            return warehouse.connect("local", REPOSITORY)

    def change(self, sobject: str, record_id: str, fields: dict[str, Any]) -> None:
        """Change a record in Salesforce through its own API."""
        token = httpx.post(
            f"{self.salesforce}/services/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=("sandbox-client", "sandbox-secret"),
        ).json()["access_token"]
        httpx.patch(
            f"{self.salesforce}/services/data/v66.0/sobjects/{sobject}/{record_id}",
            json=fields,
            headers={"Authorization": f"Bearer {token}"},
        ).raise_for_status()


@pytest.fixture(scope="module")
def place(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("migrate")
    (home / "warehouse").mkdir()
    (home / "salesforce").mkdir()
    with ExitStack() as stack:
        warehouse = stack.enter_context(
            running(["warehouse", "serve"], home / "warehouse", "/_warehouse/health")
        )
        salesforce = stack.enter_context(
            running(["sandbox", "salesforce"], home / "salesforce", "/_sandbox/health")
        )
        watched = [
            openapi.Conformance(
                hubspot_app(_folder(home, "hubspot")), openapi.hubspot(shared), sample=SAMPLE
            ),
            openapi.Conformance(
                intercom_app(_folder(home, "intercom")), intercom_spec.description(shared), sample=SAMPLE
            ),
        ]
        hubspot, intercom = (stack.enter_context(serve(app)) for app in watched)
        yield Place(
            home,
            {
                **{
                    name: value
                    for name, value in os.environ.items()
                    if not name.startswith(("HUBSPOT", "INTERCOM"))
                },
                "MIGRATE_HOME": str(home),
                "MIGRATE_ENV_FILE": str(home / "none.env"),
                "DBT_TARGET_PATH": str(home / "target"),
                "DBT_LOG_PATH": str(home / "logs"),
                "WAREHOUSE_PORT": str(urlsplit(warehouse).port),
                "SANDBOX_SALESFORCE_PORT": str(urlsplit(salesforce).port),
                "SANDBOX_HUBSPOT_PORT": str(urlsplit(hubspot).port),
                "SANDBOX_INTERCOM_PORT": str(urlsplit(intercom).port),
            },
            salesforce,
            stack.enter_context(_client(hubspot, HUBSPOT_TOKEN)),
            stack.enter_context(_client(intercom, INTERCOM_TOKEN)),
            watched,
        )


@pytest.fixture(scope="session")
def unused_port() -> int:
    return free_port()


def _folder(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir()
    return folder


def _client(url: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
