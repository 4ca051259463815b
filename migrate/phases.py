"""The four phases of a run. Each does its work and says what it found; the gate is passed when nothing was found."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rich.markup import escape

import extract.hubspot
import extract.intercom
import extract.salesforce
import extract.sources
import load.apply
import load.feeds
import load.ledger
import load.planning
import load.plans
import load.rejects
from extract.salesforce import Extracted
from extract.sources import SourceObject
from load.feeds import Feed
from load.guards import GuardError, guards
from load.plan import Plan
from load.planning import Reading
from load.plans import Stored
from load.target import LoadError
from migrate import backup, coverage, systems, transform
from migrate.coverage import Coverage
from migrate.errors import SetupError
from migrate.progress import noted
from migrate.runs import now, rows
from migrate.screen import Screen
from migrate.settings import Settings
from migrate.transform import Progress

# Unit tests try the SQL on made-up rows: they belong to a change of the SQL, not to a run on data.
ON_DATA = ("--exclude-resource-type", "unit_test")
BEFORE_LOAD = (*ON_DATA, "--exclude", "tag:reconciliation")
AFTER_LOAD = (*ON_DATA, "--select", "tag:reconciliation")


@dataclass(frozen=True, slots=True)
class Work:
    """What every phase needs, and what the operator asked of this call.

    `resend`: send again what the last read-back found missing or different in a target.
    `retry_refused`: send again what a target refused, though it has not changed.
    `most_archived_share`: archive at most this share of a feed, 0 to 1; the loader's own limit when None.
    `allow_first_load`: more records than the settings say may go to a target to which nothing was loaded before.
    `archive_deleted`: archive what is in the marts no more, of objects that ask.
    `changes`: read back only what changed in HubSpot since the read-back before.
    """

    settings: Settings
    connection: Any
    run_id: str
    screen: Screen
    resend: bool = False
    retry_refused: bool = False
    most_archived_share: float | None = None
    allow_first_load: bool = False
    archive_deleted: bool = False
    changes: bool = False

    @contextmanager
    def bars(self, phase: str, title: str) -> Iterator[Progress]:
        """Give a function (label, done, total or None) that moves bars on the screen and is noted in OPS.PROGRESS."""
        with (
            self.screen.bars(title) as advance,
            noted(self.settings.target, self.run_id, phase, advance) as progress,
        ):
            yield progress


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a phase did, and the findings that keep its gate shut."""

    detail: Mapping[str, Any]
    findings: Sequence[str] = field(default=())


def extract_phase(
    work: Work, *, full: bool = False, thorough: bool = False, only: Sequence[str] = ()
) -> Outcome:
    """Copy the declared objects into raw, and the targets' owners, which the mapping needs.

    Gate: every object's rows landed equal the rows of its pages and the source's COUNT(), and there are any.
    """
    systems.check_accounts(work.settings)
    chosen = _chosen(extract.sources.declared(transform.manifest(work.settings)), only)
    landing_dir = work.settings.home / "landing"
    client = systems.salesforce(work.settings)
    told: list[str] = []

    def warn(text: str) -> None:
        if text not in told:
            told.append(text)
            work.screen.say(f"[yellow]{escape(text)}[/yellow]")

    def copy(sources: Sequence[SourceObject], *, full: bool, thorough: bool) -> list[Extracted]:
        with work.bars("extract", "extract") as progress:
            return extract.salesforce.extract(
                client,
                work.connection,
                sources,
                run_id=work.run_id,
                landing_dir=landing_dir,
                full=full,
                thorough=thorough,
                progress=progress,
                warn=warn,
                settings=_reading(work.settings),
            )

    extracted = {one.object: one for one in copy(chosen, full=full, thorough=thorough)}
    # Purged records would stay live in raw for ever, and with them in the targets.
    purged = [source for source in chosen if extracted[source.name].vanished]
    extracted |= {one.object: one for one in (copy(purged, full=False, thorough=True) if purged else [])}
    systems.read_owners(work.settings, work.connection, work.run_id, landing_dir)
    for one in extracted.values():
        if one.status != "failed" and (new := _without(told, one.message)):
            warn(new)
    findings = [one.message for one in extracted.values() if one.status == "failed"]
    if not findings and not any(one.raw_count for one in extracted.values()):
        findings.append(
            "Salesforce gave no record at all: check what its login may see, or seed the stand-in"
        )
    return Outcome({"objects": [asdict(one) for one in extracted.values()]}, findings)


def _without(told: Sequence[str], message: str) -> str:
    """Give what a message says beyond what was said before the run."""
    for text in told:
        message = message.replace(text, "")
    return " ".join(message.split())


def plan_extract(work: Work, *, full: bool = False, only: Sequence[str] = ()) -> Outcome:
    """Say what `extract_phase` would read and what of Salesforce's day that costs; starts no job.

    Finding: an object that cannot be described, or less left above the floor than is needed.
    """
    planned = extract.salesforce.plan(
        systems.salesforce(work.settings),
        work.connection,
        _chosen(extract.sources.declared(transform.manifest(work.settings)), only),
        full=full,
        settings=_reading(work.settings),
    )
    left = {name: asdict(known) for name, known in planned.left.items()}
    refused = [each.message for each in planned.objects if each.mode == "refused"]
    detail = {
        "objects": [asdict(each) for each in planned.objects],
        "total": asdict(planned.total),
        "budget": {"floor": planned.floor, **left},
    }
    return Outcome(detail, [*refused, *planned.shortages])


def discover(settings: Settings) -> list[dict[str, Any]]:
    """Give the org's queryable objects with their estimated rows, and whether the sources YAML declares them."""
    names = {source.name for source in extract.sources.declared(transform.manifest(settings))}
    found = extract.salesforce.discover(systems.salesforce(settings))
    return [{**asdict(each), "declared": each.object in names} for each in found]


def declare(settings: Settings, names: Sequence[str]) -> dict[str, Any]:
    """Append objects of the org to the sources YAML; those already there are left alone.

    Raises:
        SetupError: the org has no such object, or nothing can be appended to the file; nothing is written then.
    """
    manifest, sf = transform.manifest(settings), systems.salesforce(settings)
    already = {source.name for source in extract.sources.declared(manifest)}
    found = {each.object: each for each in extract.salesforce.discover(sf)}
    new = [name for name in dict.fromkeys(names) if name not in already]
    for name in new:
        if name not in found:
            raise SetupError(f"The org has no object {name} that can be queried{_nearest(name, [*found])}")
    tables = [
        extract.sources.table(
            name, f"{found[name].label_plural} of the org.", extract.salesforce.record_fields(sf, name)
        )
        for name in new
    ]
    file = extract.sources.declaration(manifest)
    try:
        extract.sources.declare(file, tables)
    except ValueError as error:
        raise SetupError(str(error)) from error
    return {
        "file": str(file),
        "declared": new,
        "already_declared": [name for name in dict.fromkeys(names) if name in already],
    }


def _reading(settings: Settings) -> extract.salesforce.Settings:
    return extract.salesforce.Settings(
        floor=settings.salesforce_budget_floor, salt=settings.salesforce_hash_salt.get_secret_value()
    )


def _chosen(declared: Sequence[SourceObject], only: Sequence[str]) -> list[SourceObject]:
    names = [source.name for source in declared]
    for name in only:
        if name not in names:
            raise SetupError(f"{name} is not declared in _salesforce__sources.yml{_nearest(name, names)}")
    return [source for source in declared if not only or source.name in only]


def _nearest(name: str, names: Sequence[str]) -> str:
    found = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {found[0]}?" if found else ""


def build_phase(work: Work, arguments: Sequence[str] = BEFORE_LOAD) -> Outcome:
    """Build and test the models.

    Gate: no model or test failed, and the share of quarantined records is within the threshold.
    """
    built = _build(work, arguments)
    if built.findings:
        return built
    share, allowed = _quarantine_share(work.connection), transform.thresholds()["quarantine_share"]
    finding = (
        f"{share:.1%} of the records are in quarantine, {allowed:.1%} are allowed: see quality.quarantine"
    )
    return Outcome({**built.detail, "quarantine_share": share}, [finding] if share > allowed else [])


def _build(work: Work, arguments: Sequence[str]) -> Outcome:
    with work.bars("build", "build") as progress:
        built = transform.build(work.settings, arguments, progress)
    findings = [f"{node.unique_id}: {node.status}: {_first_line(node.message)}" for node in built.failed]
    if not built.nodes:
        findings.append("dbt found nothing to build: check the selection")
    return Outcome(
        {"nodes": len(built.nodes), "failed": len(built.failed), "warned": len(built.warned)}, findings
    )


def _first_line(message: str) -> str:
    return next(iter(message.splitlines()), "no message")


def load_phase(work: Work, stored: Stored | None = None) -> Outcome:
    """Carry out a plan, or make one first: back up what the targets hold, provision and send.

    Gate: of what the marts hold, the share that the targets refused or that could not be sent is below the threshold.

    Raises:
        LoadError: the preflight found what has to be mended first, or nobody agreed to what needs a word.
    """
    systems.check_accounts(work.settings)
    stored = stored or make_plan(work, reading="nothing")
    _require_clear(stored)
    plan = _agreed(work, stored.plan)
    feeds = declared_feeds(work.settings)
    backed_up = backup.before_load(work, plan, feeds)
    with work.bars("load", "load") as progress:
        applied = load.apply.apply(
            work.connection,
            plan,
            systems.targets(work.settings),
            run_id=work.run_id,
            spool_dir=work.settings.home / "spool",
            progress=progress,
            # What is above the usual share was agreed to.
            most_archived_share=1.0,
        )
    detail = {
        "plan_id": plan.plan_id,
        **applied.as_dict(),
        "backed_up": [asdict(part) for part in backed_up],
    }
    return Outcome(detail, _load_findings(work.connection, feeds))


def _require_clear(stored: Stored) -> None:
    """Stop before the first write, with all that the preflight found, when something of it has to be mended first."""
    allowed = transform.thresholds()["failed_share"]
    sent = {(each.feed.target, each.feed.object): each.to_send for each in stored.plan.feeds}
    bad = [
        finding.message
        for finding in stored.findings
        if finding.stops or finding.rows > allowed * sent.get((finding.target, finding.object or ""), 0)
    ]
    if bad:
        raise LoadError(
            "Nothing was written, for this has to be mended first:\n" + "\n".join(f"- {each}" for each in bad)
        )


def _agreed(work: Work, plan: Plan) -> Plan:
    """Ask for what needs somebody's word; give the plan with the deletions that were agreed to.

    Raises:
        GuardError: nobody agreed.
    """
    feeds = []
    for planned in plan.feeds:
        question = (
            f"{planned.feed.label}: {planned.kept:,} are no longer in the mart. Archive them in the target?"
        )
        if planned.feed.when_deleted == "ask" and planned.kept:
            if work.archive_deleted or work.screen.ask(question):
                feeds.append(replace(planned, archive=planned.kept, kept=0))
                continue
            work.screen.say(
                f"{planned.feed.label}: {planned.kept:,} that were deleted stay; --archive-deleted archives them."
            )
        feeds.append(planned)
    agreed = replace(plan, feeds=tuple(feeds))
    share = {} if work.most_archived_share is None else {"most_archived_share": work.most_archived_share}
    for guard in guards(agreed, most_new=work.settings.first_load_limit, **share):
        allowed = guard.name == "first load" and work.allow_first_load
        if not allowed and not work.screen.ask(f"{guard.message} Go on?"):
            raise GuardError(f"{guard.message} Nothing was sent.")
    return agreed


def forget_unverified(connection: Any) -> None:
    """Correct the ledger by the last read-back: what is missing was not loaded, what differs was loaded otherwise.

    Both are planned again by it. The attempts stay: what was sent before remains on record.
    """
    cursor = connection.cursor()
    cursor.execute("""
        delete from ops.load_ledger using (
            select target, object, record_key from reconciliation.recon_record where status = 'missing'
            union
            select target, object, link_key as record_key from reconciliation.recon_association
            where status = 'missing'
        ) as missing
        where load_ledger.target = missing.target
            and load_ledger.object = missing.object
            and load_ledger.record_key = missing.record_key""")
    cursor.execute(f"""
        update ops.load_ledger set row_hash = '{load.ledger.OVERWRITE}', kept = null from (
            select distinct target, object, record_key from reconciliation.recon_field where not is_kept
        ) as different
        where load_ledger.target = different.target
            and load_ledger.object = different.object
            and load_ledger.record_key = different.record_key""")


def make_plan(
    work: Work,
    *,
    reading: Reading = "updates",
    target: str | None = None,
    only: Sequence[str] = (),
) -> Stored:
    """Bring a killed run's leftovers into the ledger, compare the marts with it and the targets, and keep the plan.

    `reading`: what is read of the targets; `target` and `only` choose some feeds.
    """
    load.ledger.replay(work.connection, work.settings.home / "spool")
    if work.resend:
        forget_unverified(work.connection)
    with work.bars("load", "plan") as progress:
        return load.planning.make(
            work.connection,
            chosen_feeds(work.settings, target, only),
            systems.targets(work.settings),
            work.settings.home / "spool",
            retry_refused=work.retry_refused,
            reading=reading,
            progress=progress,
        )


def chosen_feeds(settings: Settings, target: str | None, only: Sequence[str]) -> list[Feed]:
    """Give the declared feeds of a target, of both without one, or only some of its objects.

    Raises:
        SetupError: no exposure declares what was named.
    """
    feeds = declared_feeds(settings)
    for name, known in [
        (target, {feed.target for feed in feeds}),
        *((each, {feed.object for feed in feeds}) for each in only),
    ]:
        if name is not None and name not in known:
            raise SetupError(f"No exposure declares {name}; there are {', '.join(sorted(known))}")
    return [feed for feed in feeds if target in (None, feed.target) and (not only or feed.object in only)]


def find_plan(work: Work, plan_id: str) -> Stored:
    """Give a plan that was made before, if it may still be carried out."""
    load.ledger.replay(work.connection, work.settings.home / "spool")
    return load.plans.find(
        work.connection, plan_id, declared_feeds(work.settings), systems.targets(work.settings)
    )


def show_plan(work: Work, plan_id: str | None, key: str) -> list[dict[str, Any]]:
    """Give what a plan, the latest without an id, does with one record; personal values are masked as the variable says."""
    stored, _, _ = load.plans.read(work.connection, declared_feeds(work.settings), plan_id)
    return load.plans.show(work.connection, stored, key, masked=transform.masks_pii())


def declared_feeds(settings: Settings) -> list[Feed]:
    """Give what is pushed where, from the exposures."""
    return load.feeds.feeds(transform.manifest(settings))


def reconcile_phase(work: Work, sample: int | None = None) -> Outcome:
    """Read both targets back and compare them with the marts, record by record and field by field.

    With `sample` only so many records of each object are read back, and the marts describe these.
    Gate: accuracy and unexplained loss of every object are within the thresholds.
    """
    systems.check_accounts(work.settings)
    feeds = declared_feeds(work.settings)
    links = {feed.object for feed in feeds if feed.kind == "link"}
    with work.bars("reconcile", "read back") as progress:
        covered = _read_back(work, feeds, sample, progress)
    built = _build(work, AFTER_LOAD)
    objects = reconciliation(work.connection)
    allowed = transform.thresholds()
    findings = list(built.findings)
    for one in objects:
        name = f"{one['target']} {one['object']}"
        if one["accuracy"] < allowed["accuracy"]:
            findings.append(
                f"{name}: accuracy {one['accuracy']:.2%}, at least {allowed['accuracy']:.2%} is asked; checked: {covered}"
            )
        if one["unexplained_loss"] > allowed["unexplained_loss"]:
            place = "recon_association" if one["object"] in links else "recon_record"
            findings.append(
                f"{name}: {one['unexplained_loss']} without an explanation, see reconciliation.{place}; "
                "`migrate run --resend` sends again what a target has lost or changed"
            )
    if sample is not None or work.changes:
        work.screen.say(f"Checked: {covered}.")
    return Outcome({"objects": objects, "checked": covered.checked, "coverage": str(covered)}, findings)


def _read_back(work: Work, feeds: Sequence[Feed], sample: int | None, progress: Any) -> Coverage:
    if sample is None:
        began_at = now()
        since = coverage.last_read(work.connection, feeds) if work.changes else {}
        changed = systems.read_back(work.settings, work.connection, work.run_id, feeds, progress, since=since)
        return coverage.whole(work.connection, work.run_id, feeds, began_at, changed)
    chosen = coverage.sample(work.connection, work.run_id, feeds, sample)
    systems.read_back_sample(
        work.settings, work.connection, work.run_id, feeds, chosen.sample or {}, progress
    )
    return chosen


def reconciliation(connection: Any) -> list[dict[str, Any]]:
    """Give one row per target object, as the sign-off asks: counts, accuracy between 0 and 1, unexplained loss."""
    found = rows(
        connection,
        "select target, object, source_records as source, merged, quarantined, refused, failed, sent, verified, "
        "mismatched, mismatching_fields, unexpected, unchecked, accuracy, unexplained_loss "
        "from reconciliation.recon_object order by target, object",
    )
    return [{**row, "accuracy": float(row["accuracy"])} for row in found]


def _quarantine_share(connection: Any) -> float:
    found = rows(
        connection,
        "select (select count(distinct object, record_id) from quality.quarantine "
        "where scope = 'record' and object <> 'links') as held_back, "
        "(select count(*) from intermediate.int_records_crosswalk) as records",
    )[0]
    return float(found["held_back"] / max(1, found["records"]))


def _load_findings(connection: Any, feeds: Sequence[Feed]) -> list[str]:
    allowed = transform.thresholds()["failed_share"]
    return [
        f"{one.target} {one.object}: {one.rejected} of {one.sent} records refused or failed, "
        f"{allowed:.1%} are allowed: see `migrate rejects`"
        for one in load.rejects.shares(connection, feeds)
        if one.rejected / one.sent > allowed
    ]
