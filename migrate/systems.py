"""The three systems as the settings name them: clients with their credentials, made when a phase needs them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import extract.hubspot
import extract.intercom
import extract.salesforce
from extract.salesforce import Login
from load.feeds import Feed
from load.hubspot import HubSpot
from load.intercom import Intercom
from load.target import Target
from migrate.settings import Settings

Progress = Callable[[str, int, int | None], None]


def salesforce(settings: Settings) -> Any:
    """Log in to Salesforce."""
    key_file = settings.salesforce_private_key_file
    login = Login(
        login_url=settings.salesforce_login_url,
        client_id=settings.salesforce_client_id,
        client_secret=_secret(settings.salesforce_client_secret),
        username=settings.salesforce_username,
        private_key=key_file.read_text() if key_file else None,
        access_token=_secret(settings.salesforce_access_token),
        instance_url=settings.salesforce_instance_url,
    )
    return extract.salesforce.connect(login, api_version=settings.salesforce_api_version)
