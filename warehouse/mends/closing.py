"""A session ends when its client closes it.

Upstream's login gives no master token, without which the connector closes a connection without telling the server;
and what upstream is told, it forgets without closing. Sessions and their DuckDB cursors piled up.

Can go when fakesnow closes the connection of a deleted session.
"""

import json

import fakesnow.server
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


async def login(request: Request) -> Response:
    """Log in as upstream does and name a master token, so that the connector will say when it leaves."""
    response = await fakesnow.server.login_request(request)
    answer = json.loads(bytes(response.body))
    answer["data"]["masterToken"] = answer["data"]["token"]
    return JSONResponse(answer, response.status_code)


async def close(request: Request) -> Response:
    """Close the session that a client gives up."""
    leaving = "delete" in request.query_params
    session = fakesnow.server.sessions.get(fakesnow.server.to_token(request)) if leaving else None
    response: Response = await fakesnow.server.session(request)
    if session:
        await run_in_threadpool(session.close)
    return response


def close_all() -> None:
    """Close every session that is still open."""
    while fakesnow.server.sessions:
        _, session = fakesnow.server.sessions.popitem()
        session.close()
