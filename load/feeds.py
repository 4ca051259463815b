"""What is pushed where, read from dbt's manifest: one feed per exposure beside the outbound marts.

The manifest is the only list. A feed's columns are its mart's contract, so a property is declared once, in the
mart's YAML, and reaches the target's schema from there.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

Kind = Literal["record", "link"]
# A row that is in the mart no more; a row that is there already, or is not; a value that somebody changed in the target.
WhenDeleted = Literal["keep", "archive", "ask"]
Policy = Literal["upsert", "update_only", "create_only"]
WhenChanged = Literal["keep", "overwrite", "stop"]

DATA_TYPES = frozenset(
    {"varchar", "number(38,0)", "number(18,2)", "double", "boolean", "date", "timestamp_ntz"}
)
RECORD_KEY = "_record_key"
ROW_HASH = "_row_hash"
IN_PIPELINES = ("pipelines", "stages")
FILES = "files"
LEFT_OUT = "_left_out"  # what the mart does not send, for the quarantine; no property


@dataclass(frozen=True, slots=True)
class Option:
    """One allowed value of an enumeration: `value` is sent, `label` is shown."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Property:
    """A custom property that the target must have before its values are sent.

    `type` and `field_type` are HubSpot's, `data_type` is Intercom's; a target reads its own.
    """

    label: str
    group: str | None = None
    type: str | None = None
    field_type: str | None = None
    data_type: str | None = None
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a mart, named exactly as the target's property; without `custom` it is the vendor's own.

    `refers_to`: the object whose record the value names by our key, or `pipelines` or `stages`, which it names by the
    seed's, or `files`, which it names by where one lies on the stage; the target takes its own id of it.
    `opts_out`: of a flag, the column with the e-mail address that gets no more e-mail where the flag is true.
    `read_at`: where the target's document has the value, as a path with dots, when that is not under its name.
    """

    name: str
    data_type: str
    description: str = ""
    custom: Property | None = None
    quoted: bool = False
    read_at: str = ""
    is_personal: bool = False
    refers_to: str | None = None
    opts_out: str | None = None

    @property
    def names_record(self) -> bool:
        """Say whether the value is the key of another record."""
        return self.refers_to not in (None, *IN_PIPELINES)

    @property
    def names_files(self) -> bool:
        """Say whether the value names a file, which is uploaded before its record."""
        return self.refers_to == FILES

    @property
    def identifier(self) -> str:
        """Give the column's name in SQL. dbt creates unquoted columns in upper case."""
        return f'"{self.name if self.quoted else self.name.upper()}"'


@dataclass(frozen=True, slots=True)
class Schema:
    """An object of the company's own, which the target must have before its records are sent.

    `display`: the property that people read a record by. `linked_to`: the target's objects that it can be linked to.
    """

    name: str
    singular: str
    plural: str
    display: str
    linked_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkKind:
    """A kind of link from one object to another, a row of the seed that the exposure of the links names.

    `label`: of a kind of the account's own, which is created; None for those that the target brings along.
    """

    from_object: str
    to_object: str
    name: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a pipeline. `key` is what the mart names it by, `metadata` what its kind of pipeline wants besides."""

    key: str
    label: str
    order: int
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline that the target must have before its records are sent, from the seed that the exposure names."""

    key: str
    label: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class End:
    """A record that a row points at: the SQL that gives its object, and the column that holds its record key."""

    name: str
    object_sql: str
    key_column: str

    def may_be(self, object_: str) -> bool:
        """Say whether it can be a record of this object: if the row names the object, of any."""
        return not self.object_sql.startswith("'") or self.object_sql == f"'{object_}'"


@dataclass(frozen=True, slots=True)
class Feed:
    """One mart and where it goes. `columns` are without the record key and the row hash; a link has no `key`.

    `schema`: what declares the object where it is the company's own. `kinds`: of links, those that may be written.
    `types`: the kinds of record that the target distinguishes and must have before, such as Intercom's ticket types.
    `pipelines`: of the object, those that its rows may be in and that are made where the target lacks them.
    `lead_key`: the attribute that carries the key of a contact that is a lead, which cannot have an external id.
    `crosswalk`: the relation that gives the `golden_id` of each `object` and `record_id`, where the key of a row may move.
    policy: upsert; `update_only` leaves alone what the target lacks, `create_only` what it has.
    when_changed: of values that somebody changed in the target since they were loaded: keep theirs, overwrite, or stop.
    """

    target: str
    object: str
    key: str
    order: int
    kind: Kind
    when_deleted: WhenDeleted
    relation: str
    columns: tuple[Column, ...]
    types: tuple[str, ...] = ()
    policy: Policy = "upsert"
    when_changed: WhenChanged = "keep"
    schema: Schema | None = None
    kinds: tuple[LinkKind, ...] = ()
    lead_key: str = ""
    pipelines: tuple[Pipeline, ...] = ()
    crosswalk: str = ""

    @property
    def label(self) -> str:
        """Name the feed for people: `hubspot contacts`."""
        return f"{self.target} {self.object}"

    @property
    def ends(self) -> tuple[End, ...]:
        """Give the two ends of a link; of a record the contact and the ticket that it cannot be without, if its mart names them."""
        if self.kind == "link":
            return LINK_ENDS[self.object]
        named = {column.name for column in self.columns}
        return tuple(end for end in (CONTACT, TICKET) if end.key_column in named)


CONTACT = End("contact", "'contacts'", "contact_key")
TICKET = End("ticket", "'tickets'", "ticket_key")
# A link's ends are found by key, and the key's object is a column or, where a target has one kind of link, fixed.
LINK_ENDS = {
    "associations": (End("from", "from_object", "from_key"), End("to", "to_object", "to_key")),
    "attachments": (CONTACT, End("company", "'companies'", "company_key")),
    "taggings": (End("tagged", "tagged_object", "tagged_key"), End("tag", "'tags'", "tag_key")),
    "merges": (End("lead", "'contacts'", "lead_key"), End("user", "'contacts'", "user_key")),
}
LINK_COLUMNS = {
    "associations": ("from_object", "from_key", "to_object", "to_key", "association_type"),
    "attachments": ("contact_key", "company_key"),
    "merges": ("lead_key", "user_key"),
    "taggings": ("tagged_object", "tagged_key", "tag_key"),
}


class ManifestError(ValueError):
    """An exposure or its mart does not say what a feed needs; the message names the exposure and what is missing."""


def feeds(manifest: Mapping[str, Any]) -> list[Feed]:
    """Give the feeds that dbt's `target/manifest.json` declares, in the order in which they are sent.

    An exposure is a feed when its `config.meta` has a `target`; other exposures are left alone.

    Raises:
        ManifestError: an exposure, its mart or a column does not say what a feed needs.
    """
    declared = [
        _feed(manifest, exposure)
        for exposure in manifest["exposures"].values()
        if "target" in _meta(exposure)
    ]
    return sorted(declared, key=lambda feed: (feed.order, feed.target, feed.object))


def _feed(manifest: Mapping[str, Any], exposure: Mapping[str, Any]) -> Feed:
    name, meta = exposure["name"], _meta(exposure)
    model = _model(manifest, exposure)
    kind: Kind = _one_of(name, meta, "kind", ("record", "link"))
    feed = Feed(
        target=_required(name, meta, "target"),
        object=_required(name, meta, "object"),
        key=_required(name, meta, "key") if kind == "record" else "",
        order=int(_required(name, meta, "order")),
        kind=kind,
        when_deleted=_one_of(name, meta, "when_deleted", ("keep", "archive", "ask")),
        relation=model["relation_name"],
        columns=tuple(_columns(name, model)),
        types=tuple(meta.get("types", ())),
        policy=_one_of(name, meta, "policy", ("upsert", "update_only", "create_only")),
        when_changed=_one_of(name, meta, "when_changed", ("keep", "overwrite", "stop")),
        schema=_schema(name, meta),
        kinds=tuple(_kinds(manifest, name, meta)),
        lead_key=meta.get("lead_key", ""),
        pipelines=tuple(_pipelines(manifest, name, meta)),
        crosswalk=_named(manifest, name, meta, "crosswalk")["relation_name"] if "crosswalk" in meta else "",
    )
    _check_link(name, feed)
    if feed.key in {column.name for column in feed.columns}:
        raise ManifestError(
            f"Exposure {name}: the mart has a column {feed.key}, but the loader fills the key from {RECORD_KEY}. Remove the column."
        )
    return feed


def _schema(exposure: str, meta: Mapping[str, Any]) -> Schema | None:
    declared = meta.get("schema")
    if declared is None:
        return None
    named = {name: _required(exposure, declared, name) for name in ("name", "singular", "plural", "display")}
    return Schema(**named, linked_to=tuple(declared.get("linked_to", ())))


def _kinds(manifest: Mapping[str, Any], exposure: str, meta: Mapping[str, Any]) -> Iterator[LinkKind]:
    for row in _seed(manifest, exposure, meta, "kinds"):
        yield LinkKind(row["from_object"], row["to_object"], row["association_type"], row["label"] or None)


def _pipelines(manifest: Mapping[str, Any], exposure: str, meta: Mapping[str, Any]) -> Iterator[Pipeline]:
    """Give the pipelines of the exposure's object; the seed has a row for each stage."""
    rows = [row for row in _seed(manifest, exposure, meta, "pipelines") if row["object"] == meta["object"]]
    for (key, label), stages in groupby(rows, key=lambda row: (row["pipeline"], row["pipeline_label"])):
        yield Pipeline(key, label, tuple(_stage(row) for row in stages))


def _stage(row: Mapping[str, str]) -> Stage:
    metadata = (("probability", row["probability"]), ("ticketState", row["ticket_state"]))
    return Stage(
        row["stage"],
        row["stage_label"],
        int(row["display_order"]),
        tuple((name, value) for name, value in metadata if value),
    )


def _seed(
    manifest: Mapping[str, Any], exposure: str, meta: Mapping[str, Any], key: str
) -> Iterator[dict[str, str]]:
    """Read the seed that a key of the exposure names from its file: the manifest has where a seed lies, not what is in it."""
    if key not in meta:
        return
    seed = _named(manifest, exposure, meta, key)
    file = Path(seed["root_path"]) / seed["original_file_path"]
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _named(
    manifest: Mapping[str, Any], exposure: str, meta: Mapping[str, Any], key: str
) -> Mapping[str, Any]:
    """Give the seed or model that a key of the exposure names."""
    node = next((node for node in manifest["nodes"].values() if node["name"] == meta[key]), None)
    if node is None:
        raise ManifestError(f"Exposure {exposure}: there is no {key} {meta[key]}.")
    named: Mapping[str, Any] = node
    return named


def _model(manifest: Mapping[str, Any], exposure: Mapping[str, Any]) -> Mapping[str, Any]:
    name, parents = exposure["name"], exposure["depends_on"]["nodes"]
    if len(parents) != 1 or not parents[0].startswith("model."):
        raise ManifestError(
            f"Exposure {name}: it must depend on exactly one mart model, and depends on {parents or 'none'}."
        )
    model: Mapping[str, Any] = manifest["nodes"][parents[0]]
    if not model["config"].get("contract", {}).get("enforced"):
        raise ManifestError(
            f"Exposure {name}: set `contract: {{enforced: true}}` on its mart {model['name']}."
        )
    absent = {RECORD_KEY, ROW_HASH} - {column.lower() for column in model["columns"]}
    if absent:
        raise ManifestError(
            f"Exposure {name}: its mart {model['name']} lacks {' and '.join(sorted(absent))}."
        )
    return model


def _columns(exposure: str, model: Mapping[str, Any]) -> Iterable[Column]:
    for column in model["columns"].values():
        if column["name"].lower() in (RECORD_KEY, ROW_HASH, LEFT_OUT):
            continue
        yield Column(
            name=column["name"],
            data_type=_data_type(exposure, model["name"], column),
            description=column.get("description") or "",
            custom=_property(exposure, column),
            quoted=bool(column.get("quote")),
            read_at=_meta(column).get("read_at", ""),
            is_personal=bool(_meta(column).get("pii")),
            refers_to=_meta(column).get("refers_to"),
            opts_out=_meta(column).get("opts_out"),
        )


def _data_type(exposure: str, model: str, column: Mapping[str, Any]) -> str:
    data_type = str(column.get("data_type") or "").lower().replace(" ", "")
    if data_type not in DATA_TYPES:
        raise ManifestError(
            f"Exposure {exposure}: column {column['name']} of {model} has data_type {data_type or 'none'}; "
            f"a mart that is sent may have {', '.join(sorted(DATA_TYPES))}."
        )
    return data_type


def _property(exposure: str, column: Mapping[str, Any]) -> Property | None:
    declared = _meta(column).get("property")
    if declared is None:
        return None
    unknown = declared.keys() - {"label", "group", "type", "field_type", "data_type", "options"}
    if unknown or "label" not in declared:
        problem = f"does not know {', '.join(sorted(unknown))}" if unknown else "lacks a label"
        raise ManifestError(f"Exposure {exposure}: `property` of column {column['name']} {problem}.")
    return Property(
        **{**declared, "options": tuple(_option(option) for option in declared.get("options", ()))}
    )


def _option(declared: str | Mapping[str, Any]) -> Option:
    if isinstance(declared, Mapping):
        value = str(declared["value"])
        return Option(value, str(declared.get("label", value)))
    return Option(str(declared), str(declared))


def _check_link(exposure: str, feed: Feed) -> None:
    if feed.kind != "link":
        return
    if feed.object not in LINK_COLUMNS:
        raise ManifestError(
            f"Exposure {exposure}: {feed.object} is not a kind of link; there are {', '.join(LINK_COLUMNS)}."
        )
    absent = set(LINK_COLUMNS[feed.object]) - {column.name for column in feed.columns}
    if absent:
        raise ManifestError(
            f"Exposure {exposure}: its mart lacks {', '.join(sorted(absent))}, which a link needs."
        )


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return (node.get("config") or {}).get("meta") or node.get("meta") or {}


def _required(exposure: str, meta: Mapping[str, Any], name: str) -> Any:
    if meta.get(name) in (None, ""):
        raise ManifestError(f"Exposure {exposure}: `config.meta` lacks {name}.")
    return meta[name]


def _one_of(exposure: str, meta: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> Any:
    value = meta.get(name, allowed[0])
    if value not in allowed:
        raise ManifestError(f"Exposure {exposure}: {name} is {value}; it may be {' or '.join(allowed)}.")
    return value
