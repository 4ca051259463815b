"""The command line. Everything heavy is imported inside the commands, so that help and mistakes answer at once."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from migrate.errors import SetupError
from migrate.screen import Screen

if TYPE_CHECKING:
    from migrate.phases import Work
    from migrate.settings import Settings

CLEAN, FINDINGS, BROKEN, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Leave Salesforce: every record into Snowflake, mapped in dbt, loaded into HubSpot and Intercom, and proven.",
    epilog="Exit codes: 0 clean, 1 finished with findings, 2 could not run, 130 interrupted.",
)
warehouse_app = typer.Typer(no_args_is_help=True, help="The embedded warehouse.")
sandbox_app = typer.Typer(
    no_args_is_help=True, help="The local stand-ins of Salesforce, HubSpot and Intercom."
)
app.add_typer(warehouse_app, name="warehouse")
app.add_typer(sandbox_app, name="sandbox")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]

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


EXTRACT_COLUMNS = (
    *("object", "mode", "status", "source_count", "landed_count", "raw_count"),
    *("refreshed", "deleted", "seconds"),
)


@app.command(epilog="Example: migrate doctor --json")
def doctor(as_json: AsJson = False) -> None:
    """Check what a run needs: disk, warehouse, the three systems, their accounts and addresses."""
    from migrate import checkup

    screen = Screen(as_json=as_json)
    checks = checkup.check_all(_settings())
    _give(screen, "Doctor", {"checks": checks}, checks)
    _leave(FINDINGS if any(check["status"] == "failed" for check in checks) else CLEAN)


@app.command(epilog="Example: migrate extract -s Contact -s Lead --dry-run")
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
    with _work(as_json) as work:
        if dry_run:
            outcome = phases.plan_extract(work, full=full, only=objects or ())
            _give_extract_plan(work.screen, outcome.detail)
        else:
            outcome = phases.extract_phase(work, full=full, thorough=thorough, only=objects or ())
            shown = [{key: each[key] for key in EXTRACT_COLUMNS} for each in outcome.detail["objects"]]
            _give(work.screen, "Extracted", {"run_id": work.run_id, **outcome.detail}, shown)
        _leave_with(work.screen, outcome.findings)


@app.command(
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
    with _work(as_json) as work:
        arguments = [*(context.args or phases.BEFORE_LOAD), *(ENABLED if cortex else ())]
        outcome = phases.build_phase(work, arguments)
        _give(work.screen, "Built", {"findings": outcome.findings, **outcome.detail}, [outcome.detail])
        _leave_with(work.screen, outcome.findings)


@app.command(epilog="Example: migrate mapping --check")
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

    screen, settings = Screen(as_json=as_json), _settings()
    marts = catalogue.read(transform.compiled(settings))
    if measure:
        with _connection(settings) as connection:
            filled = filling.measured(connection, marts)
    else:
        filled = filling.read(marts)
    texts = documents.documents(marts, filled) | filling.files(marts, filled)
    old = [str(path) for path in documents.stale(texts)]
    if not check:
        documents.write(texts)
    wrong = list(catalogue.contradictions(marts))
    document = {"stale" if check else "written": old, "contradictions": wrong}
    _give(screen, "Mapping", document, [{"file": path, "was": "stale"} for path in old])
    _leave_with(screen, [*wrong, *(f"{path} is stale: run `migrate mapping`." for path in old if check)])


@app.command(epilog="Example: migrate diff --against main")
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

    settings, screen = _settings(), Screen(as_json=as_json)
    with (
        _prepared(settings) as connection,
        screen.bars("diff") as progress,
        difference.versions(settings, connection, against, progress, marts or ()) as (before, after),
    ):
        found = difference.differences(connection, before, after, samples=samples, show_pii=show_pii)
    _give_differences(screen, {"against": against, "objects": found})
    _leave(FINDINGS if found else CLEAN)


@app.command(epilog="Example: migrate plan hubspot -s contacts --show 0035g00000ABCDEF")
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

    with _work(as_json) as called:
        work = replace(called, resend=resend, retry_refused=retry_refused)
        if show is not None:
            records = phases.show_plan(work, plan_id, show)
            if as_json:
                work.screen.document({"records": records})
            else:
                planned.tell_records(work.screen, records)
            _leave_with(work.screen, [] if records else [f"The plan has no record {show}."])
            return
        made = phases.make_plan(
            work, reading="all" if check_target else "updates", target=target, only=objects or ()
        )
        if as_json:
            work.screen.document(made.as_dict())
        else:
            planned.tell(work.screen, made)
            work.screen.say(f"`migrate load {made.plan.plan_id}` carries it out.")
        _leave(FINDINGS if made.findings else CLEAN)


@app.command(epilog="Example: migrate backup hubspot")
def backup(
    target: Annotated[str | None, typer.Argument(help="hubspot or intercom; both without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep what the targets hold of the objects that we write; `run` and `load` do it before their first write."""
    from migrate import backup as backing

    with _work(as_json) as work:
        made = backing.backup(work, target)
        _give(work.screen, f"Backup {made['backup_id']}", made, made["parts"])


@app.command(epilog="Example: migrate rollback 20260131T020000Z-1a2b --dry-run")
def rollback(
    run: Annotated[str, typer.Argument(help="Id of the run whose writes are undone.")],
    select: Annotated[
        list[str] | None, typer.Option("--select", "-s", help="Only hubspot, or hubspot:contacts.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be undone; writes nothing.")
    ] = False,
    with_later: Annotated[
        bool, typer.Option("--with-later", help="Undo the runs after it first, newest first.")
    ] = False,
    even_if_changed: Annotated[
        bool, typer.Option("--even-if-changed", help="Undo also what somebody changed in the target since.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the targets back to what they held before a run, and compare."""
    from migrate import rollback as undoing

    with _work(as_json) as work:
        undone = undoing.rollback(
            work, run, select or (), dry_run=dry_run, with_later=with_later, even_if_changed=even_if_changed
        )
        document = undoing.document(undone)
        _give(work.screen, "", document, [row for one in document["runs"] for row in one["outcomes"]])
        if not as_json:
            work.screen.exceptions([row for one in document["runs"] for row in one["exceptions"]])
        _leave_with(work.screen, undoing.findings(undone))


@app.command(epilog="Example: migrate forget ada@example.com --yes")
def forget(
    person: Annotated[str, typer.Argument(help="Address, Salesforce id, or id in a target.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete and redact; without it only show where the person is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a person out of both targets, the warehouse and all files, and keep them from coming back."""
    from migrate import forget as forgetting

    with _work(as_json) as work:
        done = forgetting.forget(work, person, confirmed=yes)
        _give(work.screen, "Forgotten" if yes else "Would be forgotten", done, done["traces"])
        if not yes:
            work.screen.say("Nothing was changed: give --yes to delete, which nobody can undo.")
        _leave_with(work.screen, [f"{one['place']}: {one['found']} are left" for one in done["left"]])


@app.command(epilog="Example: migrate purge --dry-run")
def purge(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted; deletes nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete raw copies, backups and before-images that are older than the settings RETENTION_… say."""
    from migrate import purge as purging

    with _work(as_json) as work:
        purged = purging.purge(work, dry_run=dry_run)
        _give(work.screen, "Would be purged" if dry_run else "Purged", {"purged": purged}, purged)


@app.command(epilog="Example: migrate masking > masking.sql")
def masking(as_json: AsJson = False) -> None:
    """Print the SQL of masking policies and tags for personal columns, for a Snowflake account; asks no warehouse."""
    from migrate import masking as policies
    from migrate import transform

    found = [*policies.statements(transform.manifest(_settings()))]
    if as_json:
        Screen(as_json=True).document({"statements": found})
    else:
        typer.echo(";\n".join(found) + ";")


@app.command(epilog="Example: migrate load 20261127T010203Z-1a2b --yes")
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

    with _work(as_json) as called:
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
            _leave(FINDINGS if stored.findings else CLEAN)
            return
        if not (yes or work.screen.ask("Carry this plan out?")):
            raise SetupError(
                f"Nothing was sent. `migrate load {stored.plan.plan_id} --yes` carries the plan out without asking."
            )
        outcome = phases.load_phase(work, stored)
        _give(work.screen, "Loaded", {"run_id": work.run_id, **outcome.detail}, outcome.detail["feeds"])
        _leave_with(work.screen, outcome.findings)


@app.command(epilog="Example: migrate rejects hubspot -s contacts --records --json")
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

    screen = Screen(as_json=as_json)
    with _connection(_settings()) as connection:
        if records:
            found = rejected.records(connection, target, select)
        else:
            found = [asdict(reason) for reason in rejected.reasons(connection, target, select)]
    if as_json:
        screen.document({"records" if records else "reasons": found})
    elif found:
        screen.table("Rejected", found)
    else:
        screen.tell("Nothing is rejected.")
    _leave(FINDINGS if found else CLEAN)


@app.command(epilog="Example: migrate reconcile --sample 200")
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
    with _work(as_json) as called:
        work = replace(called, changes=changes)
        outcome = phases.reconcile_phase(work, sample)
        _give_reconciliation(
            work.screen, {"run_id": work.run_id, **outcome.detail}, outcome.detail["objects"]
        )
        _leave_with(work.screen, outcome.findings)


@app.command(epilog="Example: migrate report -o sign-off.html")
def report(
    run: Annotated[str | None, typer.Option(help="Run to report on; the latest without it.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path("report.html"),
    show_pii: Annotated[
        bool, typer.Option("--show-pii", help="Write personal values out; masked without it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the sign-off report: one HTML file that needs nothing else and prints well."""
    from migrate import report as reporting

    screen = Screen(as_json=as_json)
    with _connection(_settings()) as connection:
        facts = reporting.facts(connection, run)
    output.write_text(reporting.page(facts, show_pii=show_pii), encoding="utf-8")
    document = {"file": str(output), "run_id": facts.run["run_id"], "exceptions": facts.exception_count}
    _give(screen, "Report", document, [document])


@app.command(epilog="Example: migrate dashboard --port 8501")
def dashboard(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8501,
    as_json: AsJson = False,
) -> None:
    """Show the dashboard in a browser until Ctrl-C; it reads the warehouse and writes nothing."""
    from migrate import show

    if as_json:
        Screen(as_json=True).document({"url": f"http://127.0.0.1:{port}"})
    _leave(show.serve(_settings(), port, quiet=as_json))


@app.command(epilog="Example: migrate run --json | jq .objects")
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
    as_json: AsJson = False,
) -> None:
    """Run all phases with their gates; continues the last run where it was stopped."""
    settings = _settings()
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
        _leave(_run_dry(settings, screen, new=new or resend, **options))
    else:
        _leave(_run(settings, screen, new=new or resend, **options))


@app.command(epilog="Example: migrate status --json")
def status(as_json: AsJson = False) -> None:
    """Show the last run, its phases, and what the ledger holds."""
    from migrate import runs

    settings = _settings()
    screen = Screen(as_json=as_json)
    with _connection(settings) as connection:
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


@app.command(epilog="Example: make demo")
def demo(
    scale: Annotated[float, typer.Option(help="Size of the demo company; 1 is about 8,000 records.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed from which the demo company is made.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Start everything local, seed the demo company, and run the whole migration."""
    from migrate import checkup, local

    settings = _settings()
    screen = Screen(as_json=as_json)
    checkup.require_stand_ins(settings)
    checkup.require_disk(settings.home)
    local.start_warehouse(settings, screen)
    local.start_stand_ins(settings, screen)
    local.seed(settings, screen, seed=seed, scale=scale)
    code = _run(settings, screen)
    local.say_where_to_look(screen)
    _leave(code)


@warehouse_app.command("up", epilog="Example: migrate warehouse up")
def warehouse_up(as_json: AsJson = False) -> None:
    """Start the embedded warehouse and create its schemas; with `--target snowflake` only the schemas."""
    from migrate import checkup, local

    settings = _settings()
    checkup.require_disk(settings.home)
    screen = Screen(as_json=as_json)
    result = local.start_warehouse(settings, screen)
    if as_json:
        screen.document(result)


@warehouse_app.command("down", epilog="Example: migrate warehouse down")
def warehouse_down(as_json: AsJson = False) -> None:
    """Stop the embedded warehouse; its data stays."""
    from migrate import servers

    _stop(Screen(as_json=as_json), [servers.warehouse(_settings())])


@warehouse_app.command(
    "sql", epilog="Example: migrate warehouse sql 'select * from reconciliation.recon_object'"
)
def warehouse_sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement in Snowflake's dialect.")],
    as_json: AsJson = False,
) -> None:
    """Run one statement in the warehouse and print its rows."""
    from migrate import runs

    screen = Screen(as_json=as_json)
    with _connection(_settings()) as connection:
        found = runs.rows(connection, statement)
    _give(screen, "", {"rows": found}, found)


@sandbox_app.command("up", epilog="Example: migrate sandbox up")
def sandbox_up(as_json: AsJson = False) -> None:
    """Start the three stand-ins."""
    from migrate import checkup, local

    settings = _settings()
    checkup.require_disk(settings.home)
    screen = Screen(as_json=as_json)
    result = local.start_stand_ins(settings, screen)
    if as_json:
        screen.document(result)


@sandbox_app.command("down", epilog="Example: migrate sandbox down")
def sandbox_down(as_json: AsJson = False) -> None:
    """Stop the three stand-ins; their data stays."""
    from migrate import servers

    _stop(Screen(as_json=as_json), servers.stand_ins(_settings()))


@sandbox_app.command("seed", epilog="Example: migrate sandbox seed --csv exports/")
def sandbox_seed(
    csv: Annotated[
        Path | None, typer.Option(help="Folder of CSV files named after Salesforce objects.")
    ] = None,
    scale: Annotated[float, typer.Option(help="Size of the demo company; 1 is about 8,000 records.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed from which the demo company is made.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Fill the stand-ins with the demo company or with CSV files; empties them and the warehouse first."""
    from migrate import checkup, local

    settings = _settings()
    checkup.require_stand_ins(settings)
    screen = Screen(as_json=as_json)
    result = local.seed(settings, screen, seed=seed, scale=scale, csv=csv, again=True)
    if as_json:
        screen.document(result)


def _discover(screen: Screen, chosen: Sequence[str]) -> None:
    from migrate import phases, runs

    settings = _settings()
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


def _run(settings: "Settings", screen: Screen, *, new: bool = False, **options: Any) -> int:
    import structlog

    from migrate import phases, run, runs
    from migrate.phases import Work

    with _prepared(settings) as connection:
        opened = runs.open_run(connection, settings, new=new)
        done = f"; done before: {', '.join(opened.done)}" if opened.done else ""
        screen.say(f"Run {opened.run_id} {'continues' if opened.is_resumed else 'begins'}{done}.")
        structlog.contextvars.bind_contextvars(run_id=opened.run_id)
        results = run.run_all(Work(settings, connection, opened.run_id, screen, **options), opened)
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

    with _prepared(settings) as connection:
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


@contextmanager
def _work(as_json: bool) -> "Iterator[Work]":
    """Give what a single phase needs, under an id of its own that says it was called by hand."""
    from migrate import runs
    from migrate.phases import Work

    settings = _settings()
    with _prepared(settings) as connection:
        yield Work(settings, connection, runs.new_id(), Screen(as_json=as_json))


@contextmanager
def _prepared(settings: "Settings") -> Iterator[Any]:
    """Connect for work that writes: alone in this home, with the schemas and tables that the work expects."""
    import warehouse
    from migrate import runs

    with runs.alone(settings.home), _connection(settings) as connection:
        warehouse.setup(connection)
        yield connection


@contextmanager
def _connection(settings: "Settings") -> Iterator[Any]:
    import warehouse

    connection = warehouse.connect(settings.target)
    try:
        yield connection
    finally:
        connection.close()


def _settings() -> "Settings":
    from pydantic import ValidationError

    from migrate import logs, settings

    try:
        loaded = settings.load()
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise SetupError(f"A setting is wrong: {problems}. See .env.example.") from error
    logs.configure(loaded.home)
    return loaded


def _give(screen: Screen, title: str, document: dict[str, Any], rows: list[Any]) -> None:
    if screen.as_json:
        screen.document(document)
    else:
        screen.table(title, rows)


def _estimate(as_json: bool) -> None:
    from migrate import cortex

    with _work(as_json) as work, work.screen.bars("estimate") as progress:
        document = cortex.estimate(work.settings, work.connection, progress)
    shown = [*document["questions"], {"question": "in all", **document["total"]}]
    _give(work.screen, "Texts that a model would be asked about, and about what that costs", document, shown)


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


def _give_reconciliation(screen: Screen, document: dict[str, Any], objects: list[dict[str, Any]]) -> None:
    if screen.as_json:
        screen.document(document)
    else:
        screen.reconciliation(objects)


def _stop(screen: Screen, stopped: list[Any]) -> None:
    from migrate import servers

    result = {server.name: servers.stop(server) for server in stopped}
    for name, was_running in result.items():
        screen.say(f"{name}: {'stopped' if was_running else 'was not running'}")
    if screen.as_json:
        screen.document({"stopped": result})


def _leave_with(screen: Screen, findings: Any) -> None:
    for finding in findings:
        screen.say(f"[red]{escape(finding)}[/red]")
    _leave(FINDINGS if findings else CLEAN)


def _leave(code: int) -> None:
    if code:
        raise typer.Exit(code)


def main() -> None:
    """Run the command line and turn what went wrong into one clear message and an exit code."""
    from migrate import failures

    try:
        app()
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            print("Interrupted. `migrate run` continues where it stopped.", file=sys.stderr)  # noqa: T201
        raise
    except Exception as error:  # noqa: BLE001  # the last place where a failure can be explained
        message = failures.explain(error)
        print(f"migrate: {message}", file=sys.stderr)  # noqa: T201
        if "--json" in sys.argv:
            Screen(as_json=True).document({"error": message})
        sys.exit(BROKEN)


if __name__ == "__main__":
    main()
