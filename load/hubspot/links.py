"""Associations: which number HubSpot has for each kind (its own ones here, the account's asked for and created), and which there are.

A number goes one way: the other direction has another. The account numbers its labels, and all that concerns its own objects.
Sources: developers.hubspot.com, "Associations v4", "Association type ids"; the names are those of the SDK's constants.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from load.answer import Answer
from load.feeds import Feed, LinkKind
from load.hubspot.wire import message_of
from load.target import LoadError, SchemaChange, reference
from load.undo_links import Linked

# (from, to, kind in the mart) -> number.
# A parent is what the company is linked *to*, so its type is child-to-parent (14); parent-to-child would be 13.
ASSOCIATION_TYPES = {
    ("contacts", "companies", "primary"): 1,
    ("contacts", "companies", "unlabelled"): 279,
    ("deals", "companies", "primary"): 5,
    ("deals", "companies", "unlabelled"): 341,
    ("deals", "contacts", "unlabelled"): 3,
    ("tickets", "companies", "primary"): 26,
    ("tickets", "companies", "unlabelled"): 339,
    ("tickets", "contacts", "unlabelled"): 16,
    ("companies", "companies", "parent"): 14,
    ("line_items", "deals", "unlabelled"): 20,
    ("notes", "contacts", "unlabelled"): 202,
    ("notes", "companies", "unlabelled"): 190,
    ("notes", "deals", "unlabelled"): 214,
    ("notes", "tickets", "unlabelled"): 228,
    ("tasks", "contacts", "unlabelled"): 204,
    ("tasks", "companies", "unlabelled"): 192,
    ("tasks", "deals", "unlabelled"): 216,
    ("tasks", "tickets", "unlabelled"): 230,
    ("calls", "contacts", "unlabelled"): 194,
    ("calls", "companies", "unlabelled"): 182,
    ("calls", "deals", "unlabelled"): 206,
    ("calls", "tickets", "unlabelled"): 220,
    ("emails", "contacts", "unlabelled"): 198,
    ("emails", "companies", "unlabelled"): 186,
    ("emails", "deals", "unlabelled"): 210,
    ("emails", "tickets", "unlabelled"): 224,
    ("meetings", "contacts", "unlabelled"): 200,
    ("meetings", "companies", "unlabelled"): 188,
    ("meetings", "deals", "unlabelled"): 212,
    ("meetings", "tickets", "unlabelled"): 226,
}

# What a call puts into `types`: the category and the number.
LinkType = tuple[str, int]
Ask = Callable[..., Answer]


class LinkTypes:
    """The kinds of association of one account, each pair of objects asked for once. Safe to share between threads."""

    def __init__(self, ask: Ask, paths: Mapping[str, str]) -> None:
        self._ask, self._path = ask, paths["labels"]
        self._own: dict[tuple[str, str], dict[str | None, int]] = {}
        self._labels: dict[tuple[str, str, str], str | None] = {}
        self._lock = threading.Lock()

    def find(self, from_object: str, to_object: str, kind: str) -> LinkType | None:
        """Give what a link of this kind is written with; None if the account has no such kind."""
        number = ASSOCIATION_TYPES.get((from_object, to_object, kind))
        if number is not None:
            return "HUBSPOT_DEFINED", number
        key = from_object, to_object, kind
        if key not in self._labels:
            return None
        with self._lock:
            own = self._known(from_object, to_object).get(self._labels[key])
        return None if own is None else ("USER_DEFINED", own)

    def provision(self, feeds: Sequence[Feed], *, dry_run: bool) -> Iterator[SchemaChange]:
        """Create the labels that the feeds' links need, or only say which.

        Raises:
            LoadError: HubSpot refused one; labels need a subscription that has them.
        """
        for kind in (kind for feed in feeds for kind in feed.kinds):
            pair = kind.from_object, kind.to_object
            self._labels[*pair, kind.name] = kind.label
            if kind.label is not None and kind.label not in self._known(*pair):
                if not dry_run:
                    self._create(kind)
                    self._own.pop(pair)
                yield SchemaChange(
                    "hubspot", "/".join(pair), kind.name, f"association label {kind.label!r} created"
                )

    def _known(self, from_object: str, to_object: str) -> dict[str | None, int]:
        """Give the account's own kinds by their labels; the plain one of an own object has none."""
        pair = from_object, to_object
        if pair not in self._own:
            answer = self._ask("GET", self._path.format(from_object=from_object, to_object=to_object))
            results: list[Mapping[str, Any]] = answer.content.get("results", [])
            self._own[pair] = {
                each["label"]: int(each["typeId"]) for each in results if each["category"] == "USER_DEFINED"
            }
        return self._own[pair]

    def _create(self, kind: LinkKind) -> None:
        path = self._path.format(from_object=kind.from_object, to_object=kind.to_object)
        answer = self._ask("POST", path, json.dumps({"label": kind.label, "name": kind.name}))
        if not answer.ok:
            raise LoadError(
                f"HubSpot did not create the association label {kind.label!r} from {kind.from_object} to {kind.to_object}: "
                f"{answer.content.get('message', 'no reason given')} Create it by hand, or map the roles to `unlabelled` "
                "in the seed map_contact_role."
            )


def linked(starts: Iterable[str], paths: Mapping[str, str], ask: Ask) -> Iterator[tuple[str, Linked]]:
    """Give the links with these first ends; see `load.rollback.Reversible`."""
    asked: dict[tuple[str, str], list[str]] = defaultdict(list)
    for start in starts:
        from_object, from_id, to_object = start.split("/")
        asked[from_object, to_object].append(from_id)
    for (from_object, to_object), ids in asked.items():
        path = paths["linked"].format(from_object=from_object, to_object=to_object)
        inputs = [{"id": each} for each in ids]
        while inputs:
            answer = ask("POST", path, json.dumps({"inputs": inputs}))
            if not answer.ok:
                raise LoadError(
                    f"HubSpot did not let links of {from_object} to {to_object} be read: {message_of(answer)}"
                )
            inputs = []
            for result in answer.content.get("results", ()):
                from_id = str(result["from"]["id"])
                for end in result["to"]:
                    yield reference(from_object, from_id, to_object, str(end["toObjectId"])), _linked(end)
                if after := ((result.get("paging") or {}).get("next") or {}).get("after"):
                    inputs.append({"id": from_id, "after": after})


def _linked(end: Mapping[str, Any]) -> Linked:
    kinds = {f"{each['category']}/{each['typeId']}": each for each in end["associationTypes"]}
    plain = {
        name
        for name, kind in kinds.items()
        if kind["category"] == "HUBSPOT_DEFINED" and kind.get("label") is None
    }
    return Linked(frozenset(kinds), frozenset(plain))
