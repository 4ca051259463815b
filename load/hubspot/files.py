"""The files that notes name: uploaded from the warehouse's stage before the note, deleted before it.

In the mart a file is where it lies on the stage, the beginning of its digest, and its name: `Attachment/Body/00P…-3fa94c21-a.pdf`.
That is its path in HubSpot too, below FOLDER, so a file is found there whoever uploaded it: another load uploads
nothing, and one that was killed between a file and its note, or got no answer, leaves no second file.
Source: developers.hubspot.com, "Files API".
"""

import json
import math
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from msgspec.structs import replace
from urllib3.filepost import encode_multipart_formdata

from load.answer import Answer
from load.feeds import Feed
from load.hubspot.wire import RECORDS_PER_CALL, correlation_id, message_of
from load.stage import STAGE, Fetch, Stage
from load.target import FILE_MISSING, FILE_REFUSED, LoadError, Result, Row

FOLDER = "/salesforce"
# Whoever has the address of a public file can read it. What is overwritten has the same path, and so the same content.
OPTIONS = {"access": "PRIVATE", "overwrite": True}

Ask = Callable[..., Answer]


class Files:
    """The files of one account below FOLDER. Safe to share between threads; each has one file at a time on the disk.

    stage: where the files come from; None for an account that is sent none.
    """

    def __init__(self, ask: Ask, paths: Mapping[str, str], stage: Stage | None) -> None:
        self._ask, self._paths, self._stage = ask, paths, stage

    def spelled(self, feed: Feed, rows: Sequence[Row]) -> Sequence[Row]:
        """Put HubSpot's ids in the place of files that it has; the others stay as they are."""
        names = _named_by(feed)
        return [
            _with(row, {name: self._id(value) or value for name, value in _files(row, names)}) for row in rows
        ]

    def uploaded(self, feed: Feed, rows: Sequence[Row]) -> tuple[list[Row], list[Result]]:
        """Upload the files that HubSpot does not have; give the rows with its ids, and refuse those whose file it does not take.

        Raises:
            TargetUnavailableError: a call got no answer; the next call goes on from there.
        """
        names = _named_by(feed)
        if not names:
            return [*rows], []
        ready: list[Row] = []
        refused: list[Result] = []
        with ExitStack() as opened:
            fetch: Fetch | None = None
            for row in rows:
                ids = {name: self._id(value) for name, value in _files(row, names)}
                missing = {name: row.values[name] for name, file_id in ids.items() if file_id is None}
                try:
                    if missing:
                        fetch = fetch or opened.enter_context(self._opened())
                        ids |= {name: self._upload(fetch, value, row) for name, value in missing.items()}
                    ready.append(_with(row, ids))
                except _NotTakenError as error:
                    refused.append(error.result)
        return ready, refused

    def delete(self, file_ids: Iterable[str], *, for_good: bool = False) -> None:
        """Delete files, those that were uploaded here only: a user may have attached others.

        for_good: without the time in which HubSpot could still restore them.
        """
        way = self._paths["forget_file" if for_good else "file"]
        for file_id in file_ids:
            path = self._paths["file"].format(id=file_id)
            found = self._ask("GET", path, may_be_gone=True)
            if found.ok and str(found.content.get("path", "")).startswith(f"{FOLDER}/"):
                answer = self._ask("DELETE", way.format(id=file_id), may_be_gone=True)
                if not answer.ok and answer.status != 404:  # noqa: PLR2004
                    raise LoadError(f"HubSpot did not delete file {file_id}: {message_of(answer)}")

    def _opened(self) -> AbstractContextManager[Fetch]:
        if self._stage is None:
            raise LoadError("Notes have files, and no stage was given to take them from.")
        return self._stage()

    def _id(self, value: str) -> str | None:
        """Give the id of a file that HubSpot has."""
        path = quote(f"{FOLDER}/{value}".lstrip("/"))
        found = self._ask("GET", self._paths["file_at"].format(path=path), may_be_gone=True)
        file = found.content.get("file") if found.ok else None
        return str(file["id"]) if file else None

    def _upload(self, fetch: Fetch, value: str, row: Row) -> str:
        staged = value.partition("-")[0]
        with fetch(staged) as file:
            if file is None:
                # It may be there the next time, without a change of the row.
                message = f"The file is not on the stage {STAGE}. Extract its object again."
                raise _NotTakenError(row.failed(message, None, FILE_MISSING))
            form, content_type = _form(file, PurePosixPath(FOLDER, value))
            answer = self._ask("POST", self._paths["upload"], form, content_type=content_type)
        if not answer.ok:
            message = f"HubSpot does not take the file: {answer.content.get('message', 'no reason given')}"
            raise _NotTakenError(row.refused(FILE_REFUSED, message, None, correlation_id(answer)))
        return str(answer.content["id"])


class _NotTakenError(Exception):
    """A file that HubSpot does not get, and with it its note; `result` says why."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.error_message)
        self.result = result


def calls_needed(feed: Feed, *, files: int, archive: int) -> int:
    """Count the calls at most: of a file to be sent to look it up and to upload it, of one to be deleted likewise."""
    if not _named_by(feed):
        return 0
    return 2 * files + math.ceil(archive / RECORDS_PER_CALL) + 2 * archive


def attached(record: Mapping[str, object], feed: Feed) -> list[str]:
    """Give the ids of the files that a record in HubSpot names."""
    properties: Mapping[str, str | None] = record["properties"]  # type: ignore[assignment]
    return [each for name in _named_by(feed) for each in (properties.get(name) or "").split(";") if each]


def _named_by(feed: Feed) -> list[str]:
    return [column.name for column in feed.columns if column.names_files]


def _files(row: Row, names: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, value) for name in names if (value := row.values.get(name))]


def _with(row: Row, ids: Mapping[str, str | None]) -> Row:
    return replace(row, values={**row.values, **ids}) if ids else row


def _form(file: Path, path: PurePosixPath) -> tuple[Path, str]:
    """Write the form of an upload beside a file, for a large one must not be held in memory; give it and its type."""
    mark = secrets.token_bytes(16)
    fields: dict[str, str | tuple[str, bytes]] = {
        "fileName": path.name,
        "folderPath": str(path.parent),
        "options": json.dumps(OPTIONS),
        "file": (path.name, mark),
    }
    frame, content_type = encode_multipart_formdata(fields)
    before, after = frame.split(mark)
    form = file.with_name(f"{file.name}.form")
    with form.open("wb") as target, file.open("rb") as source:
        target.write(before)
        shutil.copyfileobj(source, target)
        target.write(after)
    return form, content_type
