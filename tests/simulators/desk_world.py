# SPDX-License-Identifier: Apache-2.0

"""A desk over a school's office, a clock that is moved by hand, and browsers that keep cookies as real ones do.

Example::

    world = DeskWorld.opened(tmp_path)
    world.add("an.le", Duty.TEACHER)
    browser = world.signed_in("an.le")
    browser.get("/").text
    world.clock.advance(hours=13)          # the session is over
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import anyio
import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI

from ledger.deciding import Decisions
from ledger.desk.app import create_desk
from ledger.desk.deciding_desk import DecidingDesk
from ledger.desk.desk import Stores
from ledger.desk.open_id import Provider
from ledger.desk.passwords import Passwords
from ledger.desk.signing_desk import SigningDesk
from ledger.desk.visits import CSRF_FIELD
from ledger.duty import Duty
from ledger.record.check import CheckOptions
from ledger.store.accounts import Account, Accounts
from ledger.store.school_years import SchoolYears
from ledger.store.sign_ins import SignIns
from ledger.store.signing_reader import SigningReader
from ledger.store.signing_writer import SigningWriter
from ledger.store.uploads import Uploads
from ledger.store.ways_out import WaysOut
from ledger.transferring import Transferring
from ledger.unit import Role, Slot
from tests.simulators.school_ledger import NOON, OTHER_SCHOOL
from tests.simulators.school_office import CODE, Office
from tests.simulators.signing_parts import signing_desk

URL = "https://desk.example"
PASSWORD = "bốn từ ghép lại"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Nobody guesses at these."""

HOMEROOM = Slot(Role.HOMEROOM)
HIDDEN = re.compile(rf'name="{CSRF_FIELD}" value="([^"]+)"')


@dataclass
class Clock:
    """What time it is, for everybody."""

    time: datetime = NOON
    broken: Exception | None = None

    def __call__(self) -> datetime:
        if self.broken is not None:
            raise self.broken
        return self.time

    def advance(self, **time: float) -> None:
        self.time += timedelta(**time)


@dataclass
class Browser:
    """A browser: cookies, and forms that are filled in on pages it has seen. It follows no redirects by itself."""

    app: FastAPI
    url: str
    address: str
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def ask(self, method: str, path: str, **request: object) -> httpx.Response:
        """One request, without an Accept-Language, so that the default language shows."""

        async def sent() -> httpx.Response:
            # What the application raises is answered by it too; here only the answer counts.
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(self.address, 40000))
            async with httpx.AsyncClient(transport=transport, base_url=self.url, cookies=self.cookies) as client:
                answer = await client.request(method, path, **request)
                self.cookies = client.cookies
                return answer

        return anyio.run(sent)

    def get(self, path: str, **request: object) -> httpx.Response:
        return self.ask("GET", path, **request)

    def form(self, page: str, action: str | None = None, *, files: object = None, **fields: str) -> httpx.Response:
        """Opens `page`, fills its form in and sends it to `action`, which is the page itself if nothing else is said."""
        return self.send(action or page, self.csrf(page), files=files, **fields)

    def csrf(self, page: str) -> str:
        found = HIDDEN.search(self.get(page).text)
        assert found, f"no form on {page}"
        return found[1]

    def send(self, path: str, csrf: str, *, files: object = None, origin: str = URL, **fields: str) -> httpx.Response:
        data = {CSRF_FIELD: csrf, **{name.replace("_", "-"): value for name, value in fields.items()}}
        return self.ask("POST", path, data=data, files=files, headers={"Origin": origin})

    def sign_in(self, name: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
        return self.form("/dang-nhap", ten=name, mat_khau=password, **fields)


@dataclass
class DeskWorld:
    """The desk, and whatever a test may want to move."""

    office: Office
    clock: Clock = field(default_factory=Clock)
    provider: Provider | None = None
    signing: SigningDesk | None = None
    hasher: PasswordHasher = QUICK
    url: str = URL
    options: CheckOptions = field(default_factory=lambda: CheckOptions(allow_synthetic_province=True))

    @classmethod
    def opened(cls, folder: Path, **values: object) -> "DeskWorld":
        """An office with the school and another one, nobody's account, and nothing imported."""
        return cls(Office.opened(folder), **values)

    @property
    def accounts(self) -> Accounts:
        return Accounts(self.office.ledger.engine, now=self.clock)

    @property
    def sign_ins(self) -> SignIns:
        return SignIns(self.office.ledger.engine, now=self.clock)

    @property
    def uploads(self) -> Uploads:
        return Uploads(self.office.ledger.engine, now=self.clock)

    @property
    def deciding(self) -> DecidingDesk:
        ledger, files = self.office.ledger, self.office.files
        return DecidingDesk(
            decisions=Decisions(
                ledger.reader,
                ledger.errands,
                ledger.errand_writer,
                ledger.journal,
                files,
                ways_out=WaysOut(ledger.engine, now=ledger.now),
            ),
            errands=ledger.errands,
            journal=ledger.journal,
            years=SchoolYears(ledger.engine),
            transfers=ledger.transfers,
            transferring=Transferring(
                ledger.reader, ledger.transfers, files, ledger.journal, ledger.confirmations, new_id=uuid4
            ),
        )

    def app(self) -> FastAPI:
        """A desk that has just been started: it knows what is stored, and nothing else."""
        stores = Stores(
            reader=self.office.ledger.reader,
            lines=SigningReader(self.office.ledger.engine),
            accounts=self.accounts,
            sign_ins=self.sign_ins,
            uploads=self.uploads,
            files=self.office.files,
        )
        return create_desk(
            stores,
            importing=self.office.importing,
            signing=self.signing or signing_desk(self.office, self.clock),
            deciding=self.deciding,
            public_url=self.url,
            now=self.clock,
            new_token=lambda: secrets.token_urlsafe(32),
            new_id=uuid4,
            passwords=Passwords(self.hasher),
            provider=self.provider,
            options=self.options,
        )

    def add(self, name: str, *duties: Duty, school_code: str | None = CODE, password: str = PASSWORD) -> Account:
        """An account with a password."""
        account = self.accounts.add(
            name,
            display_name=f"Người {name}",
            school_code=None if Duty.AUTHORITY in duties else school_code,
            duties=duties,
        )
        self.accounts.set_password(name, Passwords(self.hasher).hash(password))
        return account

    def assign(self, name: str, slot: Slot = HOMEROOM) -> None:
        """Makes `name` the signer of a slot in the class that was imported."""
        engine = self.office.ledger.engine
        lines, writer = SigningReader(engine), SigningWriter(engine, now=self.clock)
        (school_class,) = lines.classes(school_code=CODE)
        writer.assign(school_class, slot, account=name, replacing="", by="van.thu")

    def browser(self, *, address: str = "192.0.2.1", app: FastAPI | None = None) -> Browser:
        """A browser that has never been here."""
        return Browser(app or self.app(), self.url, address)

    def signed_in(self, name: str, **where: object) -> Browser:
        """A browser in which `name` is signed in."""
        browser = self.browser(**where)
        assert browser.sign_in(name).status_code == 303
        return browser


ELSEWHERE = OTHER_SCHOOL
