"""The search language of contacts, tickets and conversations, turned into a SQL condition.

A query is one filter `{field, operator, value}` or a group `{operator: AND | OR, value: [...]}`; groups nest twice and
hold fifteen. Dates of contacts are compared by calendar day of the workspace, those of tickets and conversations exactly.
Source: the descriptions of the three search operations in the published API description.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sandbox.intercom import attributes
from sandbox.intercom.errors import ApiError, parameter_invalid
from sandbox.intercom.paging import Page
from sandbox.intercom.store import Json, Store, read

MAX_DEPTH = 2
MAX_FILTERS = 15
GROUPS = {"AND": " and ", "OR": " or "}

Kind = Literal["string", "integer", "float", "boolean", "date", "day", "tag"]
Condition = tuple[str, list[Any]]
Fields = Callable[[str], "Field | None"]

COMPARISONS = {">": ">", "<": "<", ">=": ">=", "<=": "<="}
EQUALITY = ("=", "!=", "IN", "NIN")
OPERATORS: dict[Kind, tuple[str, ...]] = {
    "string": (*EQUALITY, "~", "!~", "^", "$"),
    "integer": (*EQUALITY, *COMPARISONS),
    "float": (*EQUALITY, *COMPARISONS),
    "boolean": EQUALITY,
    "date": (*EQUALITY, *COMPARISONS),
    "day": ("=", ">", "<"),
    "tag": ("=", "!="),
}


@dataclass(frozen=True, slots=True)
class Field:
    """What a field is in SQL, how it compares, and for days the time zone."""

    sql: str
    kind: Kind
    zone: tzinfo = UTC


def pagination(body: Json) -> Mapping[str, Any]:
    asked = body.get("pagination") or {}
    if not isinstance(asked, dict):
        raise parameter_invalid("pagination must be an object", "pagination")
    return asked


def condition(body: Json, fields: Fields) -> Condition:
    """Give the SQL condition of the body's query and its values; raise 400 for a query that Intercom refuses."""
    query = body.get("query")
    if not isinstance(query, dict):
        raise parameter_invalid("query must be given", "query")
    return _condition(query, fields, depth=1)


def contact_fields(store: Store) -> Fields:
    zone = time_zone(store.settings.timezone)

    def field(name: str) -> Field | None:
        if name.startswith("custom_attributes."):
            return _custom_field(store, name.removeprefix("custom_attributes."), zone)
        return CONTACT_FIELDS.get(name) or (
            Field(_timestamp(name), "day", zone) if name in CONTACT_DAYS else None
        )

    return field


def document_fields(known: Mapping[str, Field], attribute: Fields) -> Fields:
    """Give the fields of a kind of document; `attribute` resolves those that the workspace defines."""
    return lambda name: known.get(name) or attribute(name)


def documents(
    store: Store, kind: str, page: Page, condition: str, values: list[Any]
) -> tuple[list[Json], int, Json]:
    """Give a page of the documents that fit, newest first, how many fit in all, and the description of the page."""
    fitting = f"kind = ? and ({condition})"
    total = store.value(f"select count(*) from document where {fitting}", kind, *values)
    sql = f"select id, body from document where {fitting} and id < ? order by id desc limit ?"
    rows = store.rows(sql, kind, *values, page.before, page.size + 1)
    shown = rows[: page.size]
    last = shown[-1]["id"] if len(rows) > page.size else None
    return [read(row) for row in shown], total, page.pages(total, last)


def time_zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)


def json_field(path: str, kind: Kind) -> Field:
    return Field(f"json_extract(body, '$.{path}')", kind)


def _timestamp(name: str) -> str:
    return name if name in ("created_at", "updated_at") else f"json_extract(body, '$.{name}')"


CONTACT_DAYS = ("created_at", "updated_at", "signed_up_at", "last_seen_at")
CONTACT_FIELDS: dict[str, Field] = {
    "id": Field("id", "string"),
    "external_id": Field("external_id", "string"),
    "role": Field("role", "string"),
    "email": Field("email_key", "string"),
    "email_domain": Field("substr(email_key, instr(email_key, '@') + 1)", "string"),
    "name": json_field("name", "string"),
    "phone": json_field("phone", "string"),
    "avatar": json_field("avatar.image_url", "string"),
    "owner_id": json_field("owner_id", "integer"),
    "language_override": json_field("language_override", "string"),
    "unsubscribed_from_emails": json_field("unsubscribed_from_emails", "boolean"),
    "tag_id": Field(
        "(select ':' || group_concat(tag_id, ':') || ':' from tagging where object_id = contact.id)", "tag"
    ),
}


def _custom_field(store: Store, name: str, zone: tzinfo) -> Field | None:
    for attribute in attributes.custom(store, "contact"):
        if attribute["name"] == name:
            kind: Kind = "day" if attribute["data_type"] == "date" else attribute["data_type"]
            return Field(f"json_extract(body, '$.custom_attributes.\"{name}\"')", kind, zone)
    return None


def _condition(query: Any, fields: Fields, depth: int) -> Condition:
    if not isinstance(query, dict) or "operator" not in query:
        raise parameter_invalid("Every filter needs an operator", "query")
    if str(query["operator"]) not in GROUPS:
        return _filter(query, fields)
    if depth > MAX_DEPTH:
        raise parameter_invalid(f"Filters nest at most {MAX_DEPTH} levels deep", "query")
    parts = query.get("value")
    if not isinstance(parts, list) or not 1 <= len(parts) <= MAX_FILTERS:
        raise parameter_invalid(f"A group holds 1 to {MAX_FILTERS} filters", "query")
    conditions = [_condition(part, fields, depth + 1) for part in parts]
    joined = GROUPS[query["operator"]].join(sql for sql, _ in conditions)
    return f"({joined})", [value for _, values in conditions for value in values]


def _filter(query: Json, fields: Fields) -> Condition:
    name, operator, value = str(query.get("field")), query["operator"], query.get("value")
    field = fields(name)
    if field is None:
        raise ApiError(400, "invalid_field", f"'{name}' is not a field that can be searched", "query")
    if operator not in OPERATORS[field.kind]:
        message = f"The operator '{operator}' is not supported by the field '{name}'"
        raise ApiError(400, "invalid_operator", message, "query")
    if operator in ("IN", "NIN"):
        return _among(field, name, operator, value)
    if value is None and operator in ("=", "!="):
        return f"{field.sql} is {'not ' * (operator == '!=')}null", []
    return COMPILE[field.kind](field, operator, _fitting(field, name, value))


def _among(field: Field, name: str, operator: str, values: Any) -> Condition:
    if not isinstance(values, list) or not values:
        raise ApiError(400, "invalid_value", f"The value for '{name}' must be an array", "query")
    fitting = [_fitting(field, name, value) for value in values]
    marks = ", ".join("?" for _ in fitting)
    found = f"lower({field.sql}) in ({marks})" if field.kind == "string" else f"{field.sql} in ({marks})"
    return (found if operator == "IN" else f"({field.sql} is null or not {found})"), fitting


def _fitting(field: Field, name: str, value: Any) -> Any:
    """Give the value in the field's type; numbers may come as text, as the vendor's examples send them."""
    try:
        return READ[field.kind](value)
    except (KeyError, ValueError, TypeError) as error:
        raise ApiError(
            400, "invalid_value", f"The value for '{name}' must be a {field.kind}", "query"
        ) from error


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError
    return str(value).lower()


def _flag(value: Any) -> bool:
    return {"true": True, "false": False, True: True, False: False}[value]


READ: dict[Kind, Callable[[Any], Any]] = {
    "string": _text,
    "tag": _text,
    "integer": int,
    "float": float,
    "boolean": _flag,
    "date": int,
    "day": int,
}


def _compile_text(field: Field, operator: str, value: Any) -> Condition:
    lowered = f"lower({field.sql})"
    found = {
        "=": f"{lowered} = ?",
        "!=": f"{lowered} is not ?",
        "~": f"instr({lowered}, ?) > 0",
        "!~": f"({field.sql} is null or instr({lowered}, ?) = 0)",
        "^": f"instr({lowered}, ?) = 1",
        "$": f"substr({lowered}, -length(?)) = ?",
    }
    return found[operator], [value, value] if operator == "$" else [value]


def _compile_value(field: Field, operator: str, value: Any) -> Condition:
    compared = {"=": "=", "!=": "is not", **COMPARISONS}[operator]
    return f"{field.sql} {compared} ?", [value]


def _compile_day(field: Field, operator: str, value: Any) -> Condition:
    """Compare by day: `>` means after the day that holds the moment, `<` before it, `=` on it."""
    start = datetime.fromtimestamp(value, field.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first, following = start.timestamp(), (start + timedelta(days=1)).timestamp()
    if operator == "=":
        return f"({field.sql} >= ? and {field.sql} < ?)", [first, following]
    return (f"{field.sql} >= ?", [following]) if operator == ">" else (f"{field.sql} < ?", [first])


def _compile_tag(field: Field, operator: str, value: Any) -> Condition:
    found = f"instr(coalesce({field.sql}, ''), ?) {'>' if operator == '=' else '='} 0"
    return found, [f":{value}:"]


COMPILE: dict[Kind, Callable[[Field, str, Any], Condition]] = {
    "string": _compile_text,
    "integer": _compile_value,
    "float": _compile_value,
    "boolean": _compile_value,
    "date": _compile_value,
    "day": _compile_day,
    "tag": _compile_tag,
}
