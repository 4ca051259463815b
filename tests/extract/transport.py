"""An org at the transport: answers by path, handed to `connect` in the place of the network."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter

Answer = Callable[[requests.PreparedRequest], requests.Response]

DATA = "/services/data/v66.0"
TOKEN = "/services/oauth2/token"
USER = "005000000000001AAA"
URL = "https://acme.my.salesforce.com"


@dataclass
class FakeOrg(BaseAdapter):
    """Gives each call the next answer that was set for its path, the last one again and again."""

    answers: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    calls: list[requests.PreparedRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.on("POST", TOKEN, token("first"), token("second"), token("third"))

    def on(self, method: str, path: str, *answers: Any) -> None:
        """Set the answers of a path; an exception is raised, a function called, anything else given."""
        self.answers[method, path] = list(answers)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.calls.append(request)
        waiting = self.answers[str(request.method), urlsplit(str(request.url)).path]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return _response(request, *(answer(request) if callable(answer) else answer))

    def close(self) -> None:
        """Hold nothing."""

    def sent(self, path: str) -> list[requests.PreparedRequest]:
        """Give the calls of a path."""
        return [call for call in self.calls if urlsplit(str(call.url)).path == path]

    def queries(self, path: str) -> list[dict[str, list[str]]]:
        """Give the query parameters of the calls of a path."""
        return [parse_qs(urlsplit(str(call.url)).query) for call in self.sent(path)]


def token(name: str) -> tuple[int, dict[str, str], Any]:
    return ok({"access_token": name, "instance_url": URL, "id": f"{URL}/id/00D/{USER}"})


def ok(body: Any, status: int = 200) -> tuple[int, dict[str, str], Any]:
    return status, {"Content-Type": "application/json"}, body


def refused(status: int, code: str, message: str = "no") -> tuple[int, dict[str, str], Any]:
    return ok([{"errorCode": code, "message": message}], status)


def page(
    body: bytes, rows: int | None, locator: str | None, promised: int | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Give a result page; None leaves a header out, `promised` is a length that the body does not reach."""
    headers = {"Content-Type": "text/csv", "Content-Length": str(promised or len(body))}
    headers |= {} if rows is None else {"Sforce-NumberOfRecords": str(rows)}
    headers |= {} if locator is None else {"Sforce-Locator": locator}
    return 200, headers, body


def _response(
    request: requests.PreparedRequest, status: int, headers: dict[str, str], body: Any
) -> requests.Response:
    if isinstance(body, io.BytesIO):
        content = type(body)(body.getvalue())
    else:
        content = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    raw = urllib3.HTTPResponse(
        content,
        headers=headers,
        status=status,
        preload_content=False,
        request_method=request.method,
    )
    response = requests.Response()
    response.status_code, response.raw, response.request = status, raw, request
    response.headers.update(headers)
    response.url = str(request.url)
    return response
