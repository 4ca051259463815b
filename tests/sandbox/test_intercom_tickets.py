"""Tickets, conversations, notes, tags and subscriptions of the Intercom stand-in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.intercom_spec import NOON, Acme, acme

PAST = 1_600_000_000


@pytest.fixture
def workspace(tmp_path: Path, shared: Path) -> Iterator[Acme]:
    with acme(tmp_path, shared) as served:
        yield served


@pytest.fixture
def contact_id(workspace: Acme) -> str:
    body = {"external_id": "003A", "email": "ada@lovelace.example", "name": "Ada"}
    return str(workspace.call("POST", "/contacts", body)["id"])


@pytest.fixture
def admin_id(workspace: Acme) -> str:
    return str(workspace.call("GET", "/admins")["admins"][0]["id"])


def ticket_type(workspace: Acme, **fields: Any) -> Any:
    """Make a type whose `severity` must be given."""
    kind = workspace.call("POST", "/ticket_types", {"name": "Case", **fields})
    severity = {"name": "severity", "description": "How bad", "data_type": "list", "list_items": "low, high"}
    path = f"/ticket_types/{kind['id']}/attributes"
    attribute = workspace.call("POST", path, {**severity, "required_to_create": True})
    assert [option["label"] for option in attribute["input_options"]["list_options"]] == ["low", "high"]
    return workspace.call("GET", f"/ticket_types/{kind['id']}")


def ticket(kind: Any, contact: Any, **fields: Any) -> dict[str, Any]:
    attributes = {"_default_title_": "Broken", "severity": "high"}
    return {"ticket_type_id": kind["id"], "contacts": [contact], "ticket_attributes": attributes, **fields}


def test_a_type_has_two_attributes_and_four_states(workspace: Acme) -> None:
    kind = ticket_type(workspace)
    attributes = {a["name"]: a for a in kind["ticket_type_attributes"]["data"]}
    assert list(attributes) == ["_default_title_", "_default_description_", "severity"]
    assert attributes["_default_description_"]["input_options"] == {"multiline": True}
    categories = ["submitted", "in_progress", "waiting_on_customer", "resolved"]
    assert [state["category"] for state in kind["ticket_states"]["data"]] == categories
    states = workspace.call("GET", "/ticket_states")["data"]
    assert [used["id"] for used in states[0]["ticket_types"]["data"]] == [kind["id"]]
    renamed = workspace.call("PUT", f"/ticket_types/{kind['id']}", {"name": "Bug"})
    assert (renamed["name"], len(workspace.call("GET", "/ticket_types")["data"])) == ("Bug", 1)
    path = f"/ticket_types/{kind['id']}/attributes/{attributes['severity']['id']}"
    assert workspace.call("PUT", path, {"archived": True})["archived"] is True
    workspace.refusal("GET", "/ticket_types/999", expect=404)


def test_a_ticket_of_the_past_is_made(workspace: Acme, contact_id: str, admin_id: str) -> None:
    kind = ticket_type(workspace)
    assignment = {"admin_assignee_id": admin_id}
    body = ticket(kind, {"id": contact_id}, created_at=PAST, assignment=assignment)
    made = workspace.call("POST", "/tickets", body)
    assert made["ticket_attributes"] == {
        "_default_title_": "Broken",
        "_default_description_": None,
        "severity": "high",
    }
    assert (made["created_at"], made["updated_at"]) == (PAST, int(NOON))
    assert (made["admin_assignee_id"], made["ticket_state"]["category"]) == (admin_id, "submitted")
    assert made["contacts"]["contacts"] == [{"type": "contact", "id": contact_id, "external_id": "003A"}]
    assert made["ticket_id"] != made["id"]
    assert workspace.call("GET", f"/tickets/{made['id']}") == made
    assert workspace.call("DELETE", f"/tickets/{made['id']}")["deleted"] is True
    assert workspace.refusal("GET", f"/tickets/{made['id']}", expect=404)["code"] == "ticket_not_found"


def test_a_ticket_is_checked(workspace: Acme, contact_id: str) -> None:
    kind, contact = ticket_type(workspace), {"id": contact_id}

    def refused(expect: int = 400, **changes: Any) -> str:
        return str(
            workspace.refusal("POST", "/tickets", ticket(kind, contact, **changes), expect=expect)["message"]
        )

    assert refused(ticket_attributes={"_default_title_": "Broken"}) == "Missing required ticket attributes"
    assert "'colour' is not an attribute" in refused(ticket_attributes={"severity": "low", "colour": "red"})
    assert "of type list" in refused(ticket_attributes={"severity": "medium"})
    assert "one contact only" in refused(contacts=[contact, contact])
    assert "future" in refused(created_at=int(NOON) + 60)
    assert refused(404, contacts=[{"external_id": "none"}]) == "User Not Found"
    assert refused(404, ticket_type_id="999") == "Resource Not Found"
    assert refused(404, assignment={"admin_assignee_id": "1"}) == "Assignee not found"


def test_an_address_that_nobody_has_makes_a_lead(workspace: Acme) -> None:
    kind = ticket_type(workspace)
    made = workspace.call("POST", "/tickets", ticket(kind, {"email": "new@acme.example"}))
    [contact] = made["contacts"]["contacts"]
    assert workspace.call("GET", f"/contacts/{contact['id']}")["role"] == "lead"
    again = workspace.call("POST", "/tickets", ticket(kind, {"email": "new@acme.example"}))
    assert again["contacts"]["contacts"] == [contact]


def test_an_enqueued_ticket_is_found_through_its_job(workspace: Acme, contact_id: str) -> None:
    kind = ticket_type(workspace)
    error = workspace.refusal(
        "POST", "/tickets/enqueue", ticket(kind, {"id": contact_id}, ticket_attributes={})
    )
    assert error == {"code": "parameter_invalid", "message": "Missing required ticket attributes"}
    job = workspace.call("POST", "/tickets/enqueue", ticket(kind, {"id": contact_id}))
    assert (job["status"], job["url"]) == ("pending", f"{workspace.url}/jobs/status/{job['id']}")
    done = workspace.call("GET", f"/jobs/status/{job['id']}")
    assert done["status"] == "success"
    workspace.call("GET", f"/tickets/{done['resource_id']}")


def test_a_ticket_moves_through_its_states(workspace: Acme, contact_id: str, admin_id: str) -> None:
    kind = ticket_type(workspace)
    made = workspace.call("POST", "/tickets", ticket(kind, {"id": contact_id}))
    path = f"/tickets/{made['id']}"
    *_, resolved = kind["ticket_states"]["data"]
    changed = workspace.call(
        "PUT",
        path,
        {
            "ticket_state_id": resolved["id"],
            "admin_id": int(admin_id),
            "ticket_attributes": {"severity": "low"},
        },
    )
    assert (changed["ticket_state"]["category"], changed["open"]) == ("resolved", False)
    assert changed["ticket_attributes"]["severity"] == "low"
    part = changed["ticket_parts"]["ticket_parts"][-1]
    assert (part["previous_ticket_state"], part["ticket_state"]) == ("submitted", "resolved")
    assert part["author"]["id"] == admin_id
    assert workspace.call("PUT", path, {"open": True, "snoozed_until": int(NOON) + 60})["open"] is True
    assert workspace.call("PUT", path, {"assignee_id": admin_id})["admin_assignee_id"] == admin_id
    assert workspace.refusal("PUT", path, {"ticket_state_id": "0"})["code"] == "ticket_state_id_invalid"
    assert workspace.refusal("PUT", path, {"assignee_id": "1"}, expect=404)["code"] == "assignee_not_found"


def test_a_ticket_is_answered(workspace: Acme, contact_id: str, admin_id: str) -> None:
    made = workspace.call("POST", "/tickets", ticket(ticket_type(workspace), {"id": contact_id}))
    path = f"/tickets/{made['id']}/reply"
    note = {"message_type": "note", "type": "admin", "admin_id": admin_id, "body": "<html><p>Seen</p></html>"}
    assert workspace.call("POST", path, note)["body"] == "<p>Seen</p>"
    said = {
        "message_type": "comment",
        "type": "user",
        "user_id": "003A",
        "body": "Thanks & bye",
        "created_at": PAST,
    }
    comment = workspace.call("POST", path, said)
    assert (comment["body"], comment["created_at"]) == ("<p>Thanks &amp; bye</p>", PAST)
    assert comment["author"]["name"] == "Ada"
    assert workspace.call("GET", f"/tickets/{made['id']}")["ticket_parts"]["total_count"] == 3


def test_contacts_do_not_answer_back_office_tickets(workspace: Acme, contact_id: str) -> None:
    kind = ticket_type(workspace, category="Back-office")
    made = workspace.call("POST", "/tickets", ticket(kind, {"id": contact_id}))
    assert (made["category"], made["is_shared"]) == ("Back-office", False)
    said = {"message_type": "comment", "type": "user", "intercom_user_id": contact_id, "body": "Hello"}
    assert workspace.refusal("POST", f"/tickets/{made['id']}/reply", said)["code"] == "parameter_mismatch"


def test_tickets_are_searched_to_the_second(workspace: Acme, contact_id: str) -> None:
    kind = ticket_type(workspace)
    severity = kind["ticket_type_attributes"]["data"][2]["id"]
    for n in range(5):
        workspace.call("POST", "/tickets", ticket(kind, {"id": contact_id}, created_at=PAST + n))
    everything = {"query": {"field": "created_at", "operator": ">", "value": 0}}
    assert workspace.call("POST", "/tickets/search", everything)["tickets"] == []
    workspace.clock.pass_seconds(2)

    def found(field: str, operator: str, value: Any) -> list[int]:
        query = {"field": field, "operator": operator, "value": value}
        answer = workspace.call("POST", "/tickets/search", {"query": query})
        return [n["created_at"] - PAST for n in answer["tickets"]]

    assert found("created_at", ">", PAST + 2) == [4, 3]
    assert found("created_at", "<=", PAST + 1) == [1, 0]
    assert len(found("contact_ids", "=", contact_id)) == 5
    assert len(found("category", "=", "request")) == 5
    assert len(found(f"ticket_attribute.{severity}", "=", "high")) == 5
    assert found(f"ticket_attribute.{severity}", "=", "low") == []
    assert found("title", "~", "none") == []
    query = {"field": "ticket_state", "operator": "=", "value": "submitted"}
    assert workspace.refusal("POST", "/tickets/search", {"query": query})["code"] == "invalid_field"


def test_ticket_search_is_paged(workspace: Acme, contact_id: str) -> None:
    kind = ticket_type(workspace)
    made = [workspace.call("POST", "/tickets", ticket(kind, {"id": contact_id}))["id"] for _ in range(5)]
    workspace.clock.pass_seconds(2)
    body: dict[str, Any] = {
        "query": {"field": "open", "operator": "=", "value": True},
        "pagination": {"per_page": 2},
    }
    seen = []
    for _ in range(3):
        answer = workspace.call("POST", "/tickets/search", body)
        seen += [found["id"] for found in answer["tickets"]]
        body["pagination"]["starting_after"] = answer["pages"].get("next", {}).get("starting_after")
    assert seen == made[::-1]


def conversation(workspace: Acme, contact_id: str, **fields: Any) -> str:
    body = {"from": {"type": "user", "id": contact_id}, "body": "Help me\nplease", **fields}
    message = workspace.call("POST", "/conversations", body)
    assert (message["type"], message["message_type"], message["body"]) == (
        "user_message",
        "inapp",
        body["body"],
    )
    return str(message["conversation_id"])


def test_a_conversation_of_the_past_is_begun(workspace: Acme, contact_id: str) -> None:
    number = conversation(workspace, contact_id, created_at=PAST)
    begun = workspace.call("GET", f"/conversations/{number}")
    assert (begun["created_at"], begun["state"], begun["waiting_since"]) == (PAST, "open", PAST)
    assert begun["source"]["body"] == "<p>Help me</p>\n<p>please</p>"
    assert begun["source"]["author"]["name"] == "Ada"
    plain = workspace.call("GET", f"/conversations/{number}?display_as=plaintext")
    assert plain["source"]["body"] == "Help me\nplease"


def test_a_conversation_is_begun_by_a_contact(workspace: Acme, contact_id: str) -> None:
    nobody = {"from": {"type": "user", "id": "63a07ddf05a32042dffac965"}, "body": "Help"}
    assert workspace.refusal("POST", "/conversations", nobody, expect=404)["message"] == "User Not Found"
    silent = {"from": {"type": "user", "id": contact_id}, "body": ""}
    assert workspace.refusal("POST", "/conversations", silent)["field"] == "body"
    urls = [f"https://files.example/{n}.png" for n in range(11)]
    crowded = {"from": {"type": "user", "id": contact_id}, "body": "Help", "attachment_urls": urls}
    assert workspace.refusal("POST", "/conversations", crowded)["field"] == "attachment_urls"
    assert workspace.call("GET", "/conversations")["total_count"] == 0


def test_admins_manage_a_conversation(workspace: Acme, contact_id: str, admin_id: str) -> None:
    path = f"/conversations/{conversation(workspace, contact_id)}"

    def manage(message_type: str, **more: Any) -> Any:
        body = {"message_type": message_type, "type": "admin", "admin_id": admin_id, **more}
        return workspace.call("POST", f"{path}/parts", body)

    assert manage("assignment", assignee_id=admin_id)["admin_assignee_id"] == int(admin_id)
    assert manage("snoozed", snoozed_until=int(NOON) + 60)["state"] == "snoozed"
    assert manage("open")["snoozed_until"] is None
    closed = manage("close", body="Goodbye")
    assert (closed["state"], closed["open"], closed["waiting_since"]) == ("closed", False, None)
    said = {"message_type": "comment", "type": "user", "email": "ada@lovelace.example", "body": "Wait"}
    reopened = workspace.call("POST", "/conversations/last/reply", said)
    parts = [part["part_type"] for part in reopened["conversation_parts"]["conversation_parts"]]
    assert parts == ["assignment", "snoozed", "open", "close", "open"]
    assert (reopened["state"], reopened["waiting_since"]) == ("open", int(NOON))


def test_conversations_are_changed_listed_and_searched(workspace: Acme, contact_id: str) -> None:
    numbers = [conversation(workspace, contact_id, created_at=PAST + n) for n in range(5)]
    path = f"/conversations/{numbers[0]}"
    changed = workspace.call(
        "PUT", path, {"title": "Case 1", "read": True, "custom_attributes": {"case": "500A"}}
    )
    assert (changed["title"], changed["read"], changed["custom_attributes"]) == (
        "Case 1",
        True,
        {"case": "500A"},
    )
    first = workspace.call("GET", "/conversations?per_page=3")
    cursor = first["pages"]["next"]["starting_after"]
    second = workspace.call("GET", f"/conversations?per_page=3&starting_after={cursor}")
    listed = first["conversations"] + second["conversations"]
    assert [item["id"] for item in listed] == numbers[::-1]
    assert "conversation_parts" not in listed[0]
    query = {"operator": "AND", "value": [{"field": "title", "operator": "=", "value": "case 1"}]}
    [hit] = workspace.call("POST", "/conversations/search", {"query": query})["conversations"]
    assert hit["id"] == numbers[0]
    assert workspace.call("DELETE", path)["deleted"] is True
    workspace.refusal("GET", path, expect=404)


def test_a_note_may_be_signed(workspace: Acme, contact_id: str, admin_id: str) -> None:
    path = f"/contacts/{contact_id}/notes"
    unsigned = workspace.call("POST", path, {"body": "Met at the fair"})
    assert (unsigned["body"], unsigned["author"]) == ("<p>Met at the fair</p>", None)
    signed = workspace.call("POST", path, {"body": "Called", "admin_id": admin_id})
    assert signed["author"]["id"] == admin_id
    assert [note["id"] for note in workspace.call("GET", path)["data"]] == [signed["id"], unsigned["id"]]
    assert workspace.call("GET", f"/notes/{signed['id']}") == signed
    workspace.refusal("POST", path, {"body": "Called", "admin_id": "1"}, expect=404)
    assert workspace.refusal("POST", path, {"admin_id": admin_id})["field"] == "body"


def test_tags_are_made_put_on_and_taken_off(workspace: Acme, contact_id: str) -> None:
    tag = workspace.call("POST", "/tags", {"name": "vip"})
    assert workspace.call("POST", "/tags", {"name": "VIP"})["id"] == tag["id"]
    assert workspace.call("POST", "/tags", {"name": "key", "id": tag["id"]})["name"] == "key"
    path = f"/contacts/{contact_id}/tags"
    assert workspace.call("POST", path, {"id": tag["id"]})["applied_at"] == int(NOON)
    [applied] = workspace.call("GET", path)["data"]
    assert applied["name"] == "key"
    assert workspace.call("GET", f"/contacts/{contact_id}")["tags"]["total_count"] == 1
    workspace.call("DELETE", f"{path}/{tag['id']}")
    workspace.refusal("DELETE", f"{path}/{tag['id']}", expect=404)
    workspace.refusal("POST", path, {"id": "999"}, expect=404)
    assert workspace.refusal("POST", "/tags", {"test": "invalid"})["message"] == "invalid tag parameters"
    assert workspace.call("DELETE", f"/tags/{tag['id']}") is None
    assert workspace.call("GET", "/tags")["data"] == []


def test_a_contact_chooses_its_subscriptions(workspace: Acme, contact_id: str) -> None:
    news, _ = workspace.call("GET", "/subscription_types")["data"]
    path = f"/contacts/{contact_id}/subscriptions"
    workspace.call("POST", path, {"id": news["id"], "consent_type": "opt_out"})
    assert [kind["id"] for kind in workspace.call("GET", path)["data"]] == [news["id"]]
    nested = workspace.call("GET", f"/contacts/{contact_id}")["opted_out_subscription_types"]
    assert nested["data"][0]["id"] == news["id"]
    workspace.refusal("POST", path, {"id": news["id"], "consent_type": "opt_in"})
    workspace.call("DELETE", f"{path}/{news['id']}")
    assert workspace.call("GET", path)["data"] == []
