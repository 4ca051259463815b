"""What the command line says, and when it refuses."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from migrate import __main__ as command_line
from migrate import checkup, failures, runs, servers
from migrate.__main__ import app
from migrate.errors import SetupError
from migrate.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]


def test_help_answers_at_once() -> None:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "migrate", "--help"], cwd=REPOSITORY, capture_output=True, check=True
    )
    assert b"reconcile" in done.stdout
    # Half a second on an idle machine; the imports that would cost seconds are what this guards against.
    assert time.monotonic() - started < 2


def _commands(group: Any, *path: str) -> Iterator[list[str]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, *path, name)
        else:
            yield [*path, name]


@pytest.mark.parametrize("path", [*_commands(typer.main.get_group(app))], ids=" ".join)
def test_every_command_explains_itself(path: list[str]) -> None:
    result = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "Example:" in result.output
    assert "--json" in result.output


def test_every_command_is_in_the_readme() -> None:
    text = (REPOSITORY / "README.md").read_text()
    names = {path[0] for path in _commands(typer.main.get_group(app))}
    assert len(names) > 5
    assert [name for name in names if name not in text] == []


def test_every_setting_is_in_the_example() -> None:
    example = (REPOSITORY / ".env.example").read_text()
    names = {str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()}
    assert sorted(name for name in names if f"# {name}=" not in example) == []


def test_without_settings_everything_points_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("SALESFORCE_", "HUBSPOT_", "INTERCOM_", "SANDBOX_")):
            monkeypatch.delenv(name)
    settings = Settings()
    assert all(settings.sandboxed(vendor) for vendor in ("salesforce", "hubspot", "intercom"))
    checkup.require_stand_ins(settings)


def test_seeding_refuses_real_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBSPOT_BASE_URL", "https://api.hubapi.com")
    with pytest.raises(SetupError, match="hubspot"):
        checkup.require_stand_ins(Settings())


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "very-secret")
    settings = Settings()
    assert "very-secret" not in repr(settings) + settings.model_dump_json()
    assert settings.hubspot_access_token.get_secret_value() == "very-secret"


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = _migrate(tmp_path, "warehouse", "up", WAREHOUSE_PORT=str(port))
    assert result.returncode == 2
    assert f"Port {port} for warehouse is taken" in result.stderr
    assert "WAREHOUSE_PORT" in result.stderr


def test_a_warehouse_that_is_down_is_named(tmp_path: Path, unused_port: int) -> None:
    result = _migrate(tmp_path, "status", WAREHOUSE_PORT=str(unused_port))
    assert result.returncode == 2
    assert "migrate warehouse up" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    result = _migrate(tmp_path, "status", WAREHOUSE_PORT="many")
    assert result.returncode == 2
    assert "WAREHOUSE_PORT" in result.stderr
    assert ".env.example" in result.stderr


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checkup, "FREE_BYTES", 10**18)
    with pytest.raises(SetupError, match="MB are free"):
        checkup.require_disk(tmp_path / "not" / "yet")
    full = RuntimeError("could not write")
    full.__cause__ = OSError(28, "No space left on device")
    assert "disk is full" in failures.explain(full)


def test_two_commands_do_not_work_in_one_home(tmp_path: Path) -> None:
    with runs.alone(tmp_path), pytest.raises(SetupError, match="at work"), runs.alone(tmp_path):
        pytest.fail("the lock was given twice")
    with runs.alone(tmp_path):
        pass


def test_a_server_is_started_once_and_stopped_by_its_id(tmp_path: Path, unused_port: int) -> None:
    settings = Settings().model_copy(update={"home": tmp_path, "sandbox_hubspot_port": unused_port})
    server = next(one for one in servers.stand_ins(settings) if one.name == "hubspot")
    assert servers.start(server)
    pid = json.loads(server.record.read_text())["pid"]
    assert not servers.start(server)
    assert json.loads(server.record.read_text())["pid"] == pid
    assert servers.is_running(server)
    assert servers.stop(server)
    assert not servers.is_running(server)
    assert not servers.stop(server)


def test_a_server_that_dies_shows_its_log(tmp_path: Path, unused_port: int) -> None:
    server = servers.Server("broken", ["no_such_module"], unused_port, "/", "BROKEN_PORT", tmp_path)
    with pytest.raises(SetupError, match="no_such_module"):
        servers.start(server)


def test_an_interrupted_command_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    stopped = typer.Typer()
    stopped.command()(interrupted)
    monkeypatch.setattr(command_line, "app", lambda: stopped([]))
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 130
    assert "continues where it stopped" in capsys.readouterr().err


def _migrate(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "migrate", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "MIGRATE_HOME": str(home), "MIGRATE_ENV_FILE": str(home / "none"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
