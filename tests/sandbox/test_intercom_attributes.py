"""Data attributes of the Intercom stand-in: names, types, options, and the values of records."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.intercom_spec import Acme, acme


@pytest.fixture
def workspace(tmp_path: Path, shared: Path) -> Iterator[Acme]:
    with acme(tmp_path, shared) as served:
        yield served


def define(workspace: Acme, name: str, data_type: str = "string", model: str = "contact", **more: Any) -> Any:
    return workspace.call(
        "POST", "/data_attributes", {"name": name, "model": model, "data_type": data_type, **more}
    )


def refused(
    workspace: Acme, name: str, data_type: str = "string", model: str = "contact", **more: Any
) -> str:
    body = {"name": name, "model": model, "data_type": data_type, **more}
    error = workspace.refusal("POST", "/data_attributes", body)
    assert error["code"] == "parameter_invalid"
    return str(error["message"])


def names(workspace: Acme, query: str = "") -> set[str]:
    return {a["full_name"] for a in workspace.call("GET", f"/data_attributes{query}")["data"]}


def test_standard_and_custom_attributes_are_listed_by_model(workspace: Acme) -> None:
    define(workspace, "salesforce_id", description="Id in Salesforce")
    assert {"custom_attributes.salesforce_id", "external_id"} <= names(workspace, "?model=contact")
    assert "plan.name" in names(workspace, "?model=company")
    assert "custom_attributes.salesforce_id" not in names(workspace, "?model=company")
    assert names(workspace, "?model=conversation") == set()
    assert workspace.refusal("GET", "/data_attributes?model=deal")["code"] == "parameter_invalid"


def test_a_name_is_checked(workspace: Acme) -> None:
    define(workspace, "The One Ring", model="company")
    in_use = "You already have 'The One Ring' in your company data. To save this as new {} data, use a different name."
    assert refused(workspace, "The One Ring") == in_use.format("people")
    assert refused(workspace, "The One Ring", model="company") == in_use.format("company")
    assert "alphanumeric characters" in refused(workspace, "!nv@l!d n@me")
    assert "You already have 'email'" in refused(workspace, "email")
    define(workspace, "price-in-€ 2")


def test_model_type_and_options_are_checked(workspace: Acme) -> None:
    assert refused(workspace, "a", "mithril") == "Data Type isn't an option"
    assert "either contact or company" in refused(workspace, "a", model="deal")
    assert "At least two" in refused(workspace, "a", "options", options=[{"value": "1-10"}])
    attribute = define(workspace, "size", "options", options=[{"value": "1-10"}, {"value": "11-20"}])
    assert (attribute["data_type"], attribute["options"]) == ("string", ["1-10", "11-20"])


def test_an_attribute_is_changed_and_archived_but_keeps_its_name_and_type(workspace: Acme) -> None:
    attribute = define(workspace, "tier")
    path = f"/data_attributes/{attribute['id']}"
    assert workspace.call("PUT", path, {"description": "Level"})["description"] == "Level"
    workspace.refusal("PUT", path, {"data_type": "integer"})
    assert workspace.refusal("PUT", path, {"options": {"value": "1"}})["message"] == "Options isn't an array"
    assert workspace.call("PUT", path, {"archived": True})["archived"] is True
    assert "custom_attributes.tier" not in names(workspace)
    assert "custom_attributes.tier" in names(workspace, "?include_archived=true")
    assert "You already have 'tier'" in refused(workspace, "tier")
    contact = {"email": "ada@lovelace.example", "custom_attributes": {"tier": "gold"}}
    assert "does not exist" in workspace.refusal("POST", "/contacts", contact)["message"]
    assert workspace.refusal("PUT", "/data_attributes/9", {}, expect=404)["code"] == "field_not_found"


@pytest.mark.parametrize(
    ("data_type", "good", "bad"),
    [
        ("string", "gold", 7),
        ("integer", 7, 7.5),
        ("float", 7.5, "7.5"),
        ("boolean", False, "false"),
        ("date", 1_772_452_800, "2026-03-02"),
    ],
)
def test_a_value_must_be_of_the_type(workspace: Acme, data_type: str, good: Any, bad: Any) -> None:
    define(workspace, "x", data_type)
    body = {"email": "ada@lovelace.example", "custom_attributes": {"x": bad}}
    assert workspace.refusal("POST", "/contacts", body)["field"] == "custom_attributes"
    contact = workspace.call("POST", "/contacts", {**body, "custom_attributes": {"x": good}})
    assert contact["custom_attributes"] == {"x": good}


def test_long_text_is_cut_and_options_are_closed(workspace: Acme) -> None:
    define(workspace, "bio")
    define(workspace, "size", "options", options=[{"value": "small"}, {"value": "large"}])
    body = {"email": "ada@lovelace.example", "custom_attributes": {"bio": "x" * 300, "size": "large"}}
    assert len(workspace.call("POST", "/contacts", body)["custom_attributes"]["bio"]) == 255
    other = {"email": "other@acme.example", "custom_attributes": {"size": "medium"}}
    workspace.refusal("POST", "/contacts", other)


def test_the_plan_limits_their_number(workspace: Acme) -> None:
    workspace.control("limits", {"attribute_limit": 2})
    attribute = define(workspace, "a")
    define(workspace, "b", model="company")
    body = {"name": "c", "model": "contact", "data_type": "string"}
    assert workspace.refusal("POST", "/data_attributes", body, expect=422)["code"] == "data_invalid"
    workspace.call("PUT", f"/data_attributes/{attribute['id']}", {"archived": True})
    define(workspace, "c")
