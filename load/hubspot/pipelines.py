"""HubSpot's pipelines and their stages: those that a seed declares are made where the account lacks them, none is deleted.

HubSpot gives them their ids, so the marts name them by the seed's keys. A key is the id of one that the account has,
such as those that HubSpot brings along; failing that, the one with the seed's label is meant.
Source: developers.hubspot.com, "Pipelines".
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from load.answer import Answer
from load.feeds import Feed, Pipeline, Stage
from load.target import Row, SchemaChange, SchemaConflictError

# An object's properties for the pipeline and its stage.
PROPERTIES = {"deals": ("pipeline", "dealstage"), "tickets": ("hs_pipeline", "hs_pipeline_stage")}

Ask = Callable[..., Answer]


@dataclass(slots=True)
class Known:
    """What the account has of one object: ids of pipelines and of stages, and the ids that the seed's keys mean."""

    pipelines: dict[str, str] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)
    all_pipelines: frozenset[str] = frozenset()
    all_stages: frozenset[str] = frozenset()


class Pipelines:
    """The pipelines of one account, each object's asked for once. Safe to share between threads."""

    def __init__(self, ask: Ask, path: str) -> None:
        self._ask, self._path = ask, path
        self._known: dict[str, Known] = {}
        self._lock = threading.Lock()

    def provision(self, feeds: Sequence[Feed], *, dry_run: bool) -> Iterator[SchemaChange]:
        """Create the pipelines and stages that the feeds declare and the account lacks, or only say which.

        Raises:
            SchemaConflictError: HubSpot refused one; a subscription has room for so many pipelines.
        """
        for feed in feeds:
            self._known.pop(feed.object, None)
            there = self._listed(feed.object) if feed.pipelines else []
            for pipeline in feed.pipelines:
                held = _found(there, pipeline)
                if held is None:
                    if not dry_run:
                        self._make(feed.object, "", _declared(pipeline))
                    yield SchemaChange("hubspot", feed.object, pipeline.label, "pipeline created")
                    continue
                for stage in pipeline.stages:
                    if _found(held["stages"], stage) is None:
                        if not dry_run:
                            self._make(feed.object, f"/{held['id']}/stages", _stage(stage))
                        yield SchemaChange(
                            "hubspot", feed.object, stage.label, f"stage of {held['label']} created"
                        )

    def spelled(self, feed: Feed, rows: Sequence[Row]) -> Sequence[Row]:
        """Put HubSpot's ids in the place of the seed's keys; what the seed does not declare is an id already."""
        if not feed.pipelines:
            return rows
        known = self._of(feed)
        names = dict(zip(PROPERTIES[feed.object], (known.pipelines, known.stages), strict=True))
        return [
            replace(
                row,
                values={
                    name: names[name].get(value, value) if name in names else value
                    for name, value in row.values.items()
                },
            )
            for row in rows
        ]

    def allowed(self, feed: Feed) -> dict[str, frozenset[str]]:
        """Give what the object's two properties take: the seed's keys, which are made first, and all other ids."""
        known = self._of(feed)
        pipeline, stage = PROPERTIES[feed.object]
        keys = {each.key for each in feed.pipelines}
        stages = {each.key for one in feed.pipelines for each in one.stages}
        return {
            pipeline: frozenset(keys | known.all_pipelines - {*known.pipelines.values()}),
            stage: frozenset(stages | known.all_stages - {*known.stages.values()}),
        }

    def _of(self, feed: Feed) -> Known:
        with self._lock:
            if feed.object not in self._known:
                self._known[feed.object] = _known(feed.pipelines, self._listed(feed.object))
            return self._known[feed.object]

    def _listed(self, object_: str) -> list[Mapping[str, Any]]:
        listed: list[Mapping[str, Any]] = self._ask("GET", self._path.format(object=object_)).content.get(
            "results", []
        )
        return listed

    def _make(self, object_: str, below: str, body: Mapping[str, Any]) -> None:
        answer = self._ask("POST", self._path.format(object=object_) + below, json.dumps(body))
        if not answer.ok:
            raise SchemaConflictError(
                f"HubSpot did not create {body['label']} among the pipelines of {object_}: "
                f"{answer.content.get('message', 'no reason given')} How many pipelines an account may have depends on its "
                "subscription; the seed hubspot_pipelines can name stages of one that is there."
            )


def _known(declared: Sequence[Pipeline], there: Sequence[Mapping[str, Any]]) -> Known:
    known = Known(
        all_pipelines=frozenset(str(each["id"]) for each in there),
        all_stages=frozenset(str(stage["id"]) for each in there for stage in each["stages"]),
    )
    for pipeline in declared:
        if (held := _found(there, pipeline)) is None:
            continue
        known.pipelines[pipeline.key] = str(held["id"])
        for stage in pipeline.stages:
            if (found := _found(held["stages"], stage)) is not None:
                known.stages[stage.key] = str(found["id"])
    return known


def _found(there: Sequence[Mapping[str, Any]], wanted: Pipeline | Stage) -> Mapping[str, Any] | None:
    by_id = (each for each in there if str(each["id"]) == wanted.key)
    by_label = (each for each in there if each["label"].casefold() == wanted.label.casefold())
    return next(by_id, None) or next(by_label, None)


def _declared(pipeline: Pipeline) -> dict[str, Any]:
    stages = [_stage(stage) for stage in pipeline.stages]
    return {"label": pipeline.label, "displayOrder": -1, "stages": stages}


def _stage(stage: Stage) -> dict[str, Any]:
    return {"label": stage.label, "displayOrder": stage.order, "metadata": dict(stage.metadata)}
