"""Companies of the Intercom stand-in: the upsert, invisibility, lists and the scroll."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.intercom_spec import Acme, acme


@pytest.fixture
def workspace(tmp_path: Path, shared: Path) -> Iterator[Acme]:
    with acme(tmp_path, shared) as served:
        yield served


def upsert(workspace: Acme, company_id: str, **fields: Any) -> Any:
    return workspace.call("POST", "/companies", {"company_id": company_id, **fields})


def attached(workspace: Acme, count: int) -> list[str]:
    """Make companies with one common contact; give their ids."""
    contact = workspace.call("POST", "/contacts", {"external_id": "003A"})
    ids = [upsert(workspace, f"001{n}", name=f"Acme {n}")["id"] for n in range(count)]
    for own_id in ids:
        workspace.call("POST", f"/contacts/{contact['id']}/companies", {"id": own_id})
    return ids


def test_the_same_company_id_updates(workspace: Acme) -> None:
    first = upsert(workspace, "001A", name="Acme", industry="Food", size=10)
    again = upsert(workspace, "001A", name="Acme Ltd", plan="Gold")
    assert again["id"] == first["id"]
    assert (again["name"], again["industry"], again["plan"]["name"]) == ("Acme Ltd", "Food", "Gold")
    assert again["app_id"] == "acme8463"


def test_decimals_of_the_spend_are_cut_off(workspace: Acme) -> None:
    assert upsert(workspace, "001A", monthly_spend=155.98)["monthly_spend"] == 155
    too_much = {"company_id": "001A", "monthly_spend": 2**31}
    assert workspace.refusal("POST", "/companies", too_much)["field"] == "monthly_spend"


def test_a_parameter_that_is_unknown_is_refused(workspace: Acme) -> None:
    error = workspace.refusal("POST", "/companies", {"company_id": "001A", "test": "invalid"})
    assert error == {"code": "bad_request", "message": "bad 'test' parameter"}
    assert workspace.refusal("POST", "/companies", {"name": "Acme"})["code"] == "parameter_not_found"


def test_a_company_id_stays_as_it_is(workspace: Acme) -> None:
    company = upsert(workspace, "001A")
    changed = workspace.call("PUT", f"/companies/{company['id']}", {"name": "Acme"})
    assert (changed["company_id"], changed["name"]) == ("001A", "Acme")
    workspace.refusal("PUT", f"/companies/{company['id']}", {"company_id": "001B"})


def test_custom_attributes_must_exist(workspace: Acme) -> None:
    attribute = {"name": "tier", "model": "company", "data_type": "float"}
    workspace.call("POST", "/data_attributes", attribute)
    company = upsert(workspace, "001A", custom_attributes={"tier": 1.5})
    assert company["custom_attributes"] == {"tier": 1.5}
    unknown = {"company_id": "001A", "custom_attributes": {"rank": 1}}
    assert workspace.refusal("POST", "/companies", unknown)["code"] == "parameter_invalid"
    assert upsert(workspace, "001A", custom_attributes={"tier": None})["custom_attributes"] == {}


def test_a_company_is_invisible_until_a_contact_is_attached(workspace: Acme) -> None:
    company = upsert(workspace, "001A", name="Acme")
    contact = workspace.call("POST", "/contacts", {"external_id": "003A"})
    assert workspace.call("POST", "/companies/list")["total_count"] == 0
    assert workspace.call("GET", "/companies")["total_count"] == 0
    scroll = workspace.call("GET", "/companies/scroll")
    assert scroll["data"] == []
    assert workspace.call("GET", "/companies?company_id=001A")["id"] == company["id"]
    assert workspace.call("GET", "/companies?name=Acme")["id"] == company["id"]
    assert workspace.call("GET", f"/companies/{company['id']}")["user_count"] == 0

    path = f"/contacts/{contact['id']}/companies"
    assert workspace.call("POST", path, {"id": company["id"]})["user_count"] == 1
    assert workspace.call("POST", path, {"id": company["id"]})["user_count"] == 1
    [listed] = workspace.call("POST", "/companies/list")["data"]
    assert listed["user_count"] == 1
    [member] = workspace.call("GET", f"/companies/{company['id']}/contacts")["data"]
    assert member["id"] == contact["id"]

    workspace.call("POST", f"/contacts/{contact['id']}/archive")
    assert workspace.call("POST", "/companies/list")["data"] == []
    workspace.call("POST", f"/contacts/{contact['id']}/unarchive")
    assert workspace.call("DELETE", f"{path}/{company['id']}")["user_count"] == 0
    assert workspace.call("POST", "/companies/list")["data"] == []


def test_a_company_is_attached_by_its_own_id_only(workspace: Acme) -> None:
    upsert(workspace, "001A")
    contact = workspace.call("POST", "/contacts", {"external_id": "003A"})
    path = f"/contacts/{contact['id']}/companies"
    assert workspace.refusal("POST", path, {"id": "001A"}, expect=404)["code"] == "company_not_found"
    assert workspace.refusal("POST", path, {})["message"] == "company not specified"
    nobody = workspace.refusal(
        "POST", "/contacts/63a07ddf05a32042dffac965/companies", {"id": "1"}, expect=404
    )
    assert nobody["message"] == "User Not Found"


def test_a_contact_belongs_to_a_thousand_companies_at_most(workspace: Acme) -> None:
    workspace.control("limits", {"requests_per_minute": 100_000})
    attached(workspace, 1_000)
    contact = workspace.call("GET", "/contacts/find_by_external_id/003A")
    one_more = upsert(workspace, "one more")
    path = f"/contacts/{contact['id']}/companies"
    error = workspace.refusal("POST", path, {"id": one_more["id"]})
    assert error["code"] == "contact_company_limit_exceeded"


def test_the_list_has_numbered_pages_and_a_ceiling(workspace: Acme) -> None:
    ids = attached(workspace, 7)
    pages = [workspace.call("POST", f"/companies/list?per_page=3&page={n}") for n in (1, 2, 3)]
    assert [company["id"] for page in pages for company in page["data"]] == ids[::-1]
    assert pages[0]["pages"]["next"]["page"] == 2
    assert pages[2]["pages"]["next"] is None
    oldest_first = workspace.call("POST", "/companies/list?order=asc")["data"]
    assert [company["id"] for company in oldest_first] == ids
    assert workspace.call("POST", "/companies/list?per_page=50&page=200")["data"] == []
    error = workspace.refusal("POST", "/companies/list?per_page=50&page=201")
    assert error["message"] == "page limit reached, please use scroll API"


def test_the_scroll_gives_all_and_ends_with_an_empty_page(workspace: Acme) -> None:
    workspace.control("limits", {"requests_per_minute": 100_000})
    ids = attached(workspace, 250)
    answer = workspace.call("GET", "/companies/scroll")
    seen = []
    while answer["data"]:
        seen.append([company["id"] for company in answer["data"]])
        answer = workspace.call("GET", f"/companies/scroll?scroll_param={answer['scroll_param']}")
    assert [len(page) for page in seen] == [100, 100, 50]
    assert [own_id for page in seen for own_id in page] == ids
    ended = f"/companies/scroll?scroll_param={answer['scroll_param']}"
    assert workspace.refusal("GET", ended, expect=404)["message"] == "scroll parameter not found"


def test_there_is_one_scroll_and_it_dies_after_a_minute(workspace: Acme) -> None:
    attached(workspace, 1)
    parameter = workspace.call("GET", "/companies/scroll")["scroll_param"]
    error = workspace.refusal("GET", "/companies/scroll")
    assert error == {"code": "scroll_exists", "message": "scroll already exists for this workspace"}
    workspace.clock.pass_seconds(61)
    dead = workspace.refusal("GET", f"/companies/scroll?scroll_param={parameter}", expect=404)
    assert dead["code"] == "not_found"
    assert workspace.call("GET", "/companies/scroll")["scroll_param"] != parameter


def test_a_deleted_company_frees_its_company_id(workspace: Acme) -> None:
    [own_id] = attached(workspace, 1)
    deleted = workspace.call("DELETE", f"/companies/{own_id}")
    assert deleted == {"id": own_id, "object": "company", "deleted": True}
    workspace.refusal("GET", f"/companies/{own_id}", expect=404)
    workspace.refusal("GET", "/companies?company_id=0010", expect=404)
    assert workspace.call("GET", "/contacts/find_by_external_id/003A")["companies"]["total_count"] == 0
    assert upsert(workspace, "0010")["id"] != own_id


def test_companies_are_tagged_by_either_id(workspace: Acme) -> None:
    [own_id, _] = attached(workspace, 2)
    named = {"name": "vip", "companies": [{"id": own_id}, {"company_id": "0011"}]}
    tag = workspace.call("POST", "/tags", named)
    tagged = workspace.call("GET", f"/companies?tag_id={tag['id']}")
    assert tagged["total_count"] == 2
    assert tagged["data"][0]["tags"]["tags"] == [tag]
    off = {"name": "vip", "companies": [{"id": own_id, "untag": True}]}
    workspace.call("POST", "/tags", off)
    assert workspace.call("GET", f"/companies?tag_id={tag['id']}")["total_count"] == 1
    unknown = {"name": "vip", "companies": [{"company_id": "none"}]}
    assert workspace.refusal("POST", "/tags", unknown, expect=404)["code"] == "company_not_found"
