"""What dbt declares is what is copied."""

from typing import Any

import pytest

from extract.sources import Column, SourceObject, declared


def source(name: str, sobject: str | None, source_name: str = "salesforce", **more: Any) -> dict[str, Any]:
    meta = {"sobject": sobject} if sobject else {}
    return {"source_name": source_name, "name": name, "config": {"meta": meta}, "columns": {}, **more}


def manifest(*sources: dict[str, Any]) -> dict[str, Any]:
    return {"sources": {f"source.p.{each['source_name']}.{each['name']}": each for each in sources}}


def test_objects_come_with_their_table_and_columns() -> None:
    columns = {
        "Id": {"name": "Id", "config": {"meta": {}}},
        "Tier__c": {"name": "Tier__c", "config": {"meta": {"optional": True}}},
    }
    found = declared(
        manifest(
            source("contact", "Contact", identifier="CONTACT", columns=columns),
            source("account", "Account", identifier="account"),
        )
    )
    assert found == [
        SourceObject("Account", "ACCOUNT"),
        SourceObject("Contact", "CONTACT", (Column("Id"), Column("Tier__c", optional=True))),
    ]


def test_other_sources_and_tables_without_an_object_are_left_out() -> None:
    assert declared(manifest(source("contacts", "Contact", "hubspot"), source("_fields", None))) == []


def test_an_object_in_two_tables_is_refused() -> None:
    with pytest.raises(ValueError, match="Contact is declared by two tables"):
        declared(manifest(source("a", "Contact", identifier="A"), source("b", "Contact", identifier="B")))
