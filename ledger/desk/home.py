# SPDX-License-Identifier: Apache-2.0

"""What is everybody's own: the list of what waits, and the account."""

from fastapi import Request
from starlette.responses import Response

from ledger.desk.desk import Desk
from ledger.desk.visits import account_of
from ledger.store.sign_ins import PAIRING_MINUTES


class Home:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def waiting(self, request: Request) -> Response:
        """What waits for whoever is signed in."""
        return self._desk.pages.render("home.html", request)

    async def account(self, request: Request) -> Response:
        """Who is signed in, and how to pair the agent."""
        return self._desk.pages.render("account.html", request, code=None, minutes=PAIRING_MINUTES)

    async def pairing_code(self, request: Request) -> Response:
        """A code for the agent. It is shown once; the database keeps its digest."""
        code = await self._desk.ask(self._desk.signing_in.pairing_code, account_of(request).name)
        return self._desk.pages.render("account.html", request, switch="/tai-khoan", code=code, minutes=PAIRING_MINUTES)
