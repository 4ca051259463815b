"""Reading back what HubSpot holds: records, associations, pipelines, owners.

One API client of the vendor's SDK sends every call, unparsed: its models would take five times the time.
Paths are written as v3 and v4 have them, which HubSpot supports until September 2027 and 2027-03-30; a later version is asked
by its own (`load.hubspot.paths`).
"""

import itertools
import json
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import stamina
import urllib3
from hubspot import Client
from hubspot.crm.objects.exceptions import ApiException
from snowflake.connector import SnowflakeConnection

from extract.errors import BudgetExhausted, ExtractError, LoginError
from extract.landing import Table, qualified
from extract.readback import (
    RECORD_COLUMNS,
    Landed,
    Progress,
    ReadBack,
    payload_row,
    payload_table,
    record_row,
    records_table,
)
from load.hubspot.paths import speak

BASE_URL = "https://api.hubapi.com"
RAW = "raw_hubspot"
KEY = "salesforce_id"
# How a path names an object of the company's own: https://developers.hubspot.com/docs/api-reference/crm-custom-objects-v3/guide
OWN = "p_"
PAGE = 100
BATCH = 100
ASSOCIATION_INPUTS = 1_000
# A longer list of properties goes into the body of a batch read: proxies refuse long addresses (414).
QUERY_BYTES = 4_000

ATTEMPTS = 8
TIMEOUT_SECONDS = (10, 60)
WINDOW_SECONDS = 10.0
# Search takes five calls a second, whoever sends them; its answers do not count them.
SEARCH_SECONDS = 0.25
# Below this share of a window's calls, the rest of them is spread over the window.
RESERVE = 0.1
# https://developers.hubspot.com/docs/api-reference/error-handling
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, LOCKED, TOO_MANY, MIGRATING = 401, 403, 404, 423, 429, 477
LOCKED_SECONDS = 2.0
PASSING = frozenset({500, 502, 503, 504, *range(520, 526)})
# What a batch read of associations says of a record that has none, and of one that is gone.
NOTHING_THERE = frozenset({"NO_ASSOCIATIONS_FOUND", "OBJECT_NOT_FOUND"})

ASSOCIATIONS = Table(
    RAW,
    "associations",
    dict.fromkeys(
        ("from_object", "from_id", "to_object", "to_id", "category", "type_id", "label"), "varchar"
    ),
)

PIPELINES = Table(RAW, "pipelines", RECORD_COLUMNS)
# Objects whose records are in a pipeline.
IN_PIPELINES = ("deals", "tickets")

Query = Sequence[tuple[str, str]]


def _pause(error: Exception) -> bool | float:
    """Say whether to call again, and after how many seconds where HubSpot's rules say so."""
    if not isinstance(error, ApiException):
        return isinstance(error, urllib3.exceptions.HTTPError)
    if error.status == TOO_MANY and _body(error).get("policyName") != "DAILY":
        return float(error.headers.get("Retry-After") or WINDOW_SECONDS)
    return LOCKED_SECONDS if error.status == LOCKED else error.status in PASSING


_patiently = stamina.RetryingCaller(attempts=ATTEMPTS, timeout=None, wait_max=WINDOW_SECONDS).on(_pause)


class Account:
    """One HubSpot account. Calls keep within the rate limit, and what passes by itself is tried again."""

    def __init__(
        self,
        token: str,
        base_url: str = BASE_URL,
        sleep: Callable[[float], None] = time.sleep,
        *,
        version: str = "v3",
    ) -> None:
        """Keep one API client: each access through the SDK's properties would open connections of its own.

        version: of the API, one of `load.hubspot.paths.VERSIONS`.
        """
        client = Client.create(access_token=token, host=base_url, base_url=base_url)
        self._api = client.crm.objects.basic_api.api_client
        speak(self._api.rest_client, version)
        self._base_url = base_url
        self._sleep = sleep

    def get(self, path: str, query: Query = ()) -> dict[str, Any]:
        """Give the JSON object that a GET answers."""
        return self._call("GET", path, query, None)

    def find(self, path: str) -> dict[str, Any] | None:
        """Give the JSON object that a GET answers, None when HubSpot has it no more."""
        try:
            return self._answered("GET", path, (), None)
        except ApiException as error:
            if error.status == NOT_FOUND:
                return None
            raise _explained(error, path) from None

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Give the JSON object that a reading POST answers; it may be sent twice."""
        return self._call("POST", path, (), body)

    def search(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Give a page of an object's records that search finds, and their `total`."""
        page = self.post(f"/crm/v3/objects/{name}/search", body)
        self._sleep(SEARCH_SECONDS)
        return page

    def _call(self, method: str, path: str, query: Query, body: Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            return self._answered(method, path, query, body)
        except ApiException as error:
            raise _explained(error, path) from None

    def _answered(
        self, method: str, path: str, query: Query, body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        try:
            return _patiently(lambda: self._try(method, path, query, body))
        except urllib3.exceptions.HTTPError as error:
            raise ExtractError(
                f"HubSpot at {self._base_url} cannot be reached ({type(error).__name__}). Give the command again."
            ) from None

    def _try(self, method: str, path: str, query: Query, body: Mapping[str, Any] | None) -> dict[str, Any]:
        answer = self._api.call_api(
            path,
            method,
            query_params=list(query),
            header_params={"Accept": "application/json", "Content-Type": "application/json"},
            body=body,
            auth_settings=["oauth2"],
            _preload_content=False,
            _return_http_data_only=True,
            _request_timeout=TIMEOUT_SECONDS,
        )
        content: dict[str, Any] = json.loads(answer.data)
        self._keep_pace(answer.headers)
        return content

    def _keep_pace(self, headers: Mapping[str, str]) -> None:
        """Slow down before the window's last calls are used; the account has other users."""
        limit, remaining = (
            headers.get("X-HubSpot-RateLimit-Max"),
            headers.get("X-HubSpot-RateLimit-Remaining"),
        )
        if limit is None or remaining is None or int(remaining) > int(limit) * RESERVE:
            return
        window = (
            float(headers.get("X-HubSpot-RateLimit-Interval-Milliseconds") or WINDOW_SECONDS * 1000) / 1000
        )
        self._sleep(window / (int(remaining) + 1))


def read(
    account: Account,
    connection: SnowflakeConnection,
    objects: Mapping[str, Sequence[str]],
    *,
    run_id: str,
    landing_dir: Path,
    pairs: Sequence[tuple[str, str]] = (),
    key: str | None = KEY,
    strangers: bool = False,
    progress: Progress | None = None,
) -> list[Landed]:
    """Copy HubSpot's records and associations into RAW_HUBSPOT: all objects at one instant, then their links at one.

    Rows of other objects stay as they are. `objects` gives for each object (`contacts`) the properties to ask for. `pairs` are the associations to
    read, (from object, to object), for the records of the from object as they lie in RAW_HUBSPOT then. `key` is the
    property that marks a record as ours; others are left out, unless it is None. With `strangers` records of others
    are copied too, but not their associations. `progress` is called with the object, its rows so far, and their
    number at the end.

    Raises:
        LoginError: the token is not accepted, or lacks a scope.
        BudgetExhausted: the day's calls are used up.
        ExtractError: HubSpot refused or cannot be reached. Tables not yet read stay as they were.
    """
    back = ReadBack.begin(connection, RAW, run_id, landing_dir, progress)
    missing = absent(account, objects)

    def rows() -> Iterator[tuple[str | None, ...]]:
        for name, properties in objects.items():
            if name in missing:
                continue
            for record in back.report(name, _records(account, name, properties, None if strangers else key)):
                yield record_row(name, record)

    landed = [back.land(records_table(RAW), rows(), {"object": [*objects]})]
    if pairs:
        there = [pair for pair in pairs if not missing.intersection(pair)]
        links = _all_associations(account, connection, there, key)
        only = {"from_object": [from_object for from_object, _ in pairs]}
        landed.append(back.land(ASSOCIATIONS, back.report(ASSOCIATIONS.name, links), only))
    return [*landed, *_land_pipelines(account, back, objects)]


def read_sample(
    account: Account,
    connection: SnowflakeConnection,
    objects: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    *,
    run_id: str,
    landing_dir: Path,
    pairs: Sequence[tuple[str, str]] = (),
    progress: Progress | None = None,
) -> list[Landed]:
    """Copy only some records, and the associations from them, into RAW_HUBSPOT; the other rows stay as they are.

    `objects` gives for each object the properties to ask for and HubSpot's ids of the records. One that HubSpot no longer
    has loses its row. Raises as `read` does.
    """
    back = ReadBack.begin(connection, RAW, run_id, landing_dir, progress)
    landed = []
    for name, (properties, ids) in objects.items():
        found = back.report(name, by_id(account, name, properties, ids))
        rows = (record_row(name, record) for record in found)
        landed.append(back.land(records_table(RAW), rows, {"object": [name], "id": ids}))
    for from_object, to_object in (pair for pair in pairs if pair[0] in objects):
        ids = objects[from_object][1]
        links = itertools.chain.from_iterable(
            _associations(account, from_object, to_object, batch)
            for batch in _batches(iter(ids), ASSOCIATION_INPUTS)
        )
        only = {"from_object": [from_object], "to_object": [to_object], "from_id": ids}
        landed.append(back.land(ASSOCIATIONS, links, only))
    return [*landed, *_land_pipelines(account, back, objects)]


def _land_pipelines(account: Account, back: ReadBack, objects: Container[str]) -> Iterator[Landed]:
    """Copy the pipelines of those objects that have some, with their stages."""
    named = [name for name in IN_PIPELINES if name in objects]
    rows = (
        record_row(name, each)
        for name in named
        for each in account.get(f"/crm/v3/pipelines/{name}")["results"]
    )
    if named:
        yield back.land(PIPELINES, back.report(PIPELINES.name, rows), {"object": named})


def read_owners(
    account: Account,
    connection: SnowflakeConnection,
    *,
    run_id: str,
    landing_dir: Path,
    progress: Progress | None = None,
) -> Landed:
    """Copy HubSpot's owners, deactivated ones too (`archived` is true), into RAW_HUBSPOT.OWNERS.

    Raises as `read` does.
    """
    back = ReadBack.begin(connection, RAW, run_id, landing_dir, progress)
    owners = itertools.chain.from_iterable(
        _pages(account, "/crm/v3/owners/", [("archived", archived)]) for archived in ("false", "true")
    )
    return back.land(payload_table(RAW, "owners"), map(payload_row, back.report("owners", owners)))


def absent(account: Account, names: Iterable[str]) -> frozenset[str]:
    """Give those objects of the company's own, `p_…` in paths, that no load has created yet: they have no records."""
    own = frozenset(name for name in names if name.startswith(OWN))
    if not own:
        return own
    known = account.get("/crm-object-schemas/v3/schemas")["results"]
    return own - {OWN + each["name"] for each in known}


def _records(
    account: Account, name: str, properties: Sequence[str], key: str | None
) -> Iterator[dict[str, Any]]:
    """Give the records of an object that carry the key; lists show every record, search lags behind."""
    asked = list(dict.fromkeys([*properties, *([key] if key else [])]))
    for record in _asked(account, name, asked):
        if key is None or record["properties"].get(key):
            yield record


def _asked(account: Account, name: str, properties: Sequence[str]) -> Iterator[dict[str, Any]]:
    path = f"/crm/v3/objects/{name}"
    query = [("properties", each) for each in properties]
    if len(urlencode(query)) <= QUERY_BYTES:
        yield from _pages(account, path, query)
        return
    yield from by_id(account, name, properties, (record["id"] for record in _pages(account, path, [])))


def by_id(
    account: Account, name: str, properties: Sequence[str], ids: Iterable[str]
) -> Iterator[dict[str, Any]]:
    """Give the records with these ids that are still there."""
    for batch in _batches(iter(ids), BATCH):
        body = {
            "inputs": [{"id": each} for each in batch],
            "properties": properties,
            "propertiesWithHistory": [],
        }
        yield from account.post(f"/crm/v3/objects/{name}/batch/read", body)["results"]


def _pages(account: Account, path: str, query: Query) -> Iterator[dict[str, Any]]:
    after: list[tuple[str, str]] = []
    while True:
        page = account.get(path, [("limit", str(PAGE)), *query, *after])
        yield from page["results"]
        following = page.get("paging", {}).get("next")
        if not following:
            return
        after = [("after", following["after"])]


def _all_associations(
    account: Account, connection: SnowflakeConnection, pairs: Sequence[tuple[str, str]], key: str | None
) -> Iterator[tuple[str | None, ...]]:
    for from_object, to_object in pairs:
        for ids in _batches(_landed_ids(connection, from_object, key), ASSOCIATION_INPUTS):
            yield from _associations(account, from_object, to_object, ids)


def _landed_ids(connection: SnowflakeConnection, name: str, key: str | None) -> Iterator[str]:
    ours = f"and parse_json(payload):properties:{key}::varchar is not null" if key else ""
    with connection.cursor() as cursor:
        cursor.execute(f"select id from {qualified(RAW, 'records')} where object = %s {ours}", (name,))
        while rows := cursor.fetchmany(ASSOCIATION_INPUTS):
            yield from (row[0] for row in rows)


def _associations(
    account: Account, from_object: str, to_object: str, ids: Sequence[str]
) -> Iterator[tuple[str | None, ...]]:
    """Give a row for each type of each link of these records; a record's links are paged on their own."""
    inputs = [{"id": each} for each in ids]
    while inputs:
        path = f"/crm/v4/associations/{from_object}/{to_object}/batch/read"
        answer = account.post(path, {"inputs": inputs})
        _check_partial(answer, path)
        inputs = []
        for result in answer["results"]:
            from_id = str(result["from"]["id"])
            for to in result["to"]:
                for kind in to["associationTypes"]:
                    type_id, label = str(kind["typeId"]), kind.get("label")
                    yield (
                        from_object,
                        from_id,
                        to_object,
                        str(to["toObjectId"]),
                        kind["category"],
                        type_id,
                        label,
                    )
            if following := (result.get("paging") or {}).get("next"):
                inputs.append({"id": from_id, "after": following["after"]})


def _check_partial(answer: Mapping[str, Any], path: str) -> None:
    """Let pass what a 207 says of records without links; anything else means links were not read."""
    for error in answer.get("errors") or ():
        said = {str(error.get("category")), str(error.get("subCategory")).rsplit(".", maxsplit=1)[-1]}
        if not said & NOTHING_THERE:
            raise ExtractError(
                f"HubSpot gave no links for some records at {path} ({error.get('category')}). Give the command again."
            )


def _explained(error: ApiException, path: str) -> ExtractError:
    body = _body(error)
    said = f"HTTP {error.status}, {body.get('category', 'no category')}, correlation id {body.get('correlationId', 'none')}"
    if error.status in (UNAUTHORIZED, FORBIDDEN):
        return LoginError(
            f"HubSpot refused {path} ({said}). Check the token and that it has the scope to read this."
        )
    if error.status == TOO_MANY and body.get("policyName") == "DAILY":
        return BudgetExhausted(
            f"HubSpot's calls of the day are used up ({said}). They come back at midnight in the account's time zone: "
            "give the same command again then."
        )
    if error.status == MIGRATING:
        wait = error.headers.get("Retry-After", "some hours'")
        return ExtractError(
            f"HubSpot is moving this account to another data centre: try again after {wait} seconds."
        )
    return ExtractError(f"HubSpot refused {path} ({said}): {body.get('message', 'no message')}")


def _body(error: ApiException) -> dict[str, Any]:
    try:
        body = json.loads(error.body or "{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _batches(values: Iterator[str], size: int) -> Iterator[list[str]]:
    while batch := list(itertools.islice(values, size)):
        yield batch
