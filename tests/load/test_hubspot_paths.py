"""HubSpot's calls under another version of its API: all of them move, and the answers are the same."""

import httpx
import pytest
import urllib3

from load.feeds import Feed
from load.hubspot import HubSpot
from load.hubspot.paths import VERSIONS, paths
from load.target import Row
from tests.load import marts


@pytest.mark.parametrize("version", VERSIONS)
def test_every_call_has_a_path_of_the_version(version: str) -> None:
    for name, path in paths(version).items():
        legacy = any(part in path for part in ("/v3", "/v4"))
        assert legacy == (version == "v3"), name
        assert (f"/{version}/" in path) == (version != "v3" or "/v4/" not in path), name


def test_an_unknown_version_names_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="has no version v9 here; there are v3, 2026-03, 2026-09"):
        HubSpot("http://nowhere", "t", version="v9")


def test_a_load_in_a_dated_version_touches_no_older_path(
    hubspot: HubSpot, hubspot_address: str, declared: list[Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    target = HubSpot(hubspot_address, marts.HUBSPOT_TOKEN, expected_account="8462001", version="2026-09")
    pool = urllib3.PoolManager
    ask = pool.request

    def request(self: object, method: str, url: str, **options: object) -> object:
        asked.append(url.removeprefix(hubspot_address))
        return ask(self, method, url, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pool, "request", request)
    feeds = [feed for feed in declared if feed.target == "hubspot"]
    companies = next(feed for feed in feeds if feed.object == "companies")

    target.check_account()
    target.provision(feeds)
    rows = [Row("001A", "h", "create", None, {"name": "Firm", "domain": "firm.com"})]
    [[made]] = target.send(companies, rows)
    [[gone]] = target.archive(companies, [Row("001A", "h", "archive", made.target_id)])

    assert (made.status, gone.status) == ("succeeded", "succeeded")
    assert asked
    assert all("/2026-09/" in path for path in asked), asked
    calls = httpx.get(f"{hubspot_address}/_sandbox/calls").json()
    assert calls["written"]["companies"] == 2
