# SPDX-License-Identifier: Apache-2.0

"""Making the desk's pages: the frame with the school's name, who is signed in and what is theirs, around what a page shows."""

from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from ledger.desk.access import AT_SCHOOL, AUTHORITY, CLERK, EVERYBODY, PRINCIPAL
from ledger.desk.problems import Refusal
from ledger.desk.visits import CSRF_FIELD, Cookies, Visitor
from ledger.desk.wording import CHANGES, DUTIES, ROLES, SEVERITIES, STATES, TEXTS
from ledger.desk.wording_certificates import CERTIFICATE_TEXTS, HOLDINGS, REGISTRATION_STATES
from ledger.desk.wording_decisions import DECISION_TEXTS
from ledger.desk.wording_signing import SIGNING_TEXTS
from ledger.desk.wording_transfers import TRANSFER_STATES, TRANSFER_TEXTS
from ledger.web.languages import COOKIE_SECONDS, LANGUAGE_COOKIE, Text, language_of, local
from ledger.web.look import fingerprinted, templates_in

HERE = Path(__file__).parent
STATIC = HERE / "static"

NAVIGATION = (
    ("/", "nav_home", EVERYBODY),
    ("/lop", "nav_classes", AT_SCHOOL),
    ("/nhap-lop", "nav_import", CLERK),
    ("/chung-thu", "nav_certificates", CLERK | PRINCIPAL),
    ("/chuyen-truong", "nav_transfers", CLERK | PRINCIPAL),
    ("/so/chung-thu", "nav_approvals", AUTHORITY),
    ("/so/thu-hoi", "nav_consents", AUTHORITY),
    ("/so/nam-hoc", "nav_years", AUTHORITY),
    ("/tai-khoan", "nav_account", EVERYBODY),
)
"""Where each duty may go, in the order in which it is offered."""

ALL_TEXTS = {**TEXTS, **SIGNING_TEXTS, **CERTIFICATE_TEXTS, **DECISION_TEXTS, **TRANSFER_TEXTS}


@cache
def _templates() -> Environment:
    found = templates_in(HERE / "templates")
    found.globals.update(asset=fingerprinted(STATIC), csrf_field=CSRF_FIELD)
    return found


class Pages:
    """Makes pages. Templates are read once in a process; a text that a template names and nobody wrote is an error."""

    def __init__(self, cookies: Cookies) -> None:
        self._cookies = cookies
        self._templates = _templates()

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
        visitor: Visitor = request.state.visitor

        def say(text: str | Text, **places: object) -> str:
            said = ALL_TEXTS[text] if isinstance(text, str) else text
            # Only what has places is formatted: a sentence from elsewhere may hold a brace.
            return said.to(language).format(**places) if places else said.to(language)

        account = visitor.account
        html = self._templates.get_template(template).render(
            language=language,
            other="en" if language == "vi" else "vi",
            say=say,
            switch=switch or request.url.path,
            path=request.url.path,
            visitor=visitor,
            account=account,
            school_name=request.state.school_name,
            navigation=[(where, name) for where, name, duties in NAVIGATION if account and account.may(duties)],
            duties=DUTIES,
            states=STATES,
            roles=ROLES,
            severities=SEVERITIES,
            changes=CHANGES,
            holdings_in_words=HOLDINGS,
            registration_states=REGISTRATION_STATES,
            transfer_states=TRANSFER_STATES,
            local=local,
            **values,
        )
        response = HTMLResponse(html, status_code=status)
        response.headers["Content-Language"] = language
        if visitor.new:
            self._cookies.keep_session(response, visitor.token)
        if request.query_params.get("lang") == language:
            response.set_cookie(
                LANGUAGE_COOKIE,
                language,
                max_age=COOKIE_SECONDS,
                secure=self._cookies.secure,
                httponly=True,
                samesite="lax",
            )
        return response

    def refusal(self, request: Request, refusal: Refusal) -> HTMLResponse:
        """A refused request, as a page."""
        status = refusal.problem.status
        # An unknown path may be anything, `//elsewhere.example` too, so none but our own is offered as a link.
        response = self.render("notice.html", request, status=status, switch="/", refusal=refusal)
        response.headers.update(refusal.headers)
        return response


def to(path: str) -> RedirectResponse:
    """Leads on after something was done, so that loading again does not do it again."""
    return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER)
