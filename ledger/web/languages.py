# SPDX-License-Identifier: Apache-2.0

"""Two languages: texts in both, and which of the two a reader gets. Vietnamese unless somebody asks for English."""

import datetime as dt
from functools import lru_cache
from typing import Literal, NamedTuple

from starlette.requests import HTTPConnection

Language = Literal["vi", "en"]

LANGUAGE_COOKIE = "lang"
COOKIE_SECONDS = 365 * 24 * 3600
VIETNAM = dt.timezone(dt.timedelta(hours=7))
"""Times are told to people as NĐ 30/2020/NĐ-CP asks: at +07:00, which Vietnam keeps all year."""


class Text(NamedTuple):
    """One text in both languages."""

    vi: str
    en: str

    def to(self, language: Language) -> str:
        """The text for a reader of `language`."""
        return self.vi if language == "vi" else self.en


def choose_language(*, asked: str | None, remembered: str | None, accepted: str | None) -> Language:
    """Which language a reader gets: `?lang=`, else the cookie, else what the browser accepts, else Vietnamese."""
    for wish in (asked, remembered):
        if wish == "vi":
            return "vi"
        if wish == "en":
            return "en"
    if not accepted:
        return "vi"
    weights: dict[str, float] = {}
    for entry in accepted.lower().split(","):
        name, _, parameters = entry.partition(";")
        primary = name.strip().partition("-")[0]
        weights[primary] = max(weights.get(primary, 0.0), _weight(parameters))
    return "en" if weights.get("en", 0.0) > weights.get("vi", 0.0) else "vi"


def language_of(request: HTTPConnection) -> Language:
    """The language that this reader gets."""
    headers = request.headers
    # Programs ask thousands of times a second, with neither.
    return choose_language(
        asked=request.query_params.get("lang") if request.scope["query_string"] else None,
        remembered=request.cookies.get(LANGUAGE_COOKIE) if "cookie" in headers else None,
        accepted=headers.get("accept-language"),
    )


def local(value: dt.datetime) -> str:
    """A time in Vietnam, where the zone is said nearby."""
    return f"{value.astimezone(VIETNAM):%d/%m/%Y %H:%M}"


@lru_cache(4_096)
def told(value: dt.datetime) -> str:
    """A time in Vietnam inside a sentence: 28/05/2026 09:12 (+07:00)."""
    return f"{local(value)} (+07:00)"


def _weight(parameters: str) -> float:
    """The `q` of one entry of Accept-Language (RFC 9110, 12.4.2); what is not a number counts as unwanted."""
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
