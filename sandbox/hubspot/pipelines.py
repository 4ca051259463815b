"""Pipelines and their stages, `/crm/v3/pipelines/{objectType}`."""

from collections.abc import Callable

from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import PORTAL_ID, ObjectType
from sandbox.hubspot.errors import HubSpotError, Json, invalid
from sandbox.hubspot.store import now, put_pipeline
from sandbox.hubspot.web import Answer, Call

NEEDED_METADATA = {"deals": "probability", "tickets": "ticketState"}


def list_all(account: Account, call: Call) -> Answer:
    """GET: the pipelines of an object type, the default one first."""
    kind = account.catalogue.object_type(call.path["objectType"])
    return Answer({"results": list(account.catalogue.pipelines(kind).values())})


def read(account: Account, call: Call) -> Answer:
    """GET: one pipeline."""
    return Answer(_pipeline(account, call)[1])


def create(account: Account, call: Call) -> Answer:
    """POST: a new pipeline with its stages; ids are given by HubSpot."""
    kind = account.catalogue.object_type(call.path["objectType"])
    given = call.fields("label", "displayOrder", "stages")
    if given["label"] in [each["label"] for each in account.catalogue.pipelines(kind).values()]:
        raise HubSpotError(409, f"A pipeline labelled {given['label']} already exists", "CONFLICT")
    pipeline = _made(account, given) | {"stages": [_stage(account, kind, each) for each in given["stages"]]}
    _put(account, kind, pipeline)
    return Answer(pipeline, 201)


def change(account: Account, call: Call) -> Answer:
    """PATCH: change the label or the place of a pipeline."""
    kind, pipeline = _pipeline(account, call)
    given = {
        name: value for name, value in call.fields().items() if name in ("label", "displayOrder", "archived")
    }
    pipeline |= given | {"updatedAt": now()}
    _put(account, kind, pipeline)
    return Answer(pipeline)


def replace(account: Account, call: Call) -> Answer:
    """PUT: give a pipeline a new label and new stages."""
    kind, pipeline = _pipeline(account, call)
    given = call.fields("label", "displayOrder", "stages")
    stages = [_stage(account, kind, each) for each in given["stages"]]
    pipeline |= {
        "label": given["label"],
        "displayOrder": given["displayOrder"],
        "stages": stages,
        "updatedAt": now(),
    }
    _put(account, kind, pipeline)
    return Answer(pipeline)


def delete(account: Account, call: Call) -> Answer:
    """DELETE: remove a pipeline, if asked only when no record is in it. The last one stays."""
    kind, pipeline = _pipeline(account, call)
    if len(account.catalogue.pipelines(kind)) == 1:
        raise invalid("The last pipeline cannot be deleted")
    if call.flag("validateReferencesBeforeDelete") and _in_use(
        account, kind, kind.pipeline_properties[0], pipeline["id"]
    ):
        raise invalid(f"Pipeline {pipeline['id']} still has records in it")
    account.db.execute("delete from pipeline where type_id = ? and id = ?", (kind.id, pipeline["id"]))
    account.definitions_changed()
    return Answer(status=204)


def list_stages(account: Account, call: Call) -> Answer:
    """GET stages: the stages of a pipeline."""
    return Answer({"results": _pipeline(account, call)[1]["stages"]})


def read_stage(account: Account, call: Call) -> Answer:
    """GET: one stage."""
    return Answer(_find_stage(_pipeline(account, call)[1], call.path["stageId"]))


def create_stage(account: Account, call: Call) -> Answer:
    """POST stages: a new stage."""
    kind, pipeline = _pipeline(account, call)
    stage = _stage(account, kind, call.fields("label", "displayOrder"))
    if stage["label"] in [each["label"] for each in pipeline["stages"]]:
        raise HubSpotError(409, f"A stage labelled {stage['label']} already exists", "CONFLICT")
    pipeline["stages"] = sorted([*pipeline["stages"], stage], key=lambda each: int(each["displayOrder"]))
    _put(account, kind, pipeline)
    return Answer(stage, 201)


def change_stage(account: Account, call: Call) -> Answer:
    """PATCH and PUT: change a stage."""
    names = ("label", "displayOrder", "metadata", "archived")
    given = {name: value for name, value in call.fields().items() if name in names}

    def act(stage: Json) -> Json:
        return stage | given | {"metadata": stage["metadata"] | given.get("metadata", {}), "updatedAt": now()}

    return Answer(_replace_stage(account, call, act))


def delete_stage(account: Account, call: Call) -> Answer:
    """DELETE: remove a stage that no record is in."""
    kind, pipeline = _pipeline(account, call)
    stage = _find_stage(pipeline, call.path["stageId"])
    if _in_use(account, kind, kind.pipeline_properties[1], stage["id"]):
        raise invalid(f"Stage {stage['id']} still has records in it")
    pipeline["stages"].remove(stage)
    _put(account, kind, pipeline)
    return Answer(status=204)


def audit(account: Account, call: Call) -> Answer:
    """GET audit: when a pipeline or a stage was made and last changed."""
    _, pipeline = _pipeline(account, call)
    thing = _find_stage(pipeline, call.path["stageId"]) if "stageId" in call.path else pipeline
    moments = {"CREATE": thing["createdAt"], "UPDATE": thing["updatedAt"]}
    entries = [
        {"portalId": PORTAL_ID, "identifier": thing["id"], "action": action, "timestamp": moment}
        for action, moment in moments.items()
    ]
    return Answer({"results": entries})


def _pipeline(account: Account, call: Call) -> tuple[ObjectType, Json]:
    kind = account.catalogue.object_type(call.path["objectType"])
    pipeline = account.catalogue.pipelines(kind).get(call.path["pipelineId"])
    if pipeline is None:
        raise HubSpotError(404, f"Pipeline {call.path['pipelineId']} does not exist", "OBJECT_NOT_FOUND")
    return kind, pipeline


def _find_stage(pipeline: Json, stage_id: str) -> Json:
    for stage in pipeline["stages"]:
        if stage["id"] == stage_id:
            found: Json = stage
            return found
    raise HubSpotError(404, f"Stage {stage_id} does not exist", "OBJECT_NOT_FOUND")


def _replace_stage(account: Account, call: Call, act: Callable[[Json], Json]) -> Json:
    kind, pipeline = _pipeline(account, call)
    stage = _find_stage(pipeline, call.path["stageId"])
    changed = act(stage)
    pipeline["stages"] = [changed if each is stage else each for each in pipeline["stages"]]
    _put(account, kind, pipeline)
    return changed


def _stage(account: Account, kind: ObjectType, given: Json) -> Json:
    metadata = {name: str(value) for name, value in (given.get("metadata") or {}).items()}
    needed = NEEDED_METADATA.get(kind.name)
    if needed and needed not in metadata:
        raise invalid(f"Stages of {kind.name} need {needed} in their metadata")
    return _made(account, given) | {"metadata": metadata}


def _made(account: Account, given: Json) -> Json:
    moment = now()
    times = {"createdAt": moment, "updatedAt": moment, "archived": False}
    return {
        "id": str(account.next_id()),
        "label": given["label"],
        "displayOrder": given["displayOrder"],
        **times,
    }


def _in_use(account: Account, kind: ObjectType, name: str, value: str) -> bool:
    query = "select 1 from record where type_id = ? and archived_at is null and properties ->> ? = ? limit 1"
    return account.db.execute(query, (kind.id, f"$.{name}", value)).fetchone() is not None


def _put(account: Account, kind: ObjectType, pipeline: Json) -> None:
    put_pipeline(account.db, kind.id, pipeline)
    account.definitions_changed()
