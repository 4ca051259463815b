"""GET brings a file from an internal stage to the client's disk.

Upstream knows PUT and no GET. The client copies the file itself, from the folder of the stage, as both are on one machine.

Can go when fakesnow answers GET.
"""

import gzip
import json
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import unquote, urlparse

import fakesnow.server
from fakesnow.transforms import stage
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Endpoint = Callable[[Request], Awaitable[Response]]

GET = re.compile(
    r"\s*get\s+@(?P<schema>\w+)\.(?P<stage>\w+)/(?P<path>[^\s']+)\s+'(?P<folder>file://[^']+)'\s*;?\s*",
    re.IGNORECASE,
)


def downloading(endpoint: Endpoint) -> Endpoint:
    """Wrap the query endpoint: `get @schema.stage/path 'file:///folder/'` is answered here, all else there."""

    async def answer(request: Request) -> Response:
        statement = GET.fullmatch(_statement(request, await request.body()))
        return await endpoint(request) if statement is None else _downloads(request, statement)

    return answer


def _statement(request: Request, body: bytes) -> str:
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return str(json.loads(body).get("sqlText", ""))


def _downloads(request: Request, statement: re.Match[str]) -> Response:
    """Name the files whose path begins so, as Snowflake does; none is no error."""
    database = fakesnow.server.to_conn(fakesnow.server.to_token(request)).database
    name = f"{database}.{statement['schema'].upper()}.{statement['stage'].upper()}"
    beginning = Path(stage.internal_dir(name, statement["path"]))
    found = sorted(
        beginning.rglob("*") if beginning.is_dir() else beginning.parent.glob(f"{beginning.name}*")
    )
    data = {
        "command": "DOWNLOAD",
        "stageInfo": {"locationType": "LOCAL_FS", "location": os.sep, "creds": {}},
        "src_locations": [str(file.resolve()) for file in found if file.is_file()],
        "localLocation": unquote(urlparse(statement["folder"]).path),
        "parallel": 1,
        "encryptionMaterial": None,
    }
    return JSONResponse({"data": data, "success": True})
