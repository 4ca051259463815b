"""What the mapping is, and what a change of it does to the data."""

from typing import Annotated, Any

import typer

from migrate.commands import frame
from migrate.commands.frame import CLEAN, FINDINGS, AsJson
from migrate.screen import Screen

app = typer.Typer()

PANEL = "The mapping"


@app.command(rich_help_panel=PANEL, epilog="Example: migrate mapping --check")
def mapping(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when a file is stale.")
    ] = False,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Count fill rates in the marts as they are; after `make fill-rates`."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the MAPPING.md of each target and the seed field_mapping from the marts; asks no warehouse otherwise."""
    from migrate import transform
    from migrate.mapping import catalogue, documents, filling

    screen, settings = Screen(as_json=as_json), frame.settings()
    marts = catalogue.read(transform.compiled(settings))
    if measure:
        with frame.connected(settings) as connection:
            filled = filling.measured(connection, marts)
    else:
        filled = filling.read(marts)
    texts = documents.documents(marts, filled) | filling.files(marts, filled)
    old = [str(path) for path in documents.stale(texts)]
    if not check:
        documents.write(texts)
    wrong = list(catalogue.contradictions(marts))
    document = {"stale" if check else "written": old, "contradictions": wrong}
    frame.give(screen, "Mapping", document, [{"file": path, "was": "stale"} for path in old])
    frame.leave_with(screen, [*wrong, *(f"{path} is stale: run `migrate mapping`." for path in old if check)])


@app.command(rich_help_panel=PANEL, epilog="Example: migrate diff --against main")
def diff(
    against: Annotated[
        str, typer.Option("--against", help="Git branch, tag or commit whose mapping is compared.")
    ],
    marts: Annotated[
        list[str] | None, typer.Option("--select", "-s", help="Only this mart, such as hubspot__deals.")
    ] = None,
    samples: Annotated[int, typer.Option(min=0, help="Values shown of each property that changes.")] = 3,
    show_pii: Annotated[
        bool, typer.Option("--show-pii", help="Write personal values out; masked without it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the mapping of the working tree does to the data, compared with another version; sends nothing.

    Builds both in schemas of their own, from the raw tables as they are, and drops them. Exit 1: something differs.
    """
    from migrate.mapping import difference

    settings, screen = frame.settings(), Screen(as_json=as_json)
    with (
        frame.prepared(settings) as connection,
        screen.bars("diff") as progress,
        difference.versions(settings, connection, against, progress, marts or ()) as (before, after),
    ):
        found = difference.differences(connection, before, after, samples=samples, show_pii=show_pii)
    _give_differences(screen, {"against": against, "objects": found})
    frame.leave(FINDINGS if found else CLEAN)


def _give_differences(screen: Screen, document: dict[str, Any]) -> None:
    if screen.as_json:
        screen.document(document)
        return
    objects = [{**one, "object": f"{one['target']} {one['object']}"} for one in document["objects"]]
    if not objects:
        screen.say(f"Nothing differs from {document['against']}.")
        return
    screen.table(
        f"Rows, compared with {document['against']}",
        objects,
        ("object", "before", "after", "added", "removed", "changed"),
    )
    values = [
        {
            "property": f"{one['object']}.{each['property']}",
            "change": each["change"],
            "values": each["values"],
            "for example": "; ".join(f"{said['before']} → {said['after']}" for said in each["samples"]),
        }
        for one in objects
        for each in one["properties"]
    ]
    screen.table("Values", values)
