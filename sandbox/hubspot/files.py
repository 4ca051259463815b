"""Files v3: upload, find by path, id or ids, delete; a note names them in hs_attachment_ids.

Source: developers.hubspot.com, "Files API". A path is taken once: a second upload to it replaces the file with `overwrite`,
else it gets a number behind its name. `_sandbox/files/{fileId}` gives the bytes, where HubSpot signs an address of its own.
"""

import hashlib
import json
import sqlite3
from pathlib import PurePosixPath
from typing import Any

from sandbox.hubspot.account import Account
from sandbox.hubspot.errors import HubSpotError, Json, invalid, not_found
from sandbox.hubspot.store import now
from sandbox.hubspot.web import Answer, Call

ACCESS = ("PUBLIC_INDEXABLE", "PUBLIC_NOT_INDEXABLE", "HIDDEN_INDEXABLE", "HIDDEN_NOT_INDEXABLE", "PRIVATE")
# HubSpot publishes no list of what it refuses, only of what it supports; a program stands for it.
UNSUPPORTED = frozenset({"exe", "msi", "bat", "dll"})


def upload(account: Account, call: Call) -> Answer:
    """POST files: a multipart form with file, fileName, folderPath and options."""
    form = call.fields("file", "folderPath", "options")
    file_name, content = form["file"]
    options = _options(form["options"])
    path = PurePosixPath("/", str(form["folderPath"]).strip("/"), form.get("fileName") or file_name)
    if path.suffix.lstrip(".").lower() in UNSUPPORTED:
        raise invalid(f"File extension {path.suffix} is not supported")
    if len(content) > account.limits.file_bytes:
        raise HubSpotError(
            413, f"The file is larger than {account.limits.file_bytes} bytes", "VALIDATION_ERROR"
        )
    if options.get("overwrite") is True:
        account.db.execute("delete from file where path = ?", (str(path),))
    key, moment = account.next_id(), now()
    account.db.execute(
        "insert into file (id, path, access, content, created_at) values (?, ?, ?, ?, ?)",
        (key, str(_free(account, path)), options["access"], content, moment),
    )
    account.written["files"] += 1
    return Answer(_shown(_by_id(account, str(key))), 201)


def read(account: Account, call: Call) -> Answer:
    """GET files/{fileId}."""
    return Answer(_shown(_by_id(account, call.path["fileId"])))


def stat(account: Account, call: Call) -> Answer:
    """GET files/stat/{path}: the file at a path."""
    path = "/" + call.path["path"].lstrip("/")
    found = account.db.execute("select * from file where path = ?", (path,)).fetchone()
    if found is None:
        raise not_found()
    return Answer({"file": _shown(found)})


def search(account: Account, call: Call) -> Answer:
    """GET files/search: of the filters only the list of ids."""
    limit = call.number("limit", 10)
    keys = [int(each) for each in call.names("ids") if each.isdigit()]
    marks = ", ".join("?" * len(keys))
    found = account.db.execute(
        f"select * from file where id in ({marks}) order by id limit ?", (*keys, limit)
    )
    return Answer({"results": [_shown(row) for row in found]})


def delete(account: Account, call: Call) -> Answer:
    """DELETE files/{fileId}, and its way without a way back, files/{fileId}/gdpr-delete."""
    found = _by_id(account, call.path["fileId"])
    account.db.execute("delete from file where id = ?", (found[0],))
    return Answer(status=204)


def content(account: Account, call: Call) -> Answer:
    """GET _sandbox/files/{fileId}: the bytes."""
    return Answer(_by_id(account, call.path["fileId"])[3])


def _options(text: Any) -> Json:
    try:
        options = json.loads(text)
    except (TypeError, ValueError):
        options = None
    if not isinstance(options, dict) or options.get("access") not in ACCESS:
        raise invalid(f"options must be a JSON object whose access is one of [{', '.join(ACCESS)}]")
    return options


def _free(account: Account, path: PurePosixPath) -> PurePosixPath:
    """Give the path, or the first one with a number behind its name that is free."""
    number, free = 0, path
    while account.db.execute("select 1 from file where path = ?", (str(free),)).fetchone():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _by_id(account: Account, key: str) -> tuple[Any, ...]:
    number = int(key) if key.isdigit() else -1
    found: tuple[Any, ...] | None = account.db.execute(
        "select * from file where id = ?", (number,)
    ).fetchone()
    if found is None:
        raise not_found()
    return found


def _shown(row: tuple[Any, ...] | sqlite3.Row) -> Json:
    key, path, access, bytes_, moment = row
    where = PurePosixPath(path)
    return {
        "id": str(key),
        "createdAt": moment,
        "updatedAt": moment,
        "archived": False,
        "name": where.stem,
        "extension": where.suffix.lstrip("."),
        "path": path,
        "size": len(bytes_),
        "fileMd5": hashlib.md5(bytes_).hexdigest(),  # noqa: S324  as HubSpot says it, no protection
        "access": access,
        "isUsableInContent": False,
    }
