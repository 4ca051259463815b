"""What the account knows about its data: object types, properties, pipelines, owners, association types.

Read from the store when first asked for and kept until something changes, because every written value is checked
against it.
"""

import json
import sqlite3
from dataclasses import dataclass, field
from functools import cached_property

from sandbox.hubspot.errors import Json, invalid
from sandbox.hubspot.store import FIRST_USER_DEFINED

PORTAL_ID = 8462001
PIPELINE_PROPERTIES = {
    "deals": ("pipeline", "dealstage")
}  # others that have pipelines: hs_pipeline, hs_pipeline_stage


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A standard or custom object: `name` is what paths use, `singular` what messages use."""

    id: str
    name: str
    singular: str
    created: str
    modified: str
    shown: tuple[str, ...]
    searched: tuple[str, ...]
    required: tuple[str, ...]
    schema: Json = field(default_factory=dict)

    @property
    def pipeline_properties(self) -> tuple[str, str]:
        return PIPELINE_PROPERTIES.get(self.name, ("hs_pipeline", "hs_pipeline_stage"))


@dataclass(frozen=True, slots=True)
class Property:
    """A property as values are checked against it; `definition` is what the API shows."""

    name: str
    type: str
    field_type: str
    options: tuple[str, ...]
    unique: bool
    read_only: bool
    definition: Json


@dataclass(frozen=True, slots=True)
class AssociationType:
    """One direction of a kind of link. Ids are directional: `inverse_id` is the same link seen from the other end."""

    from_type: str
    to_type: str
    category: str
    id: int
    inverse_id: int
    label: str | None
    name: str

    @property
    def primary(self) -> bool:
        return self.category == "HUBSPOT_DEFINED" and self.label == "Primary"


class Catalogue:
    """The account's definitions; call `forget` after changing any of them in the store."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def forget(self) -> None:
        """Read everything again when next asked for."""
        for name in ("object_types", "_properties", "_pipelines", "owners", "association_types", "_by_name"):
            self.__dict__.pop(name, None)

    @cached_property
    def object_types(self) -> dict[str, ObjectType]:
        """Give the object types by id."""
        rows = self._db.execute("select definition from object_type").fetchall()
        types = (_object_type(json.loads(text)) for (text,) in rows)
        return {kind.id: kind for kind in types}

    @cached_property
    def _by_name(self) -> dict[str, ObjectType]:
        names: dict[str, ObjectType] = {}
        for kind in self.object_types.values():
            # An object of one's own has its full name and a short one; the bare one ended in June 2025.
            words = (kind.name, f"p_{kind.singular}") if kind.schema else (kind.name, kind.singular)
            names |= dict.fromkeys((kind.id, *words), kind)
        return names | {"meeting": names["meetings"]}

    def object_type(self, name: str) -> ObjectType:
        """Find an object type by id, plural, singular or fully qualified name; HubSpotError 400 if there is none."""
        kind = self._by_name.get(name) or self._by_name.get(name.lower())
        if kind is None:
            raise invalid(f"Unable to infer object type from: {name}")
        return kind

    @cached_property
    def _properties(self) -> dict[str, dict[str, Property]]:
        return {}

    def properties(self, kind: ObjectType) -> dict[str, Property]:
        """Give the properties of a type that are not archived, by name."""
        if kind.id not in self._properties:
            query = "select definition from property where type_id = ? and not archived"
            definitions = (json.loads(text) for (text,) in self._db.execute(query, (kind.id,)))
            self._properties[kind.id] = {each["name"]: _property(each) for each in definitions}
        return self._properties[kind.id]

    @cached_property
    def _pipelines(self) -> dict[str, dict[str, Json]]:
        found: dict[str, dict[str, Json]] = {}
        for type_id, key, text in self._db.execute(
            "select type_id, id, definition from pipeline order by position"
        ):
            found.setdefault(type_id, {})[key] = json.loads(text)
        return found

    def pipelines(self, kind: ObjectType) -> dict[str, Json]:
        """Give the pipelines of a type by id; the first one is the default."""
        return self._pipelines.get(kind.id, {})

    @cached_property
    def owners(self) -> dict[str, Json]:
        """Give all owners by id, the archived ones too."""
        rows = self._db.execute("select id, definition from owner order by id")
        return {str(key): json.loads(text) for key, text in rows}

    @cached_property
    def association_types(self) -> dict[tuple[str, str], dict[int, AssociationType]]:
        """Give the association types by (from, to) object type id and then by type id; the unlabelled one comes first."""
        found: dict[tuple[str, str], dict[int, AssociationType]] = {}
        query = "select type_id, from_type, to_type, name, label, inverse_id from association_label"
        query += " order by label is not null, type_id"
        for key, source, target, name, label, inverse in self._db.execute(query):
            category = "HUBSPOT_DEFINED" if key < FIRST_USER_DEFINED else "USER_DEFINED"
            kind = AssociationType(source, target, category, key, inverse, label, name)
            found.setdefault((source, target), {})[key] = kind
        return found


def _object_type(definition: Json) -> ObjectType:
    lists = {name: tuple(definition[name]) for name in ("shown", "searched", "required")}
    return ObjectType(**(definition | lists))


def _property(definition: Json) -> Property:
    return Property(
        name=definition["name"],
        type=definition["type"],
        field_type=definition["fieldType"],
        options=tuple(option["value"] for option in definition["options"]),
        unique=definition.get("hasUniqueValue", False),
        read_only=definition.get("modificationMetadata", {}).get("readOnlyValue", False),
        definition=definition,
    )
