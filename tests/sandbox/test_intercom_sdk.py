"""The stand-in driven by Intercom's own Python SDK, python-intercom 5.0.1, as it is."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from intercom.conversations import ConversationsManageRequestBody_Close, CreateConversationRequestFrom
from intercom.core.api_error import ApiError
from intercom.types import (
    AdminReplyConversationRequest,
    AdminReplyTicketRequest,
    ContactReplyIntercomUserIdRequest,
    CreateContactRequestWithExternalId,
    CreateContactRequestWithRole,
    CreateDataAttributeRequestOne,
    CreateOrUpdateCompanyRequest,
    CreateOrUpdateTagRequest,
    CreateTicketRequestContactsItemId,
    CreateTicketTypeRequest,
    SingleFilterSearchRequest,
    StartingAfterPaging,
)

from tests.sandbox.intercom_spec import Acme, acme

EMAIL = "ada@lovelace.example"


@pytest.fixture
def workspace(tmp_path: Path, shared: Path) -> Iterator[Acme]:
    with acme(tmp_path, shared) as served:
        yield served


def create(workspace: Acme, external_id: str = "003A", email: str = EMAIL) -> str:
    contact = workspace.sdk.contacts.create(
        request=CreateContactRequestWithExternalId(external_id=external_id, email=email)
    )
    return str(contact.id)


def test_a_contact_from_birth_to_death(workspace: Acme) -> None:
    sdk = workspace.sdk
    sdk.data_attributes.create(
        request=CreateDataAttributeRequestOne(name="salesforce_id", model="contact", data_type="string")
    )
    contact_id = create(workspace)
    sdk.contacts.update(contact_id, name="Ada", custom_attributes={"salesforce_id": "003A"})
    found = sdk.contacts.show_contact_by_external_id("003A")
    assert (found.id, found.name, found.custom_attributes) == (contact_id, "Ada", {"salesforce_id": "003A"})
    assert sdk.contacts.archive(contact_id).archived is True
    assert sdk.contacts.unarchive(contact_id).archived is False
    assert sdk.contacts.find(contact_id).email == EMAIL
    assert sdk.contacts.delete(contact_id).deleted is True
    with pytest.raises(ApiError) as gone:
        sdk.contacts.find(contact_id)
    assert gone.value.status_code == 404


def test_a_conflict_is_a_plain_api_error(workspace: Acme) -> None:
    contact_id = create(workspace)
    with pytest.raises(ApiError) as conflict:
        create(workspace)
    assert conflict.value.status_code == 409
    assert contact_id in conflict.value.body["errors"][0]["message"]


def test_lists_are_iterated_to_the_end(workspace: Acme) -> None:
    contacts = [create(workspace, f"003{n}", f"p{n}@acme.example") for n in range(7)]
    assert {contact.id for contact in workspace.sdk.contacts.list(per_page=3)} == set(contacts)
    for n, contact_id in enumerate(contacts):
        company = workspace.sdk.companies.create_or_update(
            request=CreateOrUpdateCompanyRequest(company_id=f"001{n}", name=f"Acme {n}")
        )
        workspace.sdk.companies.attach_contact(contact_id, company_id=company.id)
    listed = workspace.sdk.companies.list(per_page=3)
    assert sorted(company.company_id for company in listed) == [f"001{n}" for n in range(7)]


def test_search_goes_on_by_hand_only(workspace: Acme) -> None:
    """The SDK's pager repeats the first page for ever; a reader puts the cursor in itself."""
    contacts = {create(workspace, f"003{n}", f"p{n}@acme.example") for n in range(5)}
    workspace.clock.pass_seconds(3)
    query = SingleFilterSearchRequest(field="role", operator="=", value="user")
    pager = workspace.sdk.contacts.search(query=query, pagination=StartingAfterPaging(per_page=2))
    assert len({contact.id for contact in islice(pager, 10)}) == 2

    found: list[str] = []
    cursor: str | None = None
    while True:
        paging = StartingAfterPaging(per_page=2, starting_after=cursor)
        page = workspace.sdk.contacts.search(query=query, pagination=paging).response
        found += [contact.id for contact in page.data]
        if page.pages.next is None:
            break
        cursor = page.pages.next.starting_after
    assert len(found) == 5
    assert set(found) == contacts


def test_companies_are_found_by_company_id_as_one_company(workspace: Acme) -> None:
    made = workspace.sdk.companies.create_or_update(
        request=CreateOrUpdateCompanyRequest(company_id="001A", name="Acme")
    )
    found = workspace.sdk.companies.retrieve(company_id="001A")
    assert (found.type, found.id) == ("company", made.id)
    assert workspace.sdk.companies.delete(made.id).deleted is True


def test_notes_tags_and_subscriptions(workspace: Acme) -> None:
    sdk, contact_id = workspace.sdk, create(workspace)
    [admin] = sdk.admins.list().admins
    note = sdk.notes.create(contact_id, body="Called", admin_id=admin.id)
    assert sdk.notes.find(int(note.id)).author.name == admin.name
    tag = sdk.tags.create(request=CreateOrUpdateTagRequest(name="vip"))
    sdk.tags.tag_contact(contact_id, tag_id=tag.id)
    assert [tag.name for tag in sdk.contacts.list_attached_tags(contact_id).data] == ["vip"]
    newsletter = sdk.subscription_types.list().data[0]
    sdk.contacts.attach_subscription(contact_id, subscription_id=newsletter.id, consent_type="opt_out")
    assert len(sdk.contacts.list_attached_subscriptions(contact_id).data) == 1


def test_a_lead_is_merged_into_a_user(workspace: Acme) -> None:
    lead = workspace.sdk.contacts.create(request=CreateContactRequestWithRole(role="lead", email=EMAIL))
    user_id = create(workspace)
    merged = workspace.sdk.contacts.merge_lead_in_user(lead_id=lead.id, contact_id=user_id)
    assert (merged.id, merged.role) == (user_id, "user")


def test_a_ticket_takes_its_attributes_from_additional_parameters(workspace: Acme) -> None:
    sdk, contact_id = workspace.sdk, create(workspace)
    kind = sdk.ticket_types.create(request=CreateTicketTypeRequest(name="Case"))
    assert kind is not None
    values = {"_default_title_": "Broken", "_default_description_": "Since Monday"}
    ticket = sdk.tickets.create(
        ticket_type_id=kind.id,
        contacts=[CreateTicketRequestContactsItemId(id=contact_id)],
        request_options={"additional_body_parameters": {"ticket_attributes": values}},
    )
    assert ticket is not None
    assert ticket.ticket_attributes == values
    resolved = sdk.ticket_states.list_ticket_states().data[-1]
    changed = sdk.tickets.update(ticket.id, ticket_state_id=resolved.id)
    assert changed is not None
    assert (changed.ticket_state.category, changed.open) == ("resolved", False)
    [admin] = sdk.admins.list().admins
    request = AdminReplyTicketRequest(message_type="note", type="admin", admin_id=admin.id, body="Fixed")
    assert sdk.tickets.reply(ticket.id, request=request).part_type == "note"


def test_a_conversation_is_told_again(workspace: Acme) -> None:
    sdk, contact_id = workspace.sdk, create(workspace)
    began = sdk.conversations.create(
        from_=CreateConversationRequestFrom(type="user", id=contact_id), body="Help", created_at=1_600_000_000
    )
    assert began.conversation_id is not None
    [admin] = sdk.admins.list().admins
    sdk.conversations.reply(
        began.conversation_id,
        request=AdminReplyConversationRequest(
            message_type="comment", type="admin", admin_id=admin.id, body="Gladly", created_at=1_600_000_060
        ),
    )
    sdk.conversations.reply(
        began.conversation_id,
        request=ContactReplyIntercomUserIdRequest(
            message_type="comment", type="user", intercom_user_id=contact_id, body="Thanks"
        ),
    )
    close = ConversationsManageRequestBody_Close(type="admin", admin_id=admin.id)
    closed = sdk.conversations.manage(began.conversation_id, request=close)
    parts = closed.conversation_parts.conversation_parts
    assert [part.part_type for part in parts] == ["comment", "comment", "close"]
    assert (closed.created_at, closed.state) == (1_600_000_000, "closed")
