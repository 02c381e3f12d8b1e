# SPDX-License-Identifier: Apache-2.0

"""Answers that may be kept for a while: a tag over what they say, and "not modified" for whoever has it already.

The tag is over the document without the time of judging, which is new each time while nothing else is: two answers with one tag
say the same. It covers the language, so that a cache which mixes languages up is found out. A recall changes the standing and
with it the tag, and an answer is kept for 30 seconds at most: it shows within a minute, with a page's own delay.
"""

import hashlib
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response

TIME_OF_JUDGING = "judged_at"
TAG_DIGITS = 32


def tag_of(said: bytes) -> str:
    """A strong entity tag (RFC 9110, 8.8.3)."""
    return f'"{hashlib.sha256(said).hexdigest()[:TAG_DIGITS]}"'


def kept_json(request: Request, body: Any, *, headers: dict[str, str]) -> Response:  # noqa: ANN401 - any JSON
    """`body` with its tag, or "not modified". Its members are told in their order, which is thus to be the same each time."""
    said = orjson.dumps(body)
    judged_at = body.get(TIME_OF_JUDGING) if isinstance(body, dict) else None
    timeless = said if judged_at is None else said.replace(orjson.dumps({TIME_OF_JUDGING: judged_at})[1:-1], b"", 1)
    tagged = {**headers, "ETag": tag_of(headers.get("Content-Language", "").encode() + timeless)}
    return not_modified(request, tagged) or Response(said, headers=tagged, media_type="application/json")


def not_modified(request: Request, headers: dict[str, str]) -> Response | None:
    """The answer to whoever has this already (RFC 9110, 13.1.2), or None. Compares weakly, as caches may have weakened tags."""
    given = request.headers.getlist("if-none-match")
    if not given:
        return None
    tags = {tag.strip().removeprefix("W/") for tag in ",".join(given).split(",")}
    if headers["ETag"] in tags or tags == {"*"}:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return None
