"""Files of the HubSpot stand-in, driven by HubSpot's own client and by plain forms."""

import hashlib
import json
from pathlib import Path

import httpx
import pytest

from tests.sandbox.conftest import HubSpot

OPTIONS = {"access": "PRIVATE", "overwrite": False}


def _upload(hubspot: HubSpot, name: str, content: bytes, **options: object) -> httpx.Response:
    form = {"fileName": name, "folderPath": "/salesforce/a", "options": json.dumps(OPTIONS | options)}
    return hubspot.http.post("/files/v3/files", data=form, files={"file": ("x", content)})


def test_hubspots_client_uploads_finds_and_deletes(hubspot: HubSpot, tmp_path: Path) -> None:
    content = bytes(range(256)) * 5
    (tmp_path / "plan.pdf").write_bytes(content)
    files = hubspot.client.files.files_api
    made = files.upload(
        file=str(tmp_path / "plan.pdf"),
        file_name="Plän 1.pdf",
        folder_path="/salesforce",
        options=json.dumps(OPTIONS),
    )
    assert (made.name, made.extension, made.path) == ("Plän 1", "pdf", "/salesforce/Plän 1.pdf")
    assert files.get_metadata("salesforce/Plän 1.pdf").file.id == made.id
    assert files.get_by_id(made.id).file_md5 == hashlib.md5(content).hexdigest()  # noqa: S324  as HubSpot says it
    assert hubspot.http.get(f"/_sandbox/files/{made.id}").content == content
    files.archive(made.id)
    assert hubspot.call("GET", f"/files/v3/files/{made.id}").status_code == 404


def test_a_path_is_taken_once(hubspot: HubSpot) -> None:
    first, second = (_upload(hubspot, "a.txt", content).json() for content in (b"one", b"two"))
    assert (first["path"], second["path"]) == ("/salesforce/a/a.txt", "/salesforce/a/a-1.txt")
    third = _upload(hubspot, "a.txt", b"three", overwrite=True).json()
    assert third["path"] == first["path"]
    assert hubspot.call("GET", f"/files/v3/files/{first['id']}").status_code == 404


@pytest.mark.parametrize(
    ("name", "options", "status"),
    [("a.exe", {}, 400), ("a.txt", {"access": "SECRET"}, 400), ("large.txt", {}, 413)],
)
def test_what_is_refused(hubspot: HubSpot, name: str, options: dict[str, str], status: int) -> None:
    hubspot.limit(file_bytes=10)
    content = b"x" * (11 if status == 413 else 1)
    assert _upload(hubspot, name, content, **options).status_code == status


def test_a_note_names_files_by_their_ids(hubspot: HubSpot) -> None:
    file_id = _upload(hubspot, "a.txt", b"one").json()["id"]
    moment = {"hs_timestamp": "2026-01-02T03:04:05Z"}
    note = hubspot.made("notes", **moment, hs_attachment_ids=f"{file_id};17")
    assert hubspot.values("notes", note, "hs_attachment_ids") == {"hs_attachment_ids": f"{file_id};17"}
    wrong = {"properties": {**moment, "hs_attachment_ids": "a.txt"}}
    assert hubspot.call("POST", "/crm/v3/objects/notes", wrong).status_code == 400
