"""Tags in the stand-in: made by name, put on contacts and companies many at a time, and taken off."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from load.apply import apply
from load.feeds import Feed
from load.intercom import Intercom
from load.intercom.tags import ROWS_PER_CALL
from load.plan import plan
from load.target import Result, Row
from tests.load import marts

HEADERS = {"Authorization": f"Bearer {marts.INTERCOM_TOKEN}", "Intercom-Version": "2.14"}


class Drawer:
    """The stand-in as the test sees it, the target, and its feeds."""

    def __init__(self, target: Intercom, address: str, declared: list[Feed]) -> None:
        self.target = target
        self.feeds = {feed.object: feed for feed in declared if feed.target == "intercom"}
        self.http = httpx.Client(base_url=address, headers=HEADERS)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def contact(self, key: str) -> str:
        return str(self.ask("POST", "/contacts", {"external_id": key})["id"])

    def tag(self, name: str, target_id: str | None = None) -> Result:
        action: Any = "create" if target_id is None else "update"
        [[result]] = self.target.send(
            self.feeds["tags"], [Row(name.lower(), "h", action, target_id, {"name": name})]
        )
        return result

    def put_on(self, tag_id: str | None, kind: str, *ids: str) -> list[Result]:
        rows = [
            Row(
                f"webinar>{kind}:{each}",
                "h",
                "create",
                None,
                {
                    "tag_key": "webinar",
                    "tag_id": tag_id,
                    "tagged_object": kind,
                    "tagged_key": each,
                    "tagged_id": each,
                },
            )
            for each in ids
        ]
        return [result for several in self.target.send(self.feeds["taggings"], rows) for result in several]

    def tags_of(self, contact: str) -> list[str]:
        return [each["name"] for each in self.ask("GET", f"/contacts/{contact}/tags")["data"]]


@pytest.fixture
def drawer(intercom: Intercom, intercom_address: str, declared: list[Feed]) -> Drawer:
    return Drawer(intercom, intercom_address, declared)


def test_a_tag_is_made_found_by_its_name_and_renamed(drawer: Drawer) -> None:
    theirs = drawer.ask("POST", "/tags", {"name": "WEBINAR"})

    found = drawer.tag("Webinar")
    renamed = drawer.tag("Webinar", found.target_id)

    assert found.target_id == renamed.target_id == theirs["id"]
    assert [tag["name"] for tag in drawer.ask("GET", "/tags")["data"]] == ["Webinar"]
    [[there]] = drawer.target.read(drawer.feeds["tags"], [Row("webinar", None, "update", None)])
    assert (there.target_id, there.values["name"]) == (theirs["id"], "Webinar")


def test_a_tag_that_somebody_deleted_is_made_anew(drawer: Drawer) -> None:
    made = drawer.tag("Webinar")
    drawer.ask("DELETE", f"/tags/{made.target_id}")

    assert drawer.tag("Webinar", made.target_id).status == "succeeded"
    assert [tag["name"] for tag in drawer.ask("GET", "/tags")["data"]] == ["Webinar"]


def test_many_are_tagged_in_one_call(drawer: Drawer) -> None:
    tag = drawer.tag("Webinar").target_id
    contacts = [drawer.contact(f"003{n}") for n in range(ROWS_PER_CALL + 1)]
    before = drawer.target.calls

    results = drawer.put_on(tag, "contacts", *contacts)

    assert {result.status for result in results} == {"succeeded"}
    assert len(results) == ROWS_PER_CALL + 1
    # Two calls that tag; the tag's name is asked for by one or both.
    assert drawer.target.calls - before <= 4
    assert all(drawer.tags_of(contact) == ["Webinar"] for contact in contacts)


def test_one_who_is_gone_takes_none_with_him(drawer: Drawer) -> None:
    tag, contact = drawer.tag("Webinar").target_id, drawer.contact("003A")

    results = drawer.put_on(tag, "contacts", contact, "5" * 24)

    assert [(each.status, each.error_category) for each in results] == [
        ("succeeded", None),
        ("failed", "END_GONE"),
    ]
    assert drawer.tags_of(contact) == ["Webinar"]


@pytest.mark.parametrize("kind", ["contacts", "companies"])
def test_what_is_tagged_is_read_and_untagged(drawer: Drawer, kind: str) -> None:
    tag = drawer.tag("Webinar").target_id
    other = drawer.tag("Other").target_id
    made = drawer.ask("POST", "/companies", {"company_id": "001A", "name": "Acme"})
    tagged = drawer.contact("003A") if kind == "contacts" else made["id"]
    [result] = drawer.put_on(tag, kind, tagged)
    drawer.put_on(other, kind, tagged)
    taggings = drawer.feeds["taggings"]
    known = Row("webinar>x", None, "archive", result.target_id)

    [[there]] = drawer.target.read(taggings, [known])
    [[gone]] = drawer.target.archive(taggings, [known])
    [[absent]] = drawer.target.read(taggings, [known])

    assert result.target_id == f"{kind}/{tagged}/tags/{tag}"
    assert (there.target_id, gone.status, absent.target_id) == (result.target_id, "succeeded", None)


def test_a_lost_answer_does_no_harm(drawer: Drawer) -> None:
    drawer.ask("POST", "/_sandbox/faults", {"path": "POST /tags", "cut": True, "done": True, "times": 3})

    tag = drawer.tag("Webinar").target_id
    [result] = drawer.put_on(tag, "contacts", drawer.contact("003A"))

    assert result.status == "succeeded"
    assert len(drawer.ask("GET", "/tags")["data"]) == 1


def test_tags_follow_their_records_through_plan_and_apply(
    connection: Any, drawer: Drawer, declared: list[Feed], spool_dir: Path
) -> None:
    marts.fill(
        connection,
        "people",
        "role, email",
        "select column1 as _record_key, 'user' as role, column2 as email from values ('003B', 'b@example.com'), ('003C', 'none')",
    )
    marts.fill(connection, "labels", "name", "select 'webinar' as _record_key, 'Webinar' as name")
    marts.fill(
        connection,
        "labelled",
        "tagged_object, tagged_key, tag_key",
        "select 'webinar>contacts:' || column1 as _record_key, 'contacts' as tagged_object, column1 as tagged_key, "
        "'webinar' as tag_key from values ('003B'), ('003C')",
    )
    wanted = ("contacts", "tags", "taggings")
    feeds = [feed for feed in declared if feed.object in wanted and feed.target == "intercom"]

    def load() -> dict[str, tuple[int, int]]:
        done = apply(
            connection, plan(connection, feeds), {"intercom": drawer.target}, run_id="r", spool_dir=spool_dir
        )
        return {each.object: (each.succeeded, each.archived) for each in done.feeds}

    assert load() == {"contacts": (1, 0), "tags": (1, 0), "taggings": (1, 0)}
    assert load() == {}
    [contact] = drawer.ask("GET", "/contacts")["data"]
    assert drawer.tags_of(contact["id"]) == ["Webinar"]
