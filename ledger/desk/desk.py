# SPDX-License-Identifier: Apache-2.0

"""The parts of one running desk, and how its routes ask them without blocking the event loop."""

import datetime as dt
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar
from uuid import UUID

import anyio
import anyio.to_thread

from ledger.desk.deciding_desk import DecidingDesk
from ledger.desk.open_id import OpenId
from ledger.desk.pages import Pages
from ledger.desk.passwords import Passwords
from ledger.desk.sign_in import SigningIn
from ledger.desk.signing_desk import SigningDesk
from ledger.desk.visits import Cookies, Visits
from ledger.importing import Importing
from ledger.record.check import CheckOptions
from ledger.store.accounts import Accounts
from ledger.store.files import FileStore
from ledger.store.reader import Reader
from ledger.store.sign_ins import SignIns
from ledger.store.signing_reader import SigningReader
from ledger.store.uploads import Uploads

P = ParamSpec("P")
T = TypeVar("T")

ASKED_AT_ONCE = 32
HASHED_AT_ONCE = 4
"""Each comparison of a password takes 64 MiB, by argon2's own defaults."""

CHECKED_AT_ONCE = 2
"""Sheets in memory and under examination: as many as a small machine has cores."""


@dataclass(frozen=True)
class Stores:
    """What the desk reads and changes."""

    reader: Reader
    lines: SigningReader
    accounts: Accounts
    sign_ins: SignIns
    uploads: Uploads
    files: FileStore


@dataclass(frozen=True)
class Desk:
    """The parts of one running desk."""

    stores: Stores
    importing: Importing
    signing: SigningDesk
    deciding: DecidingDesk
    options: CheckOptions
    passwords: Passwords
    signing_in: SigningIn
    open_id: OpenId | None
    cookies: Cookies
    visits: Visits
    pages: Pages
    new_id: Callable[[], UUID]
    now: Callable[[], dt.datetime]
    asking: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(ASKED_AT_ONCE))
    hashing: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(HASHED_AT_ONCE))
    checking: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(CHECKED_AT_ONCE))

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer to a question that blocks, asked in another thread."""
        return await self.within(self.asking, functools.partial(question, *args, **kwargs))

    async def within(self, limiter: anyio.CapacityLimiter, question: Callable[[], T]) -> T:
        """The same, of which only so many may run at a time."""
        return await anyio.to_thread.run_sync(question, limiter=limiter)
