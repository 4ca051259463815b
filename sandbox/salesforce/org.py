"""The org that the stand-in plays: objects and fields as declared in org.yml."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DECLARATION = Path(__file__).with_name("org.yml")
ADDRESS_PARTS = (
    ("Street", "textarea(255)"),
    ("City", "string(40)"),
    ("State", "string(80)"),
    ("PostalCode", "string(20)"),
    ("Country", "string(80)"),
    ("Latitude", "double(18,15)"),
    ("Longitude", "double(18,15)"),
    ("GeocodeAccuracy", "picklist(40)"),
)
GEOCODE_ACCURACIES = (
    "Address",
    "NearAddress",
    "Block",
    "Street",
    "ExtendedZip",
    "Zip",
    "Neighborhood",
    "City",
    "County",
    "State",
    "Unknown",
)
FIRST_FIELDS = {"Id": "id!", "IsDeleted": "boolean!"}
LAST_FIELDS = {
    "CreatedDate": "datetime!",
    "CreatedById": "reference(User)!",
    "LastModifiedDate": "datetime!",
    "LastModifiedById": "reference(User)!",
    "SystemModstamp": "datetime!",
}
LONGEST_SHORT_TEXT = 255
SYSTEM_FIELDS = frozenset(FIRST_FIELDS) | frozenset(LAST_FIELDS)
DECLARED_TYPE = re.compile(
    r"(?P<type>[a-z0-9]+)(\((?P<arguments>[^)]*)\))?(?P<required>!)?(?P<formula>=formula)?"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `length` in characters, `precision` and `scale` in digits, `refers_to` API names of objects.

    `said` holds what org.yml says about the field's describe beyond its declaration.
    """

    name: str
    type: str
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    formula: bool = False
    refers_to: tuple[str, ...] = ()
    compound: str | None = None
    values: tuple[str, ...] = ()
    said: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def is_compound(self) -> bool:
        return self.type in {"address", "location"}

    @property
    def is_blob(self) -> bool:
        return self.type == "base64"

    @property
    def is_long_text(self) -> bool:
        return self.type == "textarea" and self.length > LONGEST_SHORT_TEXT

    @property
    def filterable(self) -> bool:
        return not (self.is_long_text or self.is_blob)

    @property
    def sortable(self) -> bool:
        return not (self.is_long_text or self.is_blob or self.is_compound or self.type == "multipicklist")

    @property
    def groupable(self) -> bool:
        return self.sortable and self.type not in {"double", "currency", "percent", "datetime", "combobox"}

    @property
    def aggregatable(self) -> bool:
        return self.sortable and self.type != "boolean"

    @property
    def relationship(self) -> str | None:
        """The name that a path through this reference uses: Account for AccountId, Account__r for Account__c.

        A few references have none; org.yml then says `relationshipName: null`.
        """
        if "relationshipName" in self.said:
            name: str | None = self.said["relationshipName"]
            return name
        if not self.refers_to:
            return None
        return f"{self.name[:-3]}__r" if self.custom else self.name.removesuffix("Id")


@dataclass(frozen=True, slots=True)
class Sobject:
    """One object; `bulk` is false where Bulk API refuses it, `said` is as for a field.

    `recorded` is the whole describe of an object that comes from a file and not from org.yml.
    """

    name: str
    prefix: str
    label: str
    plural: str
    bulk: bool
    fields: tuple[Field, ...]
    said: Mapping[str, Any] = field(default_factory=dict, hash=False)
    recorded: Mapping[str, Any] | None = field(default=None, hash=False)
    _by_name: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {each.name.lower(): each for each in self.fields})

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def undeletable(self) -> bool:
        """Whether a deleted record can come back; without that it leaves no trace in the recycle bin."""
        return bool(self.said.get("undeletable", True))

    @property
    def columns(self) -> tuple[Field, ...]:
        """The fields that hold a value of their own; a compound field only shows its components."""
        return tuple(each for each in self.fields if not each.is_compound)

    @property
    def name_field(self) -> str:
        """The field that people read: Name, or what takes its place on Case, Task and the like."""
        return next(
            (name for name in ("Name", "CaseNumber", "Subject", "MasterLabel") if self.find(name)), "Id"
        )

    def find(self, name: str) -> Field | None:
        """Find a field by its API name in any case, as Salesforce does."""
        return self._by_name.get(name.lower())

    def through(self, relationship: str) -> Field | None:
        """Find the reference field that a relationship name such as Account or Account__r stands for."""
        wanted = relationship.lower()
        return next((each for each in self.fields if (each.relationship or "").lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Org:
    """All objects, by API name; the `catalogue` holds those that describe them, which hold no records."""

    sobjects: dict[str, Sobject]
    catalogue: dict[str, Sobject] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Sobject]:
        return iter(self.sobjects.values())

    def find(self, name: str) -> Sobject | None:
        """Find an object by its API name in any case."""
        known = self.sobjects | self.catalogue
        exact = known.get(name)
        return exact or next((each for each in known.values() if each.name.lower() == name.lower()), None)

    def without(self, hidden: Mapping[str, Collection[str]]) -> "Org":
        """Give the org as a login sees it from whom field-level security hides these fields, by object."""
        seen = {
            name: replace(each, fields=tuple(one for one in each.fields if one.name not in hidden[name]))
            for name, each in self.sobjects.items()
            if hidden.get(name)
        }
        return replace(self, sobjects=self.sobjects | seen)


def _declaration() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(DECLARATION.read_text(encoding="utf-8"))
    return content


@cache
def declared_org() -> Org:
    """Read org.yml."""
    declared = _declaration()
    plain, rest_only = declared["objects"], declared["rest_only_objects"]
    sobjects = {name: _sobject(name, facts, declared) for name, facts in (plain | rest_only).items()}
    catalogue = {name: _sobject(name, facts, declared) for name, facts in declared["catalogue"].items()}
    return Org({name: replace(each, bulk=name in plain) for name, each in sobjects.items()}, catalogue)


def with_currencies(org: Org) -> Org:
    """Give the org as it is with several currencies."""
    declared = _declaration()
    codes = tuple(declared["multi_currency"]["codes"])
    code = replace(_field("CurrencyIsoCode", "picklist(255)"), label="Currency ISO Code", values=codes)
    priced = {
        each.name: replace(each, fields=(*each.fields, code))
        for each in org
        if any(one.type == "currency" for one in each.fields)
    }
    own = declared["multi_currency"]["objects"]
    added = {name: _sobject(name, facts, declared) for name, facts in own.items()}
    return replace(org, sobjects=org.sobjects | priced | added)


def _sobject(name: str, facts: dict[str, Any], declared: dict[str, Any]) -> Sobject:
    label = facts.get("label", _words(name))
    lacking = facts.get("without", ())
    first, last = (
        {each: kind for each, kind in fields.items() if each not in lacking}
        for fields in (FIRST_FIELDS, LAST_FIELDS)
    )
    fields = first | facts["fields"] | last
    said = declared["describes"]
    return Sobject(
        name=name,
        prefix=facts["prefix"],
        label=label,
        plural=facts.get("plural", _plural(label)),
        bulk=True,
        fields=tuple(
            _explained(each, name, label, declared)
            for key, text in fields.items()
            for each in _fields(key, text)
        ),
        said=said.get(name, {}),
    )


def _fields(name: str, declared_type: str) -> Iterator[Field]:
    """Give one field of the declaration, or an address after its components, as a describe lists them."""
    if not declared_type.startswith("address"):
        yield _field(name, declared_type)
        return
    address = name if name == "Address" else f"{name}Address"
    for part, part_type in ADDRESS_PARTS:
        component = _field(part if name == "Address" else f"{name}{part}", part_type)
        values = GEOCODE_ACCURACIES if part == "GeocodeAccuracy" else ()
        yield replace(component, compound=address, values=values)
    yield _field(address, "address")


def _explained(field: Field, sobject: str, label: str, declared: dict[str, Any]) -> Field:
    """Add the label and the picklist, and what the declaration says beyond them."""
    key = f"{sobject}.{field.name}"
    said = declared["describes"].get(field.name, {}) | declared["describes"].get(key, {})
    default = f"{label} ID" if field.name == "Id" else field.label
    values = tuple(declared["picklists"].get(key, field.values))
    return replace(field, label=said.get("label", default), values=values, said=said)


def _field(name: str, declared_type: str) -> Field:
    match = DECLARED_TYPE.fullmatch(declared_type)
    if match is None:
        raise ValueError(
            f"org.yml: {name} has the type {declared_type!r}; write for example string(80)! or int=formula"
        )
    kind, arguments = match["type"], match["arguments"] or ""
    numbers = [int(each) for each in arguments.split(",") if each.isdigit()]
    precision, scale = {2: tuple(numbers), 1: (0, 0)}.get(len(numbers), DEFAULT_DIGITS.get(kind, (0, 0)))
    return Field(
        name=name,
        type=kind,
        label=_words(name),
        length=18 if kind in {"id", "reference"} else (numbers[0] if len(numbers) == 1 else 0),
        precision=precision,
        scale=scale,
        required=bool(match["required"]),
        formula=bool(match["formula"]),
        refers_to=tuple(arguments.split("|")) if kind == "reference" else (),
    )


DEFAULT_DIGITS = {"currency": (18, 2), "double": (18, 2), "percent": (3, 0)}


def _words(name: str) -> str:
    """AccountId -> Account ID, Contract_End__c -> Contract End, SystemModstamp -> System Modstamp."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.removesuffix("__c").replace("_", " "))
    return re.sub(r"\bId\b", "ID", spaced)


def _plural(label: str) -> str:
    return f"{label[:-1]}ies" if label.endswith("y") else f"{label}s"
