"""REST records: rows of a statement as the nested JSON objects that Salesforce sends."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from sandbox.salesforce.org import Field
from sandbox.salesforce.translate import Statement

Record: TypeAlias = dict[str, Any]


def record(statement: Statement, row: Sequence[Any], version: str) -> Record:
    """Make one record: `attributes`, then its values, those of related records nested or null."""
    if statement.aggregated:
        values = zip(statement.outputs, row, strict=True)
        return {"attributes": {"type": "AggregateResult"}} | {
            each.path[0]: json_value(each.field, value) for each, value in values
        }
    result: Record = {}
    # Where the values of each path go; None while the related record is missing.
    holders: dict[tuple[str, ...], Record | None] = {}
    identifiers: dict[tuple[str, ...], str] = {}
    for output, value in zip(statement.outputs, row, strict=True):
        if output.path == ():
            result = {"attributes": _attributes(statement.sobject.name, value, version)}
            holders[()] = result
        elif output.hidden == "id":
            identifiers[output.path] = value
        elif output.hidden == "type":
            parent = holders[output.path[:-1]]
            related = {"attributes": _attributes(value, identifiers[output.path], version)} if value else None
            holders[output.path] = related
            if parent is not None:
                parent[output.path[-1]] = related
        elif (holder := holders[output.path[:-1]]) is not None:
            is_content = output.field.is_blob and value is not None
            # A file's content is at an address of its own.
            address = f"{holder['attributes']['url']}/{output.path[-1]}"
            holder[output.path[-1]] = address if is_content else json_value(output.field, value)
    return result


def json_value(field: Field, value: Any) -> Any:
    """Give a value as JSON has it: 2022-03-17T16:21:26.000+0000, 2022-03-17, numbers, booleans, text."""
    if isinstance(value, datetime):
        return json_moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if field.type == "double" and isinstance(value, int):
        return float(value)
    return value


def json_moment(moment: datetime) -> str:
    """Give a UTC time as REST writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def _attributes(sobject: str, record_id: str, version: str) -> dict[str, str]:
    return {"type": sobject, "url": f"/services/data/v{version}/sobjects/{sobject}/{record_id}"}
