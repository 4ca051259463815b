"""The connection is the one that profiles.yml describes, and a profile that cannot work is refused with a remedy."""

import socket
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

import warehouse
from warehouse import ProfileError, WarehouseNotRunningError, read_profile

REPOSITORY = Path(__file__).resolve().parents[2]

PROFILE = """
salesforce_exit:
  target: "{{ env_var('T_TARGET', 'plain') }}"
  outputs:
    plain:
      account: acme
      user: "{{ env_var('T_USER') }}"
      port: "{{ env_var('T_PORT', '8460') | as_number }}"
      schema: "a{{ env_var('T_SCHEMA', '1') }}"
      threads: 4
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    (tmp_path / "profiles.yml").write_text(PROFILE, encoding="utf-8")
    monkeypatch.setenv("T_USER", "0123")
    return tmp_path


def test_values_are_rendered_and_only_as_number_changes_their_type(project: Path) -> None:
    assert read_profile(None, project) == {
        "target": "plain", "account": "acme", "user": "0123", "port": 8460, "schema": "a1", "threads": 4,
    }  # fmt: skip


def test_the_target_may_come_from_the_environment(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_TARGET", "nowhere")
    with pytest.raises(ProfileError, match="no target 'nowhere'; it has: plain"):
        read_profile(None, project)
    assert read_profile("plain", project)["target"] == "plain"


def test_an_empty_value_names_its_variable(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_USER", "")
    with pytest.raises(ProfileError, match="'plain' has no user: set the environment variable T_USER"):
        read_profile(None, project)
    monkeypatch.delenv("T_USER")
    with pytest.raises(ProfileError, match="T_USER; it is not set"):
        read_profile(None, project)


def test_a_port_that_is_no_number_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_PORT", "eighty")
    with pytest.raises(ProfileError, match="whole number"):
        read_profile(None, project)


def test_a_missing_file_or_profile_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    with pytest.raises(ProfileError, match="There is no"):
        read_profile(None, tmp_path)
    (tmp_path / "profiles.yml").write_text("other: {}", encoding="utf-8")
    with pytest.raises(ProfileError, match="no profile 'salesforce_exit'"):
        read_profile(None, tmp_path)


def test_dbts_folder_of_profiles_is_honoured(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_PROFILES_DIR", str(project))
    assert read_profile(None, tmp_path / "elsewhere")["account"] == "acme"


def test_the_account_needs_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    for name in ("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "SNOWFLAKE_PRIVATE_KEY_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name in ("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "SNOWFLAKE_PRIVATE_KEY_PATH"):
        with pytest.raises(ProfileError, match=f"set the environment variable {name}"):
            warehouse.connect("snowflake", REPOSITORY)
        monkeypatch.setenv(name, "x")


def test_the_account_is_reached_with_a_key_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    monkeypatch.setattr(snowflake.connector, "connect", lambda **arguments: seen.update(arguments))
    for name in ("ACCOUNT", "USER", "PRIVATE_KEY_PATH", "PRIVATE_KEY_PASSPHRASE"):
        monkeypatch.setenv(f"SNOWFLAKE_{name}", name.lower())
    warehouse.connect("snowflake", REPOSITORY)
    assert seen["private_key_file"] == "private_key_path"
    assert seen["private_key_file_pwd"] == "private_key_passphrase"
    assert (seen["account"], seen["user"], seen["database"]) == ("account", "user", "MIGRATION")
    assert "password" not in seen
    assert "network_timeout" not in seen
    assert seen["session_parameters"]["CLIENT_TELEMETRY_ENABLED"] is False


def test_a_warehouse_that_is_not_up_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("WAREHOUSE_PORT", str(free.getsockname()[1]))
        with pytest.raises(WarehouseNotRunningError, match="migrate warehouse up"):
            warehouse.connect("local", REPOSITORY)


def test_the_embedded_warehouse_gets_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    monkeypatch.setattr(snowflake.connector, "connect", lambda **arguments: seen.update(arguments))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("WAREHOUSE_PORT", str(port))
        warehouse.connect("local", REPOSITORY)
    assert (seen["host"], seen["port"], seen["protocol"]) == ("127.0.0.1", port, "http")
    assert (seen["login_timeout"], seen["network_timeout"]) == (10, 600)
