"""Settings from the environment and an optional `.env`; `.env.example` documents every one of them.

Without any setting everything points at the local stand-ins, so that nothing can reach a vendor by accident. The
warehouse is not here: its connection comes from the dbt profile alone.
"""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlparse

from dotenv import load_dotenv
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

# How long the stand-in of Intercom keeps what is new out of its search.
SANDBOX_SEARCH_LAG = 2.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Settings(BaseSettings):
    """Where the three systems are and how to log in; secrets are never printed."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    home: Path = Field(Path(".local"), validation_alias="MIGRATE_HOME")
    target: str = Field("local", validation_alias="MIGRATE_TARGET")
    dbt_target_path: Path = Field(Path("target"), validation_alias="DBT_TARGET_PATH")
    first_load_limit: int = Field(50_000, ge=0, validation_alias="MIGRATE_FIRST_LOAD_LIMIT")
    warehouse_port: int = Field(8460, validation_alias="WAREHOUSE_PORT")

    sandbox_salesforce_port: int = 8461
    sandbox_hubspot_port: int = 8462
    sandbox_intercom_port: int = 8463

    salesforce_login_url: str = ""
    salesforce_client_id: str = "sandbox-client"
    salesforce_client_secret: SecretStr | None = None
    salesforce_username: str | None = None
    salesforce_private_key_file: Path | None = None
    salesforce_refresh_token: SecretStr | None = None
    salesforce_access_token: SecretStr | None = None
    salesforce_instance_url: str | None = None
    salesforce_api_version: str = "66.0"
    salesforce_budget_floor: float = Field(0.2, ge=0, lt=1)
    salesforce_hash_salt: SecretStr = SecretStr("")

    hubspot_base_url: str = ""
    hubspot_access_token: SecretStr = SecretStr("sandbox-hubspot-token")
    hubspot_account_id: str = "8462001"
    hubspot_api_version: Literal["v3", "2026-03", "2026-09"] = "v3"
    hubspot_links_per_call: int = Field(2_000, ge=1, le=2_000)
    hubspot_new_options: Literal["create", "refuse"] = "create"
    hubspot_share_free: float = Field(0.02, ge=0, lt=1)
    hubspot_budget_floor: float = Field(0.05, ge=0, lt=1)

    intercom_base_url: str = ""
    intercom_access_token: SecretStr = SecretStr("sandbox-intercom-token")
    intercom_workspace_id: str = "acme8463"
    intercom_share_free: float = Field(0.02, ge=0, lt=1)
    intercom_restore_archived: bool = True
    intercom_bulk: bool = False
    intercom_search_lag: float = Field(180.0, ge=0)

    retention_raw_days: int = Field(90, ge=1)
    retention_backup_days: int = Field(90, ge=1)
    retention_before_image_days: int = Field(90, ge=1)

    alert_webhook_url: SecretStr | None = None

    def model_post_init(self, _: object, /) -> None:
        """Point what is not set at the stand-ins."""
        self.salesforce_login_url = self.salesforce_login_url or self.sandbox_url("salesforce")
        self.hubspot_base_url = self.hubspot_base_url or self.sandbox_url("hubspot")
        self.intercom_base_url = self.intercom_base_url or self.sandbox_url("intercom")
        if self.sandboxed("intercom") and "intercom_search_lag" not in self.model_fields_set:
            self.intercom_search_lag = SANDBOX_SEARCH_LAG
        if self.sandboxed("salesforce") and not (
            self.salesforce_client_secret or self.salesforce_private_key_file or self.salesforce_refresh_token
        ):
            self.salesforce_client_secret = SecretStr("sandbox-secret")

    def sandbox_port(self, vendor: str) -> int:
        """Give the port on which the vendor's stand-in listens."""
        port: int = getattr(self, f"sandbox_{vendor}_port")
        return port

    def sandbox_url(self, vendor: str) -> str:
        """Give the address of the vendor's stand-in."""
        return f"http://127.0.0.1:{self.sandbox_port(vendor)}"

    def vendor_url(self, vendor: str) -> str:
        """Give the address at which the vendor's API is called."""
        if vendor == "salesforce":
            return self.salesforce_instance_url or self.salesforce_login_url
        url: str = getattr(self, f"{vendor}_base_url")
        return url

    def sandboxed(self, vendor: str) -> bool:
        """Say whether the vendor's address is on this machine."""
        return urlparse(self.vendor_url(vendor)).hostname in LOOPBACK


def load() -> Settings:
    """Read `.env` into the environment, where dbt's profile sees it too, and then the environment."""
    load_dotenv(Path(os.environ.get("MIGRATE_ENV_FILE", ".env")), override=False)
    return Settings()  # type: ignore[call-arg]  # every value has a default under its alias
