"""The three systems as the settings name them: clients with their credentials, made when a phase needs them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr

import extract.hubspot
import extract.intercom
import extract.salesforce
import warehouse
from extract.hubspot.changes import Since
from extract.salesforce import Login
from load.backup import Part
from load.feeds import Feed
from load.hubspot import HubSpot
from load.intercom import Intercom
from load.reversal import Reversible
from load.stage import fetching
from migrate.coverage import properties
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
        refresh_token=_secret(settings.salesforce_refresh_token),
    )
    return extract.salesforce.connect(login, api_version=settings.salesforce_api_version)


def targets(settings: Settings) -> dict[str, Reversible]:
    """Give the two targets, each bound to the one account that the settings allow."""
    return {
        "hubspot": HubSpot(
            settings.hubspot_base_url,
            settings.hubspot_access_token.get_secret_value(),
            expected_account=settings.hubspot_account_id,
            version=settings.hubspot_api_version,
            links_per_call=settings.hubspot_links_per_call,
            create_options=settings.hubspot_new_options == "create",
            share_free=settings.hubspot_share_free,
            day_free=settings.hubspot_budget_floor,
            stage=partial(
                fetching, partial(warehouse.connect, settings.target), settings.home / "landing" / "uploads"
            ),
        ),
        "intercom": Intercom(
            settings.intercom_base_url,
            settings.intercom_access_token.get_secret_value(),
            expected_workspace=settings.intercom_workspace_id,
            share_free=settings.intercom_share_free,
            restore_archived=settings.intercom_restore_archived,
            bulk=settings.intercom_bulk,
            search_lag=settings.intercom_search_lag,
        ),
    }


def check_accounts(settings: Settings) -> None:
    """Make sure that both logins work and belong to the accounts that the settings allow, before anything is done.

    Raises:
        load.target.AccessDeniedError: a target refused the token.
        load.target.WrongAccountError: a token belongs to another account.
    """
    for target in targets(settings).values():
        target.check_account()


def read_owners(settings: Settings, connection: Any, run_id: str, landing_dir: Path) -> None:
    """Copy HubSpot's owners and Intercom's admins into raw: the mapping of Salesforce owners needs them."""
    extract.hubspot.read_owners(_hubspot(settings), connection, run_id=run_id, landing_dir=landing_dir)
    extract.intercom.read_admins(_intercom(settings), connection, run_id=run_id, landing_dir=landing_dir)


def read_back(
    settings: Settings,
    connection: Any,
    run_id: str,
    feeds: Sequence[Feed],
    progress: Progress | None = None,
    *,
    since: Mapping[str, Since] | None = None,
) -> dict[str, int | None]:
    """Copy what both targets hold now of the objects that we load into raw, records of others too.

    Of HubSpot's objects in `since` only what changed is read; how many records of each is given, None if it was all.
    """
    where: dict[str, Any] = {
        "run_id": run_id,
        "landing_dir": settings.home / "landing",
        "progress": progress,
    }
    records = [feed for feed in feeds if feed.target == "hubspot" and feed.kind == "record"]
    account, key = _hubspot(settings), next(feed.key for feed in records)
    changed = extract.hubspot.read_changes(account, connection, since, key=key, **where) if since else {}
    extract.hubspot.read(
        account,
        connection,
        {feed.object: properties(feed) for feed in records if feed.object not in changed},
        pairs=_linked_objects(connection),
        key=key,
        strangers=True,
        **where,
    )
    extract.hubspot.read_files(account, connection, _files(feeds), **where)
    extract.intercom.read(
        _intercom(settings),
        connection,
        ours=False,
        objects={feed.object for feed in feeds if feed.target == "intercom"},
        **where,
    )
    return changed


def read_everything(
    settings: Settings,
    connection: Any,
    run_id: str,
    feeds: Sequence[Feed],
    part: Part,
    progress: Progress | None = None,
) -> None:
    """Copy all that a target holds of one part of a backup into raw, with the links of others' records too."""
    landing_dir = settings.home / "landing"
    if part.target == "intercom":
        extract.intercom.read(
            _intercom(settings),
            connection,
            run_id=run_id,
            landing_dir=landing_dir,
            ours=False,
            progress=progress,
        )
        return
    [feed] = [feed for feed in feeds if (feed.target, feed.object) == (part.target, part.name)]
    extract.hubspot.read(
        _hubspot(settings),
        connection,
        {feed.object: properties(feed)},
        pairs=[pair for pair in _linked_objects(connection) if pair[0] == feed.object],
        key=None,
        strangers=True,
        run_id=run_id,
        landing_dir=landing_dir,
        progress=progress,
    )


def read_back_sample(
    settings: Settings,
    connection: Any,
    run_id: str,
    feeds: Sequence[Feed],
    sample: Mapping[tuple[str, str], Sequence[str]],
    progress: Progress | None = None,
) -> None:
    """Copy only the records with these ids, by target and object, and the links from them into raw."""
    where: dict[str, Any] = {
        "run_id": run_id,
        "landing_dir": settings.home / "landing",
        "progress": progress,
    }
    account = _hubspot(settings)
    extract.hubspot.read_sample(
        account,
        connection,
        {
            feed.object: (properties(feed), sample[feed.target, feed.object])
            for feed in feeds
            if feed.target == "hubspot" and (feed.target, feed.object) in sample
        },
        pairs=_linked_objects(connection),
        **where,
    )
    chosen = {name: ids for (target, name), ids in sample.items() if target == "hubspot"}
    extract.hubspot.read_files(account, connection, _files(feeds), only=chosen, **where)
    extract.intercom.read_sample(
        _intercom(settings),
        connection,
        {name: ids for (target, name), ids in sample.items() if target == "intercom"},
        **where,
    )


def _files(feeds: Sequence[Feed]) -> dict[str, list[str]]:
    """Give HubSpot's objects that name files, and the properties that do."""
    named = {
        feed.object: [column.name for column in feed.columns if column.names_files]
        for feed in feeds
        if feed.target == "hubspot"
    }
    return {name: properties for name, properties in named.items() if properties}


def _linked_objects(connection: Any) -> list[tuple[str, str]]:
    """Give the pairs of objects between which we write associations."""
    cursor = connection.cursor()
    cursor.execute(
        "select distinct from_object, to_object from seeds.hubspot_association_types order by 1, 2"
    )
    return [(from_object, to_object) for from_object, to_object in cursor.fetchall()]


def _hubspot(settings: Settings) -> extract.hubspot.Account:
    return extract.hubspot.Account(
        settings.hubspot_access_token.get_secret_value(),
        settings.hubspot_base_url,
        version=settings.hubspot_api_version,
    )


def _intercom(settings: Settings) -> extract.intercom.Workspace:
    return extract.intercom.Workspace(
        settings.intercom_access_token.get_secret_value(), settings.intercom_base_url
    )


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
