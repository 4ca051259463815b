"""The migration itself: a phase alone, or all of them with their gates."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from migrate.commands import frame
from migrate.commands.frame import CLEAN, FINDINGS, AsJson
from migrate.errors import SetupError
from migrate.screen import Screen

if TYPE_CHECKING:
    from migrate.settings import Settings

app = typer.Typer()

PANEL = "The migration"

EXTRACT_COLUMNS = (
    *("object", "mode", "status", "source_count", "landed_count", "raw_count"),
    *("refreshed", "deleted", "seconds"),
)

Resend = Annotated[
    bool, typer.Option("--resend", help="Also send again what the last read-back found missing or different.")
]
RetryRefused = Annotated[
    bool,
    typer.Option("--retry-refused", help="Also send again what a target refused, though it has not changed."),
]
MostArchived = Annotated[
    float | None,
    typer.Option(help="Archive at most this share of an object's records, 0 to 1 (usually 0.01)."),
]
AllowFirstLoad = Annotated[
    bool,
    typer.Option(
        "--allow-first-load", help="Allow a first load of more records than MIGRATE_FIRST_LOAD_LIMIT."
    ),
]
Changes = Annotated[
    bool,
    typer.Option(
        "--changes", help="Read back only what changed in HubSpot since it was read before; all without it."
    ),
]
ArchiveDeleted = Annotated[
    bool,
    typer.Option(
        "--archive-deleted", help="Archive what the source deleted, of objects with `when_deleted: ask`."
    ),
]


@app.command(rich_help_panel=PANEL, epilog="Example: migrate doctor --json")
def doctor(as_json: AsJson = False) -> None:
    """Check what a run needs: disk, warehouse, the three systems, their accounts and addresses."""
    from migrate import checkup

    screen = Screen(as_json=as_json)
    checks = checkup.check_all(frame.settings())
    frame.give(screen, "Doctor", {"checks": checks}, checks)
    frame.leave(FINDINGS if any(check["status"] == "failed" for check in checks) else CLEAN)


@app.command(rich_help_panel=PANEL, epilog="Example: migrate extract -s Contact -s Lead --dry-run")
def extract(
    objects: Annotated[
        list[str] | None, typer.Option("--select", "-s", help="Only this Salesforce object.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again instead of what changed.")
    ] = False,
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough",
            help="Refresh formulas and compare all ids now, whatever the sources YAML schedules.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show rows, bytes, jobs and API calls; reads no record.")
    ] = False,
    discover: Annotated[
        bool,
        typer.Option(
            "--discover", help="List the org's objects; with --select, declare those in the sources YAML."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy the declared Salesforce objects into the raw schema."""
    from migrate import phases

    if discover:
        _discover(Screen(as_json=as_json), objects or ())
        return
    with frame.work(as_json) as work:
        if dry_run:
            outcome = phases.plan_extract(work, full=full, only=objects or ())
            _give_extract_plan(work.screen, outcome.detail)
        else:
            outcome = phases.extract_phase(work, full=full, thorough=thorough, only=objects or ())
            shown = [{key: each[key] for key in EXTRACT_COLUMNS} for each in outcome.detail["objects"]]
            frame.give(work.screen, "Extracted", {"run_id": work.run_id, **outcome.detail}, shown)
        frame.leave_with(work.screen, outcome.findings)


@app.command(
    rich_help_panel=PANEL,
    epilog="Example: migrate build --cortex --estimate",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def build(
    context: typer.Context,
    cortex: Annotated[
        bool, typer.Option("--cortex", help="Ask Snowflake's models where rules guess; each text once.")
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="With --cortex: say what it would cost, and ask no model.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build and test the dbt models; further arguments go to `dbt build`."""
    from migrate import phases
    from migrate.cortex import ENABLED

    if estimate:
        _estimate(as_json)
        return
    with frame.work(as_json) as work:
        arguments = [*(context.args or phases.BEFORE_LOAD), *(ENABLED if cortex else ())]
        outcome = phases.build_phase(work, arguments)
        frame.give(work.screen, "Built", {"findings": outcome.findings, **outcome.detail}, [outcome.detail])
        frame.leave_with(work.screen, outcome.findings)


@app.command(
    rich_help_panel=PANEL, epilog="Example: migrate plan hubspot -s contacts --show 0035g00000ABCDEF"
)
def plan(
    target: Annotated[str | None, typer.Argument(help="hubspot or intercom; both without it.")] = None,
    objects: Annotated[list[str] | None, typer.Option("--select", "-s", help="Only this object.")] = None,
    check_target: Annotated[
        bool,
        typer.Option(
            "--check-target",
            help="Read all records from the targets, not only those to be updated: shows what was changed there by hand.",
        ),
    ] = False,
    show: Annotated[
        str | None,
        typer.Option(
            help="Show what the latest plan, or --plan, does with the record of this key or target id."
        ),
    ] = None,
    plan_id: Annotated[str | None, typer.Option("--plan", help="With --show: the plan to look into.")] = None,
    resend: Resend = False,
    retry_refused: RetryRefused = False,
    as_json: AsJson = False,
) -> None:
    """Show and keep what a load would create, update and leave alone, value by value; sends nothing."""
    from dataclasses import replace

    from migrate import phases, planned

    with frame.work(as_json) as called:
        work = replace(called, resend=resend, retry_refused=retry_refused)
        if show is not None:
            records = phases.show_plan(work, plan_id, show)
            if as_json:
                work.screen.document({"records": records})
            else:
                planned.tell_records(work.screen, records)
            frame.leave_with(work.screen, [] if records else [f"The plan has no record {show}."])
            return
        made = phases.make_plan(
            work, reading="all" if check_target else "updates", target=target, only=objects or ()
        )
        if as_json:
            work.screen.document(made.as_dict())
        else:
            planned.tell(work.screen, made)
            work.screen.say(f"`migrate load {made.plan.plan_id}` carries it out.")
        frame.leave(FINDINGS if made.findings else CLEAN)


@app.command(rich_help_panel=PANEL, epilog="Example: migrate load 20261127T010203Z-1a2b --yes")
def load(
    plan_id: Annotated[
        str | None,
        typer.Argument(metavar="[PLAN]", help="A plan that was made before; without it one is made now."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask; needed where there is no terminal.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    resend: Resend = False,
    retry_refused: RetryRefused = False,
    most_archived_share: MostArchived = None,
    allow_first_load: AllowFirstLoad = False,
    archive_deleted: ArchiveDeleted = False,
    as_json: AsJson = False,
) -> None:
    """Carry out a plan: send what it says to HubSpot and Intercom."""
    from dataclasses import replace

    from migrate import phases, planned

    with frame.work(as_json) as called:
        work = replace(
            called,
            resend=resend,
            retry_refused=retry_refused,
            most_archived_share=most_archived_share,
            allow_first_load=allow_first_load,
            archive_deleted=archive_deleted,
        )
        if plan_id and (resend or retry_refused):
            raise SetupError(
                "--resend and --retry-refused belong to the making of a plan: give them to `migrate plan`."
            )
        stored = phases.find_plan(work, plan_id) if plan_id else phases.make_plan(work)
        if not as_json:
            planned.tell(work.screen, stored)
        if dry_run:
            if as_json:
                work.screen.document(stored.as_dict())
            frame.leave(FINDINGS if stored.findings else CLEAN)
            return
        if not (yes or work.screen.ask("Carry this plan out?")):
            raise SetupError(
                f"Nothing was sent. `migrate load {stored.plan.plan_id} --yes` carries the plan out without asking."
            )
        outcome = phases.load_phase(work, stored)
        frame.give(work.screen, "Loaded", {"run_id": work.run_id, **outcome.detail}, outcome.detail["feeds"])
        frame.leave_with(work.screen, outcome.findings)


@app.command(rich_help_panel=PANEL, epilog="Example: migrate rejects hubspot -s contacts --records --json")
def rejects(
    target: Annotated[str | None, typer.Argument(help="hubspot or intercom; both without it.")] = None,
    select: Annotated[str | None, typer.Option("--select", "-s", help="Only this object.")] = None,
    records: Annotated[
        bool, typer.Option("--records", help="List the records instead of the reasons.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the targets refused or did not get, by reason with the fix; sent again once row or mapping change."""
    from dataclasses import asdict

    from load import rejects as rejected
    from migrate import phases

    screen, settings = Screen(as_json=as_json), frame.settings()
    feeds = phases.chosen_feeds(settings, target, [select] if select else [])
    with frame.connected(settings) as connection:
        if records:
            found = rejected.records(connection, feeds)
        else:
            found = [asdict(reason) for reason in rejected.reasons(connection, feeds)]
    if as_json:
        screen.document({"records" if records else "reasons": found})
    elif found:
        screen.table("Rejected", found)
    else:
        screen.tell("Nothing is rejected.")
    frame.leave(FINDINGS if found else CLEAN)


@app.command(rich_help_panel=PANEL, epilog="Example: migrate reconcile --sample 200")
def reconcile(
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="Read only so many records of each object, chosen anew each time."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read every record; so it is without --sample and --changes.")
    ] = False,
    changes: Changes = False,
    as_json: AsJson = False,
) -> None:
    """Read both targets back and compare them with the marts."""
    from dataclasses import replace

    from migrate import phases

    if sum((full, changes, sample is not None)) > 1:
        raise SetupError("--sample, --changes and --full ask for different checks: give one of them.")
    with frame.work(as_json) as called:
        work = replace(called, changes=changes)
        outcome = phases.reconcile_phase(work, sample)
        _give_reconciliation(
            work.screen, {"run_id": work.run_id, **outcome.detail}, outcome.detail["objects"]
        )
        frame.leave_with(work.screen, outcome.findings)


@app.command(rich_help_panel=PANEL, epilog="Example: migrate run --json | jq .objects")
def run(
    new: Annotated[
        bool, typer.Option("--new", help="Begin a new run even if the last one has not finished.")
    ] = False,
    resend: Resend = False,
    retry_refused: RetryRefused = False,
    most_archived_share: MostArchived = None,
    allow_first_load: AllowFirstLoad = False,
    archive_deleted: ArchiveDeleted = False,
    changes: Changes = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Extract and build, then only show the plan of the load.")
    ] = False,
    until: Annotated[
        Literal["extract", "build", "load", "reconcile"],
        typer.Option("--until", help="Stop after this phase; the next call goes on with the same run."),
    ] = "reconcile",
    as_json: AsJson = False,
) -> None:
    """Run all phases with their gates; continues the last run where it was stopped."""
    settings = frame.settings()
    screen = Screen(as_json=as_json)
    options: dict[str, Any] = {
        "resend": resend,
        "retry_refused": retry_refused,
        "most_archived_share": most_archived_share,
        "allow_first_load": allow_first_load,
        "archive_deleted": archive_deleted,
        "changes": changes,
    }
    if dry_run:
        frame.leave(_run_dry(settings, screen, new=new or resend, **options))
    else:
        frame.leave(_run(settings, screen, new=new or resend, until=until, **options))


@app.command(rich_help_panel=PANEL, epilog="Example: migrate status --json")
def status(as_json: AsJson = False) -> None:
    """Show the last run, its phases, and what the ledger holds."""
    from migrate import runs

    settings = frame.settings()
    screen = Screen(as_json=as_json)
    with frame.connected(settings) as connection:
        latest = runs.latest_run(connection)
        phases = runs.phases_of(connection, latest["run_id"]) if latest else []
        ledger = runs.rows(
            connection,
            "select target, object, count(*) as in_target, max(loaded_at) as last_loaded_at from ops.load_ledger "
            "group by target, object order by target, object",
        )
    if as_json:
        screen.document({"run": latest, "phases": phases, "ledger": ledger})
        return
    screen.table("Last run", [latest] if latest else [])
    screen.table("Phases", phases)
    screen.table("Ledger", ledger)


@app.command(rich_help_panel=PANEL, epilog="Example: make demo")
def demo(
    scale: Annotated[float, typer.Option(help="Size of the demo company; 1 is about 8,000 records.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed from which the demo company is made.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Start everything local, seed the demo company, and run the whole migration."""
    from migrate import checkup, local

    settings = frame.settings()
    screen = Screen(as_json=as_json)
    checkup.require_stand_ins(settings)
    checkup.require_disk(settings.home)
    local.start_warehouse(settings, screen)
    local.start_stand_ins(settings, screen)
    local.seed(settings, screen, seed=seed, scale=scale)
    code = _run(settings, screen)
    local.say_where_to_look(screen)
    frame.leave(code)


def _discover(screen: Screen, chosen: Sequence[str]) -> None:
    from migrate import phases, runs

    settings = frame.settings()
    with runs.alone(settings.home):
        if not chosen:
            objects = phases.discover(settings)
            if screen.as_json:
                screen.document({"objects": objects})
            else:
                screen.table("Objects of the org", objects, ("object", "label", "custom", "rows", "declared"))
            return
        written = phases.declare(settings, chosen)
    for name in written["already_declared"]:
        screen.say(f"{name} is declared already.")
    for name in written["declared"]:
        screen.say(f"{name} is now declared in {written['file']}: `migrate extract -s {name}` copies it.")
    if screen.as_json:
        screen.document(written)


def _give_extract_plan(screen: Screen, detail: Mapping[str, Any]) -> None:
    if screen.as_json:
        screen.document(detail)
        return
    planned = [*detail["objects"], detail["total"]]
    columns = ("object", "mode", "rows", "bytes", "jobs", "calls", "share")
    screen.table("An extract would read about", planned, columns)
    for message in filter(None, (each["message"] for each in detail["objects"])):
        screen.say(message)
    budget = detail["budget"]
    for name in (name for name in budget if name != "floor"):
        known = budget[name]
        screen.say(
            f"{name}: {known['left']:,} of {known['most']:,} left, {budget['floor']:.0%} stay with the org's people"
        )


def _run(
    settings: "Settings", screen: Screen, *, new: bool = False, until: str = "reconcile", **options: Any
) -> int:
    import structlog

    from migrate import phases, run, runs
    from migrate.phases import Work

    with frame.prepared(settings) as connection:
        opened = runs.open_run(connection, settings, new=new)
        done = f"; done before: {', '.join(opened.done)}" if opened.done else ""
        screen.say(f"Run {opened.run_id} {'continues' if opened.is_resumed else 'begins'}{done}.")
        structlog.contextvars.bind_contextvars(run_id=opened.run_id)
        work = Work(settings, connection, opened.run_id, screen, **options)
        results = run.run_all(work, opened, until=until)
        is_reconciled = results[-1].name == "reconcile"
        objects = phases.reconciliation(connection) if is_reconciled else []
    document = run.document(opened, results, objects)
    if screen.as_json:
        screen.document(document)
    else:
        screen.summary(document)
    return CLEAN if document["status"] == "succeeded" else FINDINGS


def _run_dry(settings: "Settings", screen: Screen, *, new: bool = False, **options: Any) -> int:
    """Run the phases before the load, which the next `migrate run` does not repeat, and show the load's plan."""
    from migrate import phases, planned, run, runs
    from migrate.phases import Work

    with frame.prepared(settings) as connection:
        opened = runs.open_run(connection, settings, new=new)
        work = Work(settings, connection, opened.run_id, screen, **options)
        results = run.run_all(work, opened, until="build")
        if results[-1].status == "failed":
            return FINDINGS
        made = phases.make_plan(work)
    if screen.as_json:
        screen.document({"run_id": opened.run_id, **made.as_dict()})
    else:
        planned.tell(screen, made)
    return FINDINGS if made.findings else CLEAN


def _estimate(as_json: bool) -> None:
    from migrate import cortex

    with frame.work(as_json) as work, work.screen.bars("estimate") as progress:
        document = cortex.estimate(work.settings, work.connection, progress)
    shown = [*document["questions"], {"question": "in all", **document["total"]}]
    frame.give(
        work.screen, "Texts that a model would be asked about, and about what that costs", document, shown
    )


def _give_reconciliation(screen: Screen, document: dict[str, Any], objects: list[dict[str, Any]]) -> None:
    if screen.as_json:
        screen.document(document)
    else:
        screen.reconciliation(objects)
