"""HubSpot: upserts of a hundred records, links by the thousand, every answer matched to its record.

The setup calls are the SDK's typed ones (`load.hubspot.schema`). The hot path sends its own JSON through the SDK's
connection pool, because the SDK's models cost five times as much as the rest of a call. Where the calls go, and in which
version of the API: `load.hubspot.paths`.
"""

import json
import math
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import msgspec
import structlog
import urllib3
from msgspec.structs import replace

from load.answer import Answer
from load.drift import settled
from load.feeds import Feed
from load.hubspot import account, forget, restore
from load.hubspot.calls import Calls
from load.hubspot.files import Files, attached, calls_needed
from load.hubspot.lifecycle import forward_only
from load.hubspot.links import LinkTypes, linked
from load.hubspot.objects import is_missing, provision_objects
from load.hubspot.optouts import carry_over
from load.hubspot.paths import paths
from load.hubspot.pipelines import Pipelines
from load.hubspot.references import References
from load.hubspot.schema import provision
from load.hubspot.wire import (
    RECORDS_PER_CALL,
    Input,
    Match,
    all_taken,
    existing_id,
    input_by_id,
    link_input,
    link_reference,
    matched_by_ends,
    matched_by_trace,
    message_of,
    overwriting,
    present,
    record_input,
    refused_by,
    vanished,
)
from load.pacing import DAY_FREE, SHARE_FREE, Limiter, Patience
from load.stage import Stage
from load.target import (
    ASSOCIATION_TYPE,
    VALUE,
    Definition,
    LoadError,
    Present,
    Result,
    Room,
    Row,
    SchemaChange,
    SchemaChangedError,
    TargetUnavailableError,
    WrongAccountError,
    only_reading,
)
from load.threads import CutShort, concurrently
from load.undo_links import Linked

log = structlog.get_logger()

LINKS_PER_CALL = 2_000
# The smallest account's budget, until the first answer says what this one's is.
CALLS_PER_WINDOW = 100
WINDOW_SECONDS = 10.0
ATTEMPTS = 8
UNANSWERED_IN_A_ROW = 3


Work = TypeVar("Work")


class HubSpot:
    """A HubSpot account as a target. Safe to share between threads; `repr` and logs never show the token.

    base_url: scheme and host, without a slash at the end; both the typed and the raw calls go there.
    expected_account: the portal id that the token must belong to; None takes any.
    threads: calls at a time. At 0.45 s a call of 100 records, 8 are too few for 190 calls in 10 s and 12 are enough.
    share_free, day_free: what is left to the account's other apps, of ten seconds and of a day; 0 to 1.
    create_options: options that a mart declares and a property lacks are added; otherwise they stop the load.
    version: of the API, one of `load.hubspot.paths.VERSIONS`.
    stage: where the files lie that notes name; None where they name none.
    pool: sends the raw calls, by default the SDK's own urllib3 pool.
    """

    name = "hubspot"
    checklist = account.CHECKLIST

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        expected_account: str | None = None,
        threads: int = 12,
        share_free: float = SHARE_FREE,
        day_free: float = DAY_FREE,
        records_per_call: int = RECORDS_PER_CALL,
        links_per_call: int = LINKS_PER_CALL,
        create_options: bool = True,
        attempts: int = ATTEMPTS,
        version: str = "v3",
        stage: Stage | None = None,
        pool: urllib3.PoolManager | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        self._expected_account = expected_account
        self._threads = threads
        self._records_per_call = records_per_call
        self._links_per_call = links_per_call
        self._create_options = create_options
        self._paths = paths(version)
        self._limiter = limiter or Limiter(
            CALLS_PER_WINDOW, WINDOW_SECONDS, share_free=share_free, day_free=day_free
        )
        self._patience = Patience(UNANSWERED_IN_A_ROW)
        self._calls = Calls(
            base_url,
            token,
            connections=threads,
            attempts=attempts,
            limiter=self._limiter,
            version=version,
            pool=pool,
        )
        self._ask = self._calls.ask
        self._link_types = LinkTypes(self._ask, self._paths)
        self._pipelines = Pipelines(self._ask, self._paths["pipelines"])
        self._references = References(self._found, records_per_call)
        self._files = Files(self._ask, self._paths, stage)
        self._records = 0
        self._adopted: set[str] = set()
        self._adopting = threading.Lock()

    def __repr__(self) -> str:
        return f"HubSpot({self._calls.base_url!r})"

    @property
    def calls_per_second(self) -> float:
        """How many calls the limiter lets through on average."""
        return self._limiter.calls_per_second

    @property
    def calls(self) -> int:
        """How many calls were made since the start, retries included."""
        return self._limiter.calls

    @property
    def records(self) -> int:
        """How many records and links HubSpot took since the start."""
        return self._records

    def check_account(self) -> str:
        """Give the portal id.

        Raises:
            AccessDeniedError: HubSpot refused the token.
            WrongAccountError: the token belongs to another account than `expected_account`.
        """
        known = str(self._ask("GET", self._paths["account"]).content.get("portalId", ""))
        if not known:
            raise LoadError(
                f"{self._calls.base_url} does not answer like HubSpot. Check the address in the settings."
            )
        if self._expected_account not in (None, "", known):
            raise WrongAccountError(
                f"The HubSpot token belongs to account {known}, and {self._expected_account} was expected. "
                "Nothing was sent. Check the token and the account id in the settings."
            )
        return known

    def provision(self, feeds: Sequence[Feed], *, dry_run: bool = False) -> list[SchemaChange]:
        """Create the objects, groups, properties, options, pipelines, stages and labels that the feeds need, or only say which.

        Raises:
            SchemaConflictError: HubSpot has them otherwise; nothing was changed.
        """
        call = only_reading(self._calls.typed) if dry_run else self._calls.typed
        changes = [*provision_objects(feeds, self._ask, self._paths, dry_run=dry_run)]
        # An object that is not there yet has no properties to compare with.
        new = {change.object for change in changes} if dry_run else set()
        changes += provision(
            self._calls.properties,
            self._calls.groups,
            [feed for feed in feeds if feed.object not in new],
            call,
            create_options=self._create_options,
        )
        changes += self._pipelines.provision(feeds, dry_run=dry_run)
        return [*changes, *self._link_types.provision(feeds, dry_run=dry_run)]

    def definitions(self, feed: Feed) -> Mapping[str, Definition]:
        """Give types, options, stages and owners as they are now; see `load.target.Target`."""
        if feed.kind == "link" or is_missing(feed, self._ask, self._paths):
            return {}
        known = self._calls.typed(self._calls.properties.get_all, feed.object)
        return account.definitions(known, feed, self._ask, self._paths, self._pipelines)

    def room(self) -> Sequence[Room]:
        """Give the limits of records, custom properties, associations and calls of the day."""
        return [*account.room(self._ask, self._paths)]

    def calls_needed(self, feed: Feed, *, create: int, update: int, archive: int, files: int = 0) -> int:
        """Count batches: one for so many rows, one that reads a hundred before they are overwritten; and calls for files."""
        most = self._links_per_call if feed.kind == "link" else self._records_per_call
        reads = 0 if feed.kind == "link" else math.ceil(update / self._records_per_call)
        batches = math.ceil((create + update) / most) + reads + math.ceil(archive / self._records_per_call)
        return batches + calls_needed(feed, files=files, archive=archive)

    def spelled(self, feed: Feed, rows: Sequence[Row]) -> Sequence[Row]:
        """Give the rows with HubSpot's ids of products, files, pipelines and stages; see `load.target.Target`."""
        rows = self._references.spelled(feed, rows, unknown_as_they_are=True)
        return self._pipelines.spelled(feed, self._files.spelled(feed, rows))

    def read(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Present]]:
        """Read records, or which of the links there are, a hundred a call; see `load.target.Target`."""
        work = self._links_there if feed.kind == "link" else partial(self._there, feed)
        for several in concurrently(work, _batches(rows, self._records_per_call), self._threads):
            yield [present for one in several for present in one]

    def send(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Upsert records by the feed's key, or create links; see `load.target.Target`."""
        if feed.kind == "link":
            yield from self._side_by_side(self._link, self._links(rows))
        else:
            batches = _batches(rows, self._records_per_call)
            opts_out = any(column.opts_out for column in feed.columns)
            work = self._upsert_people if opts_out else self._upsert
            yield from self._side_by_side(partial(work, feed), batches)

    def archive(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Archive records, or remove links, by their `target_id`; see `load.target.Target`."""
        work = self._unlink if feed.kind == "link" else partial(self._archive, feed)
        yield from self._side_by_side(work, _batches(rows, self._records_per_call))

    def restore(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Write values over records; see `load.rollback.Reversible`."""
        path = self._paths["update"].format(object=feed.object)
        work = partial(restore.put_back, path=path, batch=self._batch)
        yield from self._side_by_side(work, _batches(rows, self._records_per_call))

    def bring_back(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Refuse every row: HubSpot's API restores no archived record."""
        for several in _batches(rows, self._records_per_call):
            yield [restore.not_brought_back(row, feed.object) for row in several]

    def linked(self, _: Feed, starts: Iterable[str]) -> Iterator[tuple[str, Linked]]:
        """Give the links with these first ends; see `load.rollback.Reversible`."""
        yield from linked(starts, self._paths, self._ask)

    def relink(self, _: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Take types from links and give them; see `load.rollback.Reversible`."""
        work = partial(restore.relink, paths=self._paths, batch=self._batch)
        yield from self._side_by_side(work, _batches(rows, self._records_per_call))

    def people(self, addresses: Sequence[str]) -> list[str]:
        """Give the ids of the contacts with these addresses; see `load.reversal.Reversible`."""
        return forget.people(addresses, self._paths, self._forgetting)

    def forget(self, contact_id: str) -> bool:
        """Delete a contact for good; see `load.reversal.Reversible`."""
        return forget.forget(contact_id, self._paths, self._forgetting, self._files)

    def _forgetting(self, method: str, path: str, body: str) -> Answer:
        return self._ask(method, path, body, may_be_gone=True)

    def _side_by_side(
        self, work: Callable[[Work], Iterable[Result]], items: Iterable[Work]
    ) -> Iterator[list[Result]]:
        for several in concurrently(partial(_answered, work), items, self._threads):
            results = [result for one in several for result in one]
            self._records += sum(result.status == "succeeded" for result in results)
            yield results

    # records

    def _upsert(self, feed: Feed, rows: Sequence[Row]) -> Iterator[Result]:
        try:
            rows, refused = self._files.uploaded(feed, self._references.spelled(feed, rows))
            rows = self._pipelines.spelled(feed, rows)
            there, moved, gone = self._known(feed, rows)
        except TargetUnavailableError as error:
            self._patience.unanswered(error)
            yield from (row.failed(str(error)) for row in rows)
            return
        yield from refused
        inputs: list[Input] = []
        for row in rows:
            try:
                inputs.append(_prepared(feed, row, moved.get(row.record_key) or there.get(row.record_key)))
            except RefusedError as refused:
                yield refused.result
        yield from self._follow(feed, [one for one in inputs if one.row.record_key in moved], moved)
        inputs = [_anew(one) if one.row.target_id in gone else one for one in inputs]
        inputs = [one for one in inputs if one.row.record_key not in moved]
        path = self._paths["upsert"].format(object=feed.object)
        in_the_way: dict[str, Result] = {}
        for result in self._batch(path, inputs, matched_by_trace, feed):
            if existing_id(result) is None:
                yield overwriting(result, there.get(result.record_key))
            else:
                in_the_way[result.record_key] = result
        if in_the_way:
            known = {one.row.record_key: one for one in inputs}
            yield from self._adopt(feed, [(known[key], result) for key, result in in_the_way.items()])

    def _upsert_people(self, feed: Feed, rows: Sequence[Row]) -> Iterator[Result]:
        """Upsert, then carry over who opted out, also of what was answered before an error."""
        results: list[Result] = []
        try:
            for result in self._upsert(feed, rows):
                results.append(result)  # noqa: PERF402  what came before an error is kept
        except LoadError:
            yield from carry_over(self._ask, self._paths["unsubscribe"], feed, rows, results)
            raise
        yield from carry_over(self._ask, self._paths["unsubscribe"], feed, rows, results)

    def _known(
        self, feed: Feed, rows: Sequence[Row]
    ) -> tuple[dict[str, Mapping[str, Any]], dict[str, Mapping[str, Any]], AbstractSet[str]]:
        """Look up the records that the ledger knows, with the properties that are about to be overwritten.

        Gives, by our key, those that are there. Then those that are written by their ids: records that still have the
        row's former key, and those that theirs were merged into. HubSpot answers an old id with the survivor, and sent by
        our key such a row would bring back the record that somebody merged away. And the ids that are there no more.
        """
        known = {row.target_id: row for row in rows if row.target_id is not None}
        there: dict[str, Mapping[str, Any]] = {}
        moved: dict[str, Mapping[str, Any]] = {}
        gone = set(known)
        for record in self._read(feed, known, "hs_merged_object_ids"):
            gone.discard(str(record["id"]))
            if (row := known.get(str(record["id"]))) is not None:
                has_former_key = (
                    row.former_key is not None and record["properties"].get(feed.key) == row.former_key
                )
                (moved if has_former_key else there)[row.record_key] = record
            before = str(record["properties"].get("hs_merged_object_ids") or "").split(";")
            for old in set(before) & known.keys() - {str(record["id"])}:
                moved[known[old].record_key] = record
                gone.discard(old)
        return there, moved, gone

    def _follow(
        self, feed: Feed, inputs: Sequence[Input], moved: Mapping[str, Mapping[str, Any]]
    ) -> Iterator[Result]:
        """Update by id what is the rows' own, also under a former key, or nobody's; say of the others whose they are."""
        ours: list[Input] = []
        for one in inputs:
            survivor = moved[one.row.record_key]
            owner = survivor["properties"].get(feed.key)
            if owner in (None, "", one.row.record_key, one.row.former_key):
                ours.append(input_by_id(one, str(survivor["id"])))
            else:
                yield one.row.merged(str(survivor["id"]), owner, one.payload)
        path = self._paths["update"].format(object=feed.object)
        for result in self._batch(path, ours, matched_by_trace, feed):
            yield overwriting(result, moved[result.record_key])

    def _adopt(self, feed: Feed, refused: Sequence[tuple[Input, Result]]) -> Iterator[Result]:
        """Update records that HubSpot had before, found by e-mail, and give them our key. Others' keys are not touched.

        A row that has a record of its own gets no second one.
        """
        found = {one.row.record_key: str(existing_id(result)) for one, result in refused}
        try:
            unowned = self._unowned(feed, set(found.values()))
        except TargetUnavailableError as error:
            yield from self._unanswered([one for one, _ in refused], error)
            return
        ours: dict[str, Input] = {}
        for one, result in refused:
            hubspot_id = found[one.row.record_key]
            is_free = one.row.target_id in (None, hubspot_id) and hubspot_id in unowned
            # Of two rows with the same address only the first may have the record.
            if feed.policy == "upsert" and is_free and hubspot_id not in ours:
                ours[hubspot_id] = input_by_id(one, hubspot_id)
            else:
                yield result
        path = self._paths["update"].format(object=feed.object)
        for result in self._batch(path, [*ours.values()], matched_by_trace, feed):
            yield overwriting(result, unowned[found[result.record_key]])
        log.info("records_adopted", object=feed.object, records=len(ours))

    def _unowned(self, feed: Feed, hubspot_ids: set[str]) -> dict[str, Mapping[str, Any]]:
        """Give those records that have no key yet, by their ids, each to one caller only."""
        without_key = {
            str(record["id"]): record
            for record in self._read(feed, hubspot_ids)
            if not record["properties"].get(feed.key)
        }
        with self._adopting:
            free = without_key.keys() - self._adopted
            self._adopted |= free
        return {hubspot_id: without_key[hubspot_id] for hubspot_id in free}

    def _there(self, feed: Feed, rows: Sequence[Row]) -> list[Present]:
        """Read records by their ids, also the one that theirs was merged into; those without an id by our key."""
        found: dict[str, Mapping[str, Any]] = {}
        for record in self._read(feed, filter(None, (row.target_id for row in rows)), "hs_merged_object_ids"):
            merged = str(record["properties"].get("hs_merged_object_ids") or "").split(";")
            found |= dict.fromkeys((str(record["id"]), *merged), record)
        unknown = [row.record_key for row in rows if row.target_id is None]
        keyed = {record["properties"][feed.key]: record for record in self._read(feed, unknown, by=feed.key)}
        records = [
            (row, found.get(row.target_id) if row.target_id else keyed.get(row.record_key)) for row in rows
        ]
        return [present(feed, row, record) for row, record in records]

    def _read(
        self, feed: Feed, ids: Iterable[str], *names: str, by: str | None = None
    ) -> list[Mapping[str, Any]]:
        """Read records with our key, the feed's properties and these; those that are gone are left out.

        `by`: the unique property whose values the ids are, HubSpot's own ids if None.
        """
        inputs = [{"id": each} for each in dict.fromkeys(ids)]
        if not inputs:
            return []
        properties = [feed.key, *(column.name for column in feed.columns), *names]
        asked = {"properties": properties, "propertiesWithHistory": [], "inputs": inputs}
        path = self._paths["read"].format(object=feed.object)
        answer = self._ask("POST", path, json.dumps({**asked, "idProperty": by} if by else asked))
        if not answer.ok:
            raise LoadError(f"HubSpot did not let {feed.object} be read: {message_of(answer)}")
        return [*answer.content.get("results", ())]

    def _found(self, object_: str, key: str, values: Sequence[str]) -> Iterable[Mapping[str, Any]]:
        """Read records of any object by a unique property, with that property alone."""
        inputs = [{"id": value} for value in values]
        asked = {"idProperty": key, "properties": [key], "propertiesWithHistory": [], "inputs": inputs}
        answer = self._ask("POST", self._paths["read"].format(object=object_), json.dumps(asked))
        results: list[Mapping[str, Any]] = answer.content.get("results", [])
        return results

    def _archive(self, feed: Feed, rows: Sequence[Row]) -> Iterator[Result]:
        yield from (row.succeeded(None) for row in rows if row.target_id is None)
        rows = [row for row in rows if row.target_id is not None]
        if any(column.names_files for column in feed.columns):
            # First: a note that is gone names its files to nobody who deletes them later.
            try:
                notes = self._read(feed, (str(row.target_id) for row in rows))
                self._files.delete(file_id for note in notes for file_id in attached(note, feed))
            except TargetUnavailableError as error:
                self._patience.unanswered(error)
                yield from (row.failed(str(error)) for row in rows)
                return
        inputs = [Input(row, None, {"id": row.target_id}) for row in rows]
        yield from self._batch(self._paths["archive"].format(object=feed.object), inputs, all_taken)

    # links

    def _links(self, rows: Iterable[Row]) -> Iterator[tuple[tuple[str, str], list[Row]]]:
        """Gather links by their pair of objects, which is part of the path, no two of them with the same ends.

        An answer names the ends and not the type, so two roles of one contact in one call could not be told apart.
        """
        gathered: dict[tuple[str, str], list[dict[tuple[str, str], Row]]] = defaultdict(list)
        for row in rows:
            pair = row.values["from_object"], row.values["to_object"]
            ends = row.values["from_id"], row.values["to_id"]
            batches = gathered[pair]
            batch = next((each for each in batches if ends not in each), None)
            if batch is None:
                batches.append(batch := {})
            batch[ends] = row
            if len(batch) == self._links_per_call:
                batches.remove(batch)
                yield pair, [*batch.values()]
        for pair, batches in gathered.items():
            yield from ((pair, [*batch.values()]) for batch in batches)

    def _link(self, links: tuple[tuple[str, str], list[Row]]) -> Iterator[Result]:
        (from_object, to_object), rows = links
        moved = [row for row in rows if row.target_id not in (None, link_reference(row))]
        stuck = set()
        for result in self._unlink(moved):
            if result.status != "succeeded":
                stuck.add(result.record_key)
                yield result
        inputs = []
        for row in rows:
            if row.record_key in stuck:
                continue
            link_type = self._link_types.find(from_object, to_object, row.values["association_type"])
            if link_type is None:
                kind = f"{from_object} to {to_object}, {row.values['association_type']}"
                yield row.refused(ASSOCIATION_TYPE, f"HubSpot has no type for {kind}.")
            else:
                inputs.append(link_input(row, *link_type))
        path = self._paths["link"].format(from_object=from_object, to_object=to_object)
        yield from self._batch(path, inputs, matched_by_ends)

    def _unlink(self, rows: Sequence[Row]) -> Iterator[Result]:
        by_pair: dict[tuple[str, str], list[Input]] = defaultdict(list)
        for row in rows:
            if row.target_id is None:
                yield row.succeeded(None)
                continue
            from_object, from_id, to_object, to_id = row.target_id.split("/")
            wire = {"from": {"id": from_id}, "to": [{"id": to_id}]}
            by_pair[from_object, to_object].append(Input(row, json.dumps(wire), wire))
        for (from_object, to_object), inputs in by_pair.items():
            path = self._paths["unlink"].format(from_object=from_object, to_object=to_object)
            yield from self._batch(path, inputs, all_taken)

    def _links_there(self, rows: Sequence[Row]) -> list[Present]:
        """Say which links there are, asking for those of their first ends."""
        starts = {row.target_id.rpartition("/")[0] for row in rows if row.target_id is not None}
        there = {link for link, _ in linked(starts, self._paths, self._ask)}
        return [Present(row.record_key, row.target_id if row.target_id in there else None) for row in rows]

    # calls

    def _batch(
        self, path: str, inputs: Sequence[Input], match: Match, feed: Feed | None = None
    ) -> Iterator[Result]:
        """Send the inputs in one call and give a result for each, as soon as it is known.

        What the answer does not settle is asked again in halves, down to the one record that is to blame: HubSpot
        names only the first culprit of a batch, or none. `feed`: of records, whose schema may have been changed.
        """
        if not inputs:
            return
        body = msgspec.json.encode({"inputs": [one.wire for one in inputs]})
        try:
            answer = self._ask("POST", path, body)
        except TargetUnavailableError as error:
            yield from self._unanswered(inputs, error)
            return
        self._patience.answered()
        results = match(inputs, answer) if answer.ok else []
        taken = [result for result in results if result.status == "succeeded"]
        lost = vanished(feed, inputs, answer) if feed is not None and len(taken) < len(inputs) else None
        yield from results if lost is None else taken
        if lost is not None:
            raise SchemaChangedError(
                f"HubSpot's {lost} was taken away during the load. Run it again: what is missing is created again, "
                "and the records that have lost a value by it are sent again."
            )
        settled = {result.record_key for result in results}
        open_ = [one for one in inputs if one.row.record_key not in settled]
        if len(inputs) == 1:
            yield from (refused_by(answer, one) for one in open_)
            return
        middle = math.ceil(len(open_) / 2)
        for half in (open_[:middle], open_[middle:]):
            yield from self._batch(path, half, match, feed)

    def _unanswered(self, inputs: Sequence[Input], error: TargetUnavailableError) -> Iterator[Result]:
        self._patience.unanswered(error)
        yield from (one.row.failed(str(error), one.payload) for one in inputs)


def _answered(work: Callable[[Work], Iterable[Result]], item: Work) -> list[Result]:
    """Gather the results of a piece of work; what was answered before an error goes along with it."""
    results: list[Result] = []
    try:
        for result in work(item):
            results.append(result)  # noqa: PERF402  what came before an error is kept
    except Exception as error:
        raise CutShort(results, error) from error
    return results


class RefusedError(Exception):
    """A row that is not sent; `result` says why."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.error_message)
        self.result = result


def _prepared(feed: Feed, row: Row, record: Mapping[str, Any] | None) -> Input:
    """Write a row as it is sent over a record, without what somebody changed there.

    Raises:
        RefusedError: the row is not to be sent.
    """
    ours = row if record is None else settled(feed, row, record["properties"])
    if isinstance(ours, Result):
        raise RefusedError(ours)
    try:
        return record_input(feed, ours if record is None else forward_only(ours, record["properties"]))
    except ValueError as error:
        raise RefusedError(row.refused(VALUE, str(error))) from error


def _anew(one: Input) -> Input:
    """Forget the id of a record that is gone: if it cannot be made anew, the target has none."""
    return replace(one, row=replace(one.row, target_id=None))


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    coming = iter(rows)
    while batch := list(islice(coming, size)):
        yield batch
