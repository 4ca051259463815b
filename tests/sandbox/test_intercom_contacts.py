"""Contacts of the Intercom stand-in: conflicts, archiving, merging, paging, nested lists."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.intercom_spec import NOON, Acme, Clock, acme

EMAIL = "ada@lovelace.example"


@pytest.fixture
def workspace(tmp_path: Path, shared: Path) -> Iterator[Acme]:
    with acme(tmp_path, shared) as served:
        yield served


def create(workspace: Acme, **fields: Any) -> Any:
    return workspace.call("POST", "/contacts", fields)


def conflict_with(workspace: Acme, **fields: Any) -> str:
    error = workspace.refusal("POST", "/contacts", fields, expect=409)
    assert error["code"] == "conflict"
    return str(error["message"])


def test_a_contact_is_answered_whole(workspace: Acme) -> None:
    contact = create(workspace, email=EMAIL)
    assert contact["role"] == "user"
    assert contact["external_id"] is None
    assert contact["email_domain"] == "lovelace.example"
    assert contact["workspace_id"] == "acme8463"
    assert contact["created_at"] == int(NOON)
    assert len(contact["id"]) == 24
    assert contact["companies"] == {
        "type": "list",
        "data": [],
        "url": f"/contacts/{contact['id']}/companies",
        "total_count": 0,
        "has_more": False,
    }
    assert workspace.call("GET", f"/contacts/{contact['id']}") == contact


def test_something_must_identify_a_contact(workspace: Acme) -> None:
    assert workspace.refusal("POST", "/contacts", {"name": "Ada"})["code"] == "parameter_not_found"
    assert create(workspace, role="lead")["email"] is None


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"email": "ada@lovelace"}, "email"),
        ({"email": "ada lovelace@acme.example"}, "email"),
        ({"email": EMAIL, "name": 7}, "name"),
        ({"email": EMAIL, "signed_up_at": "yesterday"}, "signed_up_at"),
        ({"email": EMAIL, "unsubscribed_from_emails": "no"}, "unsubscribed_from_emails"),
        ({"email": EMAIL, "role": "customer"}, "role"),
        ({"email": EMAIL, "owner_id": 1}, "owner_id"),
        ({"role": "lead", "external_id": "00Q1"}, "external_id"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(workspace: Acme, fields: dict[str, Any], blamed: str) -> None:
    error = workspace.refusal("POST", "/contacts", fields)
    assert (error["code"], error["field"]) == ("parameter_invalid", blamed)
    assert workspace.call("GET", "/contacts")["total_count"] == 0


def test_an_external_id_belongs_to_one_contact(workspace: Acme) -> None:
    first = create(workspace, external_id="003A", email=EMAIL)
    message = conflict_with(workspace, external_id="003A", email="other@acme.example")
    assert message == f"A contact matching those details already exists with id={first['id']}"


def test_users_share_an_address_only_with_an_external_id_each(workspace: Acme) -> None:
    first = create(workspace, external_id="003A", email=EMAIL)
    create(workspace, external_id="003B", email=EMAIL.upper())
    assert "Multiple existing users match this email address" in conflict_with(workspace, email=EMAIL)
    workspace.call("DELETE", f"/contacts/{first['id']}")
    assert "already exists with id=" in conflict_with(workspace, email=EMAIL)


def test_a_user_without_external_id_keeps_the_address_for_itself(workspace: Acme) -> None:
    first = create(workspace, email=EMAIL)
    assert first["id"] in conflict_with(workspace, email=EMAIL, external_id="003A")
    adopted = workspace.call("PUT", f"/contacts/{first['id']}", {"external_id": "003A"})
    assert adopted["external_id"] == "003A"


def test_leads_may_share_an_address(workspace: Acme) -> None:
    create(workspace, email=EMAIL)
    ids = {create(workspace, role="lead", email=EMAIL)["id"] for _ in range(2)}
    assert len(ids) == 2


def test_an_archived_contact_keeps_what_identifies_it(workspace: Acme) -> None:
    contact = create(workspace, external_id="003A", email=EMAIL)
    path = f"/contacts/{contact['id']}"
    assert workspace.call("POST", f"{path}/archive") == {
        "type": "contact",
        "id": contact["id"],
        "external_id": "003A",
        "archived": True,
    }
    archived = f"An archived contact matching those details already exists with id={contact['id']}"
    assert conflict_with(workspace, external_id="003A") == archived
    assert conflict_with(workspace, email=EMAIL) == archived
    assert workspace.refusal("PUT", path, {"name": "Ada"}, expect=404)["message"] == "User Not Found"
    workspace.refusal("GET", "/contacts/find_by_external_id/003A", expect=404)
    assert workspace.call("GET", "/contacts")["data"] == []

    workspace.call("POST", f"{path}/unarchive")
    assert workspace.call("PUT", path, {"name": "Ada"})["name"] == "Ada"


def test_an_update_may_conflict_too(workspace: Acme) -> None:
    create(workspace, external_id="003A", email=EMAIL)
    other = create(workspace, external_id="003B", email="other@acme.example")
    workspace.refusal("PUT", f"/contacts/{other['id']}", {"external_id": "003A"}, expect=409)
    shared = workspace.call("PUT", f"/contacts/{other['id']}", {"email": EMAIL})
    assert shared["email"] == EMAIL


def test_an_update_changes_what_it_names_and_null_clears(workspace: Acme) -> None:
    for name in ("tier", "seats"):
        data_type = "integer" if name == "seats" else "string"
        attribute = {"name": name, "model": "contact", "data_type": data_type}
        workspace.call("POST", "/data_attributes", attribute)
    contact = create(
        workspace, email=EMAIL, name="Ada", phone="+441", custom_attributes={"tier": "gold", "seats": 3}
    )
    workspace.clock.pass_seconds(60)
    changed = workspace.call(
        "PUT", f"/contacts/{contact['id']}", {"phone": None, "custom_attributes": {"tier": None}}
    )
    assert (changed["name"], changed["phone"], changed["custom_attributes"]) == ("Ada", None, {"seats": 3})
    assert changed["updated_at"] == contact["created_at"] + 60


def test_companies_in_the_body_are_passed_over(workspace: Acme) -> None:
    company = workspace.call("POST", "/companies", {"company_id": "001A"})
    contact = create(workspace, email=EMAIL, companies=[{"id": company["id"]}])
    assert contact["companies"]["total_count"] == 0


def test_find_by_external_id_knows_any_character(workspace: Acme) -> None:
    contact = create(workspace, external_id="crm: 003+A?")
    assert workspace.call("GET", "/contacts/find_by_external_id/crm%3A%20003%2BA%3F")["id"] == contact["id"]


def test_the_list_is_paged_by_cursor_to_the_end(workspace: Acme) -> None:
    made = [create(workspace, external_id=f"003{n}")["id"] for n in range(25)]
    seen, path = [], "/contacts?per_page=10"
    for number in (1, 2, 3):
        answer = workspace.call("GET", path)
        pages = answer["pages"]
        assert (pages["page"], pages["total_pages"]) == (number, 3)
        seen += [contact["id"] for contact in answer["data"]]
        path = f"/contacts?per_page=10&starting_after={pages.get('next', {}).get('starting_after')}"
        # What comes in while the list is read does not move the pages.
        create(workspace, external_id=f"late{number}")
    assert "next" not in pages
    assert seen == made[::-1]


def test_the_list_holds_ten_by_default_and_150_at_most(workspace: Acme) -> None:
    assert workspace.call("GET", "/contacts")["pages"]["per_page"] == 10
    assert workspace.refusal("GET", "/contacts?per_page=151")["field"] == "per_page"
    assert workspace.refusal("GET", "/contacts?starting_after=nonsense")["field"] == "starting_after"


def test_nested_lists_hold_ten(workspace: Acme) -> None:
    contact = create(workspace, email=EMAIL)
    for n in range(12):
        company = workspace.call("POST", "/companies", {"company_id": f"001{n}"})
        workspace.call("POST", f"/contacts/{contact['id']}/companies", {"id": company["id"]})
    nested = workspace.call("GET", f"/contacts/{contact['id']}")["companies"]
    assert (len(nested["data"]), nested["total_count"], nested["has_more"]) == (10, 12, True)
    everything = workspace.call("GET", nested["url"])
    assert len(everything["data"]) == 12
    second = workspace.call("GET", f"{nested['url']}?per_page=5&page=3")
    assert (len(second["data"]), second["pages"]["next"]) == (2, None)


def test_a_lead_is_merged_into_a_user_and_its_id_dies(workspace: Acme) -> None:
    lead = create(workspace, role="lead", email="old@acme.example", phone="+441")
    user = create(workspace, external_id="003A", email=EMAIL)
    company = workspace.call("POST", "/companies", {"company_id": "001A"})
    workspace.call("POST", f"/contacts/{lead['id']}/companies", {"id": company["id"]})
    workspace.call("POST", f"/contacts/{lead['id']}/notes", {"body": "Met at the fair"})
    asked = {"from": {"type": "lead", "id": lead["id"]}, "body": "Hello"}
    conversation = workspace.call("POST", "/conversations", asked)["conversation_id"]

    merged = workspace.call("POST", "/contacts/merge", {"from": lead["id"], "into": user["id"]})
    assert (merged["id"], merged["email"], merged["phone"]) == (user["id"], EMAIL, "+441")
    assert [nested["total_count"] for nested in (merged["companies"], merged["notes"])] == [1, 1]
    [owner] = workspace.call("GET", f"/conversations/{conversation}")["contacts"]["contacts"]
    assert owner["id"] == user["id"]
    workspace.refusal("GET", f"/contacts/{lead['id']}", expect=404)
    assert [c["id"] for c in workspace.call("GET", "/contacts")["data"]] == [user["id"]]


def test_from_version_2_16_a_merged_contact_points_to_its_heir(workspace: Acme) -> None:
    lead, user = create(workspace, role="lead"), create(workspace, email=EMAIL)
    workspace.call("POST", "/contacts/merge", {"from": lead["id"], "into": user["id"]})
    response = workspace.http.get(f"/contacts/{lead['id']}", headers={"Intercom-Version": "2.16"})
    assert response.status_code == 410
    assert response.json()["errors"][0]["code"] == "contact_merged"
    assert response.headers["Link"] == f'</contacts/{user["id"]}>; rel="canonical"'


def test_only_a_lead_is_merged_and_only_into_a_user(workspace: Acme) -> None:
    lead, user = create(workspace, role="lead"), create(workspace, email=EMAIL)
    error = workspace.refusal("POST", "/contacts/merge", {"from": user["id"], "into": lead["id"]})
    assert error["code"] == "parameter_invalid"


def test_a_restart_keeps_everything(tmp_path: Path, shared: Path) -> None:
    clock = Clock()
    with acme(tmp_path, shared, clock) as before:
        before.control(
            "admins", [{"first_name": "Grace", "last_name": "Hopper", "email": "grace@acme.example"}]
        )
        contact = create(before, external_id="003A", email=EMAIL)
        company = before.call("POST", "/companies", {"company_id": "001A", "name": "Acme"})
        before.call("POST", f"/contacts/{contact['id']}/companies", {"id": company["id"]})
        before.control("limits", {"requests_per_minute": 600})
        kept = before.call("GET", f"/contacts/{contact['id']}")
    with acme(tmp_path, shared, clock) as after:
        assert after.call("GET", f"/contacts/{contact['id']}") == kept
        assert after.call("POST", "/companies/list")["data"][0]["user_count"] == 1
        assert len(after.call("GET", "/admins")["admins"]) == 2
        assert after.http.get("/me").headers["X-RateLimit-Limit"] == "100"
        assert create(after, external_id="003B")["id"] != contact["id"]
