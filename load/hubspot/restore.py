"""The way back in HubSpot: values written over records by their ids, types taken from links and given to them again."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import structlog
from msgspec.structs import replace

from load.answer import Answer
from load.hubspot.lifecycle import STAGE
from load.hubspot.wire import Input, Match, all_taken, matched_by_ends, matched_by_trace
from load.target import CANNOT, Result, Row
from load.undo_links import Types

log = structlog.get_logger()

Batch = Callable[[str, Sequence[Input], Match], Iterator[Result]]
Ask = Callable[[str, str, str], Answer]


def put_back(rows: Iterable[Row], path: str, batch: Batch) -> Iterator[Result]:
    """Write values as HubSpot gave them; "" clears one that it did not have.

    A lifecycle stage is cleared first: HubSpot moves one backward only from nothing.
    """
    rows = [*rows]
    staged = [replace(row, values={STAGE: None}) for row in rows if row.values.get(STAGE)]
    for result in batch(path, _put_back(staged), matched_by_trace) if staged else ():
        if result.status != "succeeded":
            log.warning("stage_not_cleared", category=result.error_category)
    yield from batch(path, _put_back(rows), matched_by_trace)


def _put_back(rows: Iterable[Row]) -> list[Input]:
    inputs = []
    for row in rows:
        properties = {name: "" if value is None else value for name, value in row.values.items()}
        wire = {"id": row.target_id, "objectWriteTraceId": row.record_key, "properties": properties}
        inputs.append(Input(row, json.dumps(properties), wire))
    return inputs


def not_brought_back(row: Row, object_name: str) -> Result:
    """Say that a person has to do it: HubSpot's API restores no archived record."""
    return row.refused(
        CANNOT,
        f"HubSpot's API cannot restore an archived record. Within 90 days a person can: {object_name}, Actions, Restore "
        f"records; this one is {row.target_id}.",
    )


def relink(rows: Sequence[Row], paths: Mapping[str, str], batch: Batch) -> Iterator[Result]:
    """Give each two records the types that they should have, first taking and then giving."""
    stuck: set[str] = set()
    for path, inputs, match in _steps(rows, paths):
        open_ = [one for one in inputs if one.row.record_key not in stuck]
        for result in batch(path, open_, match):
            if result.status != "succeeded":
                stuck.add(result.record_key)
                yield result
    yield from (row.succeeded(row.target_id) for row in rows if row.record_key not in stuck)


def _steps(rows: Sequence[Row], paths: Mapping[str, str]) -> Iterator[tuple[str, Sequence[Input], Match]]:
    """Give the calls to make: all types between two records, some of them, new ones; one path for each pair of objects."""
    for name, match in (("unlink", all_taken), ("unlabel", all_taken), ("link", matched_by_ends)):
        by_path: dict[str, list[Input]] = defaultdict(list)
        for row in rows:
            from_object, from_id, to_object, to_id = (row.target_id or "").split("/")
            now, wanted = row.values["now"], row.values["wanted"]
            wholly = bool(now) and not wanted
            types = {
                "unlink": now if wholly else (),
                "unlabel": () if wholly else now - wanted,
                "link": wanted - now,
            }
            if types[name]:
                path = paths[name].format(from_object=from_object, to_object=to_object)
                ends = {
                    "from_object": from_object,
                    "from_id": from_id,
                    "to_object": to_object,
                    "to_id": to_id,
                }
                by_path[path].append(_input(replace(row, values=ends), name, types[name]))
        for path, inputs in by_path.items():
            yield path, inputs, match


def _input(row: Row, name: str, types: Types) -> Input:
    from_id, to_id = row.values["from_id"], row.values["to_id"]
    wire: dict[str, Any]
    if name == "unlink":
        wire = {"from": {"id": from_id}, "to": [{"id": to_id}]}
    else:
        chosen = [each.split("/") for each in sorted(types)]
        named = [{"associationCategory": kind, "associationTypeId": int(number)} for kind, number in chosen]
        wire = {"from": {"id": from_id}, "to": {"id": to_id}, "types": named}
    return Input(row, json.dumps(wire), wire)
