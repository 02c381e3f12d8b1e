# SPDX-License-Identifier: Apache-2.0

"""How the signing agent comes in and goes: a name and a password, or a pairing code, for a bearer token."""

import functools
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from ledger.desk.desk import Desk
from ledger.desk.problems import BAD_REQUEST, FORBIDDEN, Refusal
from ledger.desk.sign_in import Attempt
from ledger.desk.visits import address_of, visitor_of
from ledger.duty import Duty
from ledger.store.account_tables import SessionKind

MAX_TEXT = 512


class Credentials(BaseModel):
    """A name and a password, or a code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    password: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    code: Annotated[str, Field(max_length=MAX_TEXT)] | None = None


class Started(BaseModel):
    """A session of the agent."""

    token: str
    name: str
    """Whom the desk takes its user to be."""


class AgentSession:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def start(self, request: Request, given: Credentials) -> Started:
        """A token with the account's own rights, until it signs out, or a day's work is over."""
        desk, address = self._desk, address_of(request)
        if given.code is not None and given.name is None and given.password is None:
            session = await desk.ask(desk.signing_in.with_code, given.code, address=address)
        elif given.code is None and given.name is not None and given.password is not None:
            attempt = Attempt(name=given.name, password=given.password, address=address)
            work = functools.partial(desk.signing_in.with_password, attempt, kind=SessionKind.AGENT)
            session = await desk.within(desk.hashing, work)
        else:
            raise Refusal(BAD_REQUEST)
        if Duty.AUTHORITY in session.account.duties:
            await desk.ask(desk.stores.sign_ins.end, session.token)
            raise Refusal(FORBIDDEN)
        return Started(token=session.token, name=session.account.display_name)

    async def end(self, request: Request) -> Response:
        """Signs out."""
        await self._desk.ask(self._desk.stores.sign_ins.end, visitor_of(request).token)
        return Response(status_code=204)
