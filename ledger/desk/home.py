# SPDX-License-Identifier: Apache-2.0

"""What is everybody's own: the list of what waits, and the account."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from ledger.desk.access import CLERK, PRINCIPAL
from ledger.desk.class_sight import people_of, units_of
from ledger.desk.class_view import waited_for
from ledger.desk.consents import waiting
from ledger.desk.desk import Desk
from ledger.desk.slot_words import slot_name
from ledger.desk.transfer_pages import waiting_for
from ledger.desk.visits import account_of
from ledger.duty import Duty
from ledger.store.accounts import Account
from ledger.store.sign_ins import PAIRING_MINUTES
from ledger.store.signing_reader import SchoolClass
from ledger.store.signing_tables import RegistrationState
from ledger.unit import Slot, UnitState
from ledger.web.languages import Text


@dataclass(frozen=True)
class ToSign:
    """Records of one class that wait for one signature of the visitor's."""

    school_class: SchoolClass
    slot: Slot
    name: Text
    count: int
    warned: int
    """How many of them have a warning."""
    returned: Sequence[tuple[int, str, str]]
    """Place in the list, reason, and by whom."""


@dataclass(frozen=True)
class ToDo:
    """What a class needs of its clerk."""

    school_class: SchoolClass
    drafts: int
    ready: int
    unassigned: Sequence[Text]
    """Slots that are waited for and that nobody is assigned to."""


class Home:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def waiting(self, request: Request) -> Response:
        """What waits for whoever is signed in."""
        account = account_of(request)
        work = await self._desk.ask(self._to_sign, account)
        chores = await self._desk.ask(self._to_do, account) if Duty.CLERK in account.duties else []
        requests = await self._desk.ask(self._requests) if Duty.AUTHORITY in account.duties else 0
        consents = await self._desk.ask(self._consents) if Duty.AUTHORITY in account.duties else 0
        coming = await self._desk.ask(self._coming, account)
        return self._desk.pages.render(
            "home.html", request, work=work, chores=chores, requests=requests, consents=consents, coming=coming
        )

    async def account(self, request: Request) -> Response:
        """Who is signed in, and how to pair the agent."""
        return self._desk.pages.render("account.html", request, code=None, minutes=PAIRING_MINUTES)

    async def pairing_code(self, request: Request) -> Response:
        """A code for the agent. It is shown once; the database keeps its digest."""
        code = await self._desk.ask(self._desk.signing_in.pairing_code, account_of(request).name)
        return self._desk.pages.render("account.html", request, switch="/tai-khoan", code=code, minutes=PAIRING_MINUTES)

    def _to_sign(self, account: Account) -> list[ToSign]:
        if account.school_code is None:
            return []
        people, found = people_of(self._desk, account.school_code), []
        for work in self._desk.signing.waiting(account):
            warnings = self._desk.signing.warnings.of(work.school_class)
            stt = {unit.id: unit.stt for unit in work.units}
            found.append(
                ToSign(
                    school_class=work.school_class,
                    slot=work.slot,
                    name=slot_name(work.slot, work.units[0].level),
                    count=len(work.units),
                    warned=sum(unit.stt in warnings for unit in work.units),
                    returned=[
                        (stt[one.unit_id], one.reason, people.get(one.returned_by, one.returned_by))
                        for one in work.returned
                    ],
                )
            )
        return found

    def _to_do(self, account: Account) -> list[ToDo]:
        desk, school_code = self._desk, account.school_code
        if school_code is None:
            return []
        counted, found = desk.stores.reader.count_by_class(school_code), []
        for school_class in desk.stores.lines.classes(school_code=school_code):
            counts = counted.get(school_class.id, {})
            if not counts.keys() & {UnitState.DRAFT, UnitState.SIGNING}:
                continue
            units = units_of(desk, school_class)
            to_do = ToDo(
                school_class=school_class,
                drafts=counts.get(UnitState.DRAFT, 0),
                ready=sum(map(desk.signing.issuing.is_signed_by_all, units)),
                unassigned=[one.name for one in waited_for(desk, account, school_class, units) if one.needs_somebody],
            )
            if to_do.drafts or to_do.ready or to_do.unassigned:
                found.append(to_do)
        return found

    def _consents(self) -> int:
        return len(waiting(self._desk))

    def _coming(self, account: Account) -> int:
        if account.school_code is None or not account.may(CLERK | PRINCIPAL):
            return 0
        return waiting_for(self._desk, account.school_code)

    def _requests(self) -> int:
        return len(self._desk.stores.lines.registrations(state=RegistrationState.PENDING))
