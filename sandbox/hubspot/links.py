"""Links between records: their kinds, how they are stored, how they are found.

Each link is stored in both directions. A labelled one (Primary too) brings the unlabelled one of its pair along.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sandbox.hubspot import records
from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import AssociationType, ObjectType
from sandbox.hubspot.errors import HubSpotError, Json, invalid
from sandbox.hubspot.store import marks


@dataclass(frozen=True, slots=True)
class Link:
    """A link from one record to another."""

    from_id: int
    to_id: int
    kind: AssociationType

    def starting_at(self, record_id: int) -> "Link":
        return replace(self, from_id=record_id)


def kinds(account: Account, source: ObjectType, target: ObjectType) -> dict[int, AssociationType]:
    """Give the association types between two object types; HubSpotError 400 if there are none."""
    found = account.catalogue.association_types.get((source.id, target.id))
    if not found:
        raise invalid(f"No association type exists between {source.singular} and {target.singular}")
    return found


def unlabelled(account: Account, kind: AssociationType) -> AssociationType:
    """Give the plain association type of the same pair."""
    return next(iter(account.catalogue.association_types[kind.from_type, kind.to_type].values()))


def chosen(known: dict[int, AssociationType], types: list[Json]) -> list[AssociationType]:
    """Read the `types` of a request; HubSpotError 400 for one that does not exist in this direction."""
    found = []
    for each in types:
        category, key = each.get("associationCategory"), each.get("associationTypeId")
        kind = known.get(key) if isinstance(key, int) else None
        if kind is None or kind.category != category:
            message = f"Association type {category} {key} does not exist between these object types in this direction"
            raise HubSpotError(
                400, message, "VALIDATION_ERROR", sub_category="crm.associations.INVALID_ASSOCIATION_TYPE"
            )
        found.append(kind)
    if not found:
        raise invalid("Invalid input JSON: types must name at least one association type")
    return found


def from_create(account: Account, source: ObjectType, given: list[Json]) -> list[Link]:
    """Read the `associations` of a new record; the object type at the other end follows from the association type."""
    links = []
    for each in given:
        by_id = {
            key: kind
            for (start, _), found in account.catalogue.association_types.items()
            if start == source.id
            for key, kind in found.items()
        }
        for kind in chosen(by_id, each.get("types") or []):
            end = str((each.get("to") or {}).get("id"))
            if not existing(account, kind.to_type, [end]):
                raise invalid(f"Association target {end} does not exist", ids=[end])
            links.append(Link(0, int(end), kind))
    return links


def existing(account: Account, type_id: str, ids: Iterable[str]) -> set[str]:
    """Give those ids that records of a type have."""
    numbers = [int(key) for key in ids if key.isdigit()]
    query = f"select id from record where id in ({marks(numbers)}) and type_id = ? and archived_at is null"
    return {str(key) for (key,) in account.db.execute(query, (*numbers, type_id))}


def store(account: Account, links: Iterable[Link]) -> None:
    """Store links, each with its inverse, what it implies, and in the place of an older primary one."""
    rows = []
    for link in links:
        if link.kind.primary:
            _drop_primary(account, link)
        for kind in dict.fromkeys((link.kind, unlabelled(account, link.kind))):
            rows.append((link.from_id, kind.to_type, link.to_id, kind.category, kind.id))
            rows.append((link.to_id, kind.from_type, link.from_id, kind.category, kind.inverse_id))
    account.db.executemany("insert or ignore into association values (?, ?, ?, ?, ?)", rows)
    if rows:
        account.written["associations"] += len(rows) // 2


def _drop_primary(account: Account, link: Link) -> None:
    """Make place for a new primary link: a record has one primary company (a lead one primary contact)."""
    singular_at_start = link.kind.to_type == "0-2" or link.kind.from_type == "0-136"
    start = link.from_id if singular_at_start else link.to_id
    there, back = (
        (link.kind.id, link.kind.inverse_id) if singular_at_start else (link.kind.inverse_id, link.kind.id)
    )
    ends = account.db.execute(
        "select to_id from association where from_id = ? and association_type = ?", (start, there)
    )
    rows = [(start, end, there) for (end,) in ends.fetchall()]
    rows += [(end, start, back) for _, end, _ in rows]
    account.db.executemany(
        "delete from association where from_id = ? and to_id = ? and association_type = ?", rows
    )


def move(account: Account, old: int, new: int) -> None:
    """Give the links of one record to another; the other's own primary links stay."""
    links = []
    for end, _to_type, key in _rows(account, old):
        kind = _kind_of(account, key)
        if end != new and not (kind.primary and _has(account, new, key)):
            links.append(Link(new, end, kind))
    records.unlink(account.db, [old])
    store(account, links)


def _rows(account: Account, start: int) -> list[tuple[int, str, int]]:
    query = "select to_id, to_type, association_type from association where from_id = ?"
    return account.db.execute(query, (start,)).fetchall()


def _has(account: Account, start: int, key: int) -> bool:
    return any(other == key for _, _, other in _rows(account, start))


def _kind_of(account: Account, key: int) -> AssociationType:
    found = (kinds[key] for kinds in account.catalogue.association_types.values() if key in kinds)
    return next(found)


def ends_of(account: Account, ids: list[int], target: ObjectType) -> dict[int, dict[int, list[int]]]:
    """Give, by record, the records of a type that it is linked to, with the ids of the association types."""
    query = f"select from_id, to_id, association_type from association where from_id in ({marks(ids)}) and to_type = ?"
    found: dict[int, dict[int, list[int]]] = {}
    for start, end, kind in account.db.execute(query, (*ids, target.id)):
        found.setdefault(start, {}).setdefault(end, []).append(kind)
    return found


def of_records(
    account: Account, source: ObjectType, ids: list[int], target: ObjectType
) -> dict[int, list[Json]]:
    """Give links as v3 reads show them: one entry for each kind of link, by the name of its type."""
    known = account.catalogue.association_types.get((source.id, target.id), {})
    labelled = any(kind.primary for kind in known.values())

    def name(kind: AssociationType) -> str:
        return f"{kind.name}_unlabeled" if labelled and kind.label is None else kind.name

    return {
        start: [{"id": str(end), "type": name(known[key])} for end, keys in ends.items() for key in keys]
        for start, ends in ends_of(account, ids, target).items()
    }
