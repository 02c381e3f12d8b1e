# SPDX-License-Identifier: Apache-2.0

"""The pages for people. They work without JavaScript, on a phone, in a screen reader and on paper.

`/` and `/kiem-tra` take a file, `/q/{id}` is where a QR code leads, `/problems` explains refusals. A page after a QR code shows
what is public about a unit: school, year, level, standing. It shows no name, mark or personal number, and cannot: the verdict
that it is made from has none.
"""

from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment

from ledger.web.languages import COOKIE_SECONDS, LANGUAGE_COOKIE, Text, language_of, local
from ledger.web.look import fingerprinted, templates_in
from verifier_api import problems
from verifier_api.banner import Banner, Tone, banner_of_file, banner_of_unit
from verifier_api.intake import MAX_FILE_BYTES
from verifier_api.problems import MEGABYTE, Problem, Refusal
from verifier_api.serving import Serving, ledger_is_down
from verifier_api.uploads import RECEIVING_SECONDS
from verifier_api.verdict import Check, Language, Outcome, SignatureSummary, Standing, Verdict
from verifier_api.wording import (
    CHECKS,
    LEVELS,
    OUTCOMES,
    REASONS,
    TEXTS,
    moment,
    role_text,
    signature_result,
)

HERE = Path(__file__).parent
STATIC = HERE / "static"

_INLINE_ERRORS = frozenset({problems.UNKNOWN_UNIT.code, problems.BAD_UNIT_ID.code, problems.TOO_LARGE.code})
"""Refusals that say something against what was presented, hence red; the others are about the request or an outage."""


@cache
def _templates(*, reports: bool) -> Environment:
    found = templates_in(HERE / "templates")
    found.globals.update(
        asset=fingerprinted(STATIC),
        limit=MAX_FILE_BYTES // MEGABYTE,
        limit_bytes=MAX_FILE_BYTES,
        seconds=RECEIVING_SECONDS,
        reports=reports,
    )
    return found


class Pages:
    """Makes pages. Templates are read once in a process; a text that a template names and nobody wrote is an error."""

    def __init__(self, *, public_url: str, reports: bool = False) -> None:
        """`reports` says whether sealed reports are made here."""
        self._public_url = public_url
        self._templates = _templates(reports=reports)

    def render(
        self,
        template: str,
        request: Request,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        switch: str | None = None,
        **values: Any,  # noqa: ANN401 - whatever the template names
    ) -> HTMLResponse:
        """One page. `switch` is where the language switch leads: to the same page, unless it cannot be asked for again."""
        language = language_of(request)

        def say(text: str | Text, **places: object) -> str:
            return (TEXTS[text] if isinstance(text, str) else text).to(language).format(**places)

        html = self._templates.get_template(template).render(
            language=language,
            other="en" if language == "vi" else "vi",
            say=say,
            switch=switch or request.url.path,
            **values,
        )
        response = HTMLResponse(html, status_code=status)
        response.headers.update(
            {"Cache-Control": "no-store", "Content-Language": language, "Vary": "Accept-Language, Cookie"}
        )
        if request.query_params.get("lang") == language:
            response.set_cookie(
                LANGUAGE_COOKIE,
                language,
                max_age=COOKIE_SECONDS,
                secure=self._public_url.startswith("https:"),
                httponly=True,
                samesite="lax",
            )
        return response

    def refusal(self, request: Request, refusal: Refusal) -> HTMLResponse:
        """A refused request, as a page."""
        row = refusal.problem
        banner = Banner(
            tone=Tone.BAD if row.code in _INLINE_ERRORS else Tone.OPEN,
            title=Text(row.title_vi, row.title_en),
            sentence=Text(refusal.vi, refusal.en),
        )
        response = self.render(
            "notice.html",
            request,
            status=row.status,
            # An unknown path may be anything, `//elsewhere.example` too, so none but our own is offered as a link.
            switch=request.url.path if request.url.path.startswith("/q/") else "/kiem-tra",
            banner=banner,
        )
        response.headers.update(problems.headers(refusal, language=language_of(request)))
        return response


def pages(serving: Serving, maker: Pages) -> APIRouter:
    """The routes, over the parts in `serving`."""
    router = APIRouter(include_in_schema=False)

    async def check(request: Request) -> HTMLResponse:
        return maker.render("check.html", request)

    async def verdict(request: Request) -> HTMLResponse:
        found = await serving.judge_upload(request)
        return maker.render(
            "verdict.html",
            request,
            switch="/kiem-tra",
            banner=banner_of_file(found),
            facts=_facts(found, await serving.school_name(found), language_of(request)),
            receipt=_has_receipt(found),
            **_shown(found, language_of(request)),
        )

    async def unit(request: Request, unit_id: str) -> HTMLResponse:
        found = await serving.judge_unit(unit_id)
        response = maker.render(
            "unit.html",
            request,
            status=HTTPStatus.SERVICE_UNAVAILABLE if ledger_is_down(found) else HTTPStatus.OK,
            banner=banner_of_unit(found),
            facts=_facts(found, await serving.school_name(found), language_of(request)),
            **_shown(found, language_of(request)),
        )
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    async def typed(ma: Annotated[str, Query(max_length=80)]) -> RedirectResponse:
        # Only the path says which unit a page is about, so that a typed code and a scanned one lead to the same address.
        return RedirectResponse(f"/q/{quote(ma.strip(), safe='*~$=')}", status_code=HTTPStatus.SEE_OTHER)

    async def explained(request: Request) -> HTMLResponse:
        rows: tuple[Problem, ...] = problems.ALL
        return maker.render("problems.html", request, rows=rows)

    for path, handler, methods in (
        ("/", check, ["GET", "HEAD"]),
        ("/kiem-tra", check, ["GET", "HEAD"]),
        ("/kiem-tra", verdict, ["POST"]),
        ("/q/{unit_id}", unit, ["GET", "HEAD"]),
        ("/problems", explained, ["GET", "HEAD"]),
    ):
        router.add_api_route(path, handler, methods=methods, response_class=HTMLResponse)
    router.add_api_route("/q", typed, methods=["GET"])
    return router


def _facts(verdict: Verdict, school_name: str | None, language: Language) -> list[tuple[Text, str]]:
    """What is public about the unit, as far as it is known, in the order in which people ask."""
    facts: list[tuple[Text, str | None]] = [
        (TEXTS["school"], _school(verdict, school_name, language)),
        (TEXTS["school_year"], verdict.school_year),
        (TEXTS["level"], None if verdict.level is None else _word(LEVELS, verdict.level, language)),
        (TEXTS["recalled_at"], None if verdict.recalled_at is None else moment(verdict.recalled_at, language)),
        (
            TEXTS["recall_reason"],
            None if verdict.recall_reason is None else _word(REASONS, verdict.recall_reason, language),
        ),
        (TEXTS["anchored_at"], None if verdict.anchored_at is None else moment(verdict.anchored_at, language)),
        (TEXTS["unit"], None if verdict.unit is None else str(verdict.unit)),
        (TEXTS["judged_at"], moment(verdict.judged_at, language)),
    ]
    return [(name, value) for name, value in facts if value is not None]


def _school(verdict: Verdict, name: str | None, language: Language) -> str | None:
    if verdict.school is None:
        return None
    code = f"{TEXTS['school_code'].to(language)} {verdict.school}"
    return f"{name} ({code})" if name else code


def _shown(verdict: Verdict, language: Language) -> dict[str, Any]:
    """The findings and signatures in words."""
    return {
        "verdict": verdict,
        "replacement": verdict.replaced_by if verdict.standing is Standing.REPLACED else None,
        "checks": [_one_check(check, verdict, language) for check in Check if verdict.finding(check) is not None],
        "signatures": [_one_signature(signature, verdict, language) for signature in verdict.signatures],
    }


def _one_check(check: Check, verdict: Verdict, language: Language) -> dict[str, Any]:
    """All findings of one check, under the most serious outcome among them."""
    found = [finding for finding in verdict.findings if finding.check is check]
    worst = verdict.finding(check) or found[0]
    return {
        "name": _word(CHECKS, check, language),
        "outcome": worst.outcome.value.lower(),
        "outcome_word": OUTCOMES[worst.outcome].to(language),
        "findings": [
            {
                "message": finding.message(language),
                "outcome": finding.outcome.value.lower(),
                "outcome_word": OUTCOMES[finding.outcome].to(language),
                "code": finding.code,
                "details": finding.details,
            }
            for finding in found
        ],
    }


def _one_signature(signature: SignatureSummary, verdict: Verdict, language: Language) -> dict[str, Any]:
    """One signature in words."""
    outcome, word = signature_result(signature, verdict)
    return {
        "role": role_text(signature).to(language),
        "signer": signature.signer,
        "signed_at": TEXTS["no_time"].to(language) if signature.signed_at is None else local(signature.signed_at),
        "outcome": outcome.value.lower(),
        "outcome_word": word.to(language),
        "sub_indication": None if signature.outcome is Outcome.PASSED else signature.sub_indication,
    }


def _word(words: dict[str, Text], name: str, language: Language) -> str:
    """The word for `name`, or `name` itself: a stranger's signature field is called what it is called."""
    return words[name].to(language) if name in words else name


def _has_receipt(verdict: Verdict) -> bool:
    """Whether the service would hand out the file's receipt."""
    found = verdict.finding(Check.CHAIN)
    return found is not None and found.outcome is Outcome.PASSED
