"""What counts as changed by hand, and what becomes of it."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from load.drift import alike, changes, sent_before, settled
from load.feeds import Column, Feed
from load.target import Result, Row

FEED = Feed(
    "hubspot",
    "contacts",
    "salesforce_id",
    1,
    "record",
    "keep",
    "MARTS.CONTACTS",
    (Column("name", "varchar"), Column("city", "varchar"), Column("score", "number(18,2)")),
)
ROW = Row("1", "h", "update", "9", {"name": "Ada", "city": "Rome", "score": Decimal("2.50")})


def _row(*sent: dict[str, Any], kept: tuple[str, ...] = ()) -> Row:
    return structs.replace(ROW, sent=sent, kept=kept)


def _ours(row: Row, held: dict[str, Any], feed: Feed = FEED) -> Row:
    ours = settled(feed, row, held)
    assert isinstance(ours, Row)
    return ours


def test_what_nobody_touched_is_overwritten() -> None:
    held = {"name": "Eve", "city": "Rome", "score": "1"}

    ours = _ours(_row({"name": "Eve", "score": "1"}), held)

    assert (ours.kept, ours.values) == ((), ROW.values)


def test_a_value_that_somebody_changed_stays() -> None:
    ours = _ours(
        _row({"name": "Eve", "city": "Oslo", "score": "1"}), {"name": "Bob", "city": "Oslo", "score": "1"}
    )

    assert ours.kept == ("name",)
    assert ours.values == {"city": "Rome", "score": Decimal("2.50")}
    assert ours.succeeded("9").kept == ("name",)


def test_an_empty_value_that_somebody_filled_stays() -> None:
    assert _ours(
        _row({"name": "Ada", "score": "2.5"}), {"name": "Ada", "city": "Paris", "score": "2.5"}
    ).kept == ("city",)


def test_who_has_changed_it_to_what_it_becomes_is_not_asked() -> None:
    assert _ours(_row({"name": "Eve"}), {"name": "Ada", "city": "ROME ", "score": "2.50"}).kept == ()


def test_what_an_attempt_without_an_answer_sent_was_not_changed_by_hand() -> None:
    assert _ours(_row({"name": "Eve"}, {"name": "Bob"}), {"name": "Bob"}).kept == ()


def test_what_was_kept_stays_kept_until_both_agree() -> None:
    row = _row({"city": "Rome", "score": "2.5"}, kept=("name",))

    assert _ours(row, {"name": "Bob", "city": "Rome", "score": "2.5"}).kept == ("name",)
    assert _ours(row, {"name": "Ada", "city": "Rome", "score": "2.5"}).kept == ()


def test_a_feed_may_overwrite_or_stop() -> None:
    row, held = _row({"name": "Eve"}), {"name": "Bob"}

    assert _ours(row, held, replace(FEED, when_changed="overwrite")).values == ROW.values
    stopped = settled(replace(FEED, when_changed="stop"), row, held)
    assert isinstance(stopped, Result)
    assert (stopped.status, stopped.error_category) == ("refused", "CHANGED_BY_HAND")
    assert "name" in (stopped.error_message or "")
    assert "Bob" not in (stopped.error_message or "")


def test_without_a_memory_nothing_was_changed_by_hand() -> None:
    assert _ours(ROW, {"name": "Bob"}).values == ROW.values


def test_changes_are_what_differs_with_both_sides() -> None:
    held = {"name": "ada", "city": "Rome", "score": "2.5", "salesforce_id": None}

    assert changes(FEED, ROW, held) == {"name": ("ada", "Ada"), "salesforce_id": (None, "1")}


def test_sent_payloads_are_read_flat() -> None:
    assert sent_before(None) is None
    assert sent_before('[{"a": 1, "custom_attributes": {"b": null}},{}]') == ({"a": 1, "b": None}, {})


@pytest.mark.parametrize(
    ("data_type", "one", "other"),
    [
        ("varchar", "", None),
        ("varchar", " Ada ", "ada"),
        ("number(18,2)", Decimal("2.50"), "2.5"),
        ("double", 3.0, 3),
        ("boolean", True, "true"),
        ("date", date(2026, 1, 2), "2026-01-02"),
        ("date", date(1990, 2, 2), 633_916_800),
        ("timestamp_ntz", datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05.000Z"),
        ("timestamp_ntz", datetime(2026, 1, 2, 3, 4, 5), 1_767_323_045),
        ("timestamp_ntz", "1767323045000", 1_767_323_045),
    ],
)
def test_spellings_of_one_value_are_alike(data_type: str, one: Any, other: Any) -> None:
    assert alike(Column("x", data_type), one, other)


@pytest.mark.parametrize(
    ("data_type", "one", "other"),
    [
        ("varchar", "Ada", "Eve"),
        ("number(18,2)", Decimal("2.50"), "n/a"),
        ("boolean", False, None),
        ("date", date(2026, 1, 2), "2026-01-03"),
        ("timestamp_ntz", "soon", None),
    ],
)
def test_different_values_are_not_alike(data_type: str, one: Any, other: Any) -> None:
    assert not alike(Column("x", data_type), one, other)


def test_a_property_that_was_made_anew_was_not_emptied_by_hand() -> None:
    sent = sent_before('[{"name": "Eve", "city": "Oslo"}]', ["city"])

    assert sent == ({"name": "Eve"},)
    assert _ours(structs.replace(ROW, sent=sent), {"name": "Eve", "city": None, "score": None}).kept == ()


def test_a_property_that_the_target_no_longer_has_is_sent() -> None:
    assert _ours(_row({"name": "Eve"}), {"city": None, "score": None}).kept == ()
