"""Feeds from a manifest, and what an exposure must say."""

from typing import Any

import pytest

from load.feeds import Column, ManifestError, Option, Property, feeds
from tests.load import marts

RECORD = {"target": "hubspot", "object": "contacts", "key": "salesforce_id", "order": 20}
LINK = {"target": "hubspot", "object": "associations", "kind": "link", "order": 50}


def _manifest(columns: list[marts.Column] | None = None, **meta: Any) -> dict[str, Any]:
    return marts.manifest(
        (marts.exposure("sent", "mart", **meta), marts.model("mart", columns or marts.CONTACTS))
    )


def test_feeds_come_in_the_order_of_sending() -> None:
    labels = [feed.label for feed in feeds(marts.company_manifest())]

    assert labels == [
        "hubspot companies",
        "intercom companies",
        "hubspot contacts",
        "intercom contacts",
        "intercom merges",
        "intercom attachments",
        "intercom tickets",
        "hubspot associations",
        "intercom tags",
        "intercom taggings",
        "intercom contact_notes",
        "intercom ticket_notes",
    ]


def test_a_feed_is_its_exposure_and_its_marts_contract() -> None:
    [feed] = feeds(_manifest(**RECORD))

    assert (feed.target, feed.object, feed.key, feed.kind) == (
        "hubspot",
        "contacts",
        "salesforce_id",
        "record",
    )
    assert (feed.when_deleted, feed.relation) == ("keep", "MIGRATION.MARTS_TEST.mart")
    assert feed.columns[0] == Column("email", "varchar", "What email says.", is_personal=True)
    assert feed.columns[0].identifier == '"EMAIL"'
    assert feed.columns[-1].custom == Property(
        "Tier",
        group="salesforce_migration",
        type="enumeration",
        field_type="select",
        options=(Option("gold", "gold"), Option("iron", "iron")),
    )


def test_options_may_have_labels() -> None:
    custom = {"label": "Tier", "options": [{"value": "g", "label": "Gold"}, {"value": "i"}, 3]}
    [feed] = feeds(_manifest([("tier", "varchar", custom)], **RECORD))

    assert feed.columns[0].custom is not None
    assert feed.columns[0].custom.options == (Option("g", "Gold"), Option("i", "i"), Option("3", "3"))


def test_exposures_without_a_target_are_left_alone() -> None:
    dashboard = marts.exposure("dashboard", "mart", owner="BI")
    manifest = marts.manifest(
        (marts.exposure("sent", "mart", **RECORD), marts.model("mart", [])), others=[dashboard]
    )

    assert [feed.object for feed in feeds(manifest)] == ["contacts"]


@pytest.mark.parametrize("missing", ["object", "key", "order"])
def test_a_missing_fact_is_named(missing: str) -> None:
    meta = {name: value for name, value in RECORD.items() if name != missing}

    with pytest.raises(ManifestError, match=f"Exposure sent: `config.meta` lacks {missing}"):
        feeds(_manifest(**meta))


@pytest.mark.parametrize(
    ("meta", "columns", "message"),
    [
        (RECORD | {"kind": "lnk"}, None, "kind is lnk; it may be record or link"),
        (RECORD | {"when_deleted": "purge"}, None, "when_deleted is purge"),
        (RECORD | {"key": "email"}, None, "the mart has a column email"),
        (RECORD, [("email", "variant", None)], "column email of mart has data_type variant"),
        (RECORD, [("email", "", None)], "column email of mart has data_type none"),
        (RECORD, [("tier", "varchar", {"type": "string"})], "`property` of column tier lacks a label"),
        (
            RECORD,
            [("tier", "varchar", {"label": "T", "typ": "x"})],
            "`property` of column tier does not know typ",
        ),
        (LINK, [("from_key", "varchar", None)], "lacks association_type, from_object, to_key, to_object"),
        (LINK | {"object": "friends"}, marts.ASSOCIATIONS, "friends is not a kind of link"),
    ],
)
def test_a_wrong_declaration_is_named(
    meta: dict[str, Any], columns: list[marts.Column] | None, message: str
) -> None:
    with pytest.raises(ManifestError, match=f"Exposure sent: .*{message}"):
        feeds(_manifest(columns, **meta))


def test_a_mart_without_contract_or_key_is_named() -> None:
    exposure = marts.exposure("sent", "mart", **RECORD)
    with pytest.raises(ManifestError, match=r"set `contract: \{enforced: true\}` on its mart mart"):
        feeds(marts.manifest((exposure, marts.model("mart", [], enforced=False))))

    keyless = marts.model("mart", [])
    del keyless["columns"]["_record_key"]
    with pytest.raises(ManifestError, match="its mart mart lacks _record_key"):
        feeds(marts.manifest((exposure, keyless)))


def test_an_exposure_of_two_models_is_named() -> None:
    exposure = marts.exposure("sent", "mart", **RECORD)
    exposure["depends_on"]["nodes"].append("model.salesforce_exit.other")

    with pytest.raises(ManifestError, match="Exposure sent: it must depend on exactly one mart model"):
        feeds(marts.manifest((exposure, marts.model("mart", []))))
