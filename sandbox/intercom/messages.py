"""Bodies and attachments of notes, replies and conversations: plain text comes in, HTML is kept."""

import html
import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from sandbox.intercom.errors import parameter_invalid, parameter_not_found
from sandbox.intercom.store import Json

MAX_ATTACHMENTS = 10
WRAPPER = re.compile(r"</?(html|body)[^>]*>")
TAG = re.compile(r"<[^>]+>")


def required_text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise parameter_not_found(f"{name} is required", name)
    return value


def to_html(text: str) -> str:
    """Give HTML as it is and wrap plain text in paragraphs, one for each line."""
    bare = WRAPPER.sub("", text).strip()
    return bare if bare.startswith("<") else paragraphs(bare)


def paragraphs(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(f"<p>{html.escape(line, quote=False)}</p>" for line in lines if line)


def to_plain(text: str) -> str:
    return html.unescape(TAG.sub("", text))


def attachments(body: Json) -> list[Json]:
    """Describe what `attachment_urls` names; nothing is fetched."""
    urls: Any = body.get("attachment_urls") or []
    if not isinstance(urls, list) or len(urls) > MAX_ATTACHMENTS:
        raise parameter_invalid(
            f"attachment_urls must hold at most {MAX_ATTACHMENTS} URLs", "attachment_urls"
        )
    return [
        {
            "type": "upload",
            "name": PurePosixPath(urlsplit(str(url)).path).name,
            "url": str(url),
            "filesize": 0,
        }
        for url in urls
    ]
