# SPDX-License-Identifier: Apache-2.0

"""Signing as the desk's pages and the agent see it: what waits for an account, and its own rounds.

A round belongs to the account that opened it, and a class is signed only by whom it waits for; both are asked here, for pages and
agent alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ledger.class_jobs import ClassJobs
from ledger.duty import Duty
from ledger.errors import NotTheirs, UnknownRound
from ledger.issuing import Issuing
from ledger.record import xml
from ledger.registering import Registrations
from ledger.returning import Returning
from ledger.round_work import Progress, RoundWork
from ledger.rounds import Rounds
from ledger.signing import SignerIdentity
from ledger.store.accounts import Account
from ledger.store.signing_reader import Round, RoundItem, SchoolClass, SigningReader
from ledger.store.signing_writer import SigningWriter
from ledger.unit import Role, Slot
from ledger.warnings import ClassWarnings
from ledger.worklist import Work, Worklist

EVERYWHERE: Final[Mapping[Duty, Role]] = {Duty.PRINCIPAL: Role.PRINCIPAL, Duty.CLERK: Role.SEAL}
"""Duties whose signature is asked for in every class of the school; teachers sign where they are assigned."""


@dataclass(frozen=True)
class WorkKey:
    """Which work of those that wait: a class and a slot."""

    school_code: str
    school_year: str
    class_name: str
    slot: str


@dataclass(frozen=True)
class SigningDesk:
    """The parts that signing needs, and the questions about accounts."""

    lines: SigningReader
    writer: SigningWriter
    rounds: Rounds
    work: RoundWork
    worklist: Worklist
    warnings: ClassWarnings
    issuing: Issuing
    registrations: Registrations
    returning: Returning
    class_jobs: ClassJobs

    def waiting(self, account: Account) -> list[Work]:
        """What waits for an account's signature."""
        if account.school_code is None:
            return []
        return self.worklist.of_account(account.name, school_code=account.school_code, everywhere=_everywhere(account))

    def own_slots(self, account: Account, school_class: SchoolClass) -> list[Slot]:
        """Where in a class of its school an account signs."""
        return self.worklist.own_slots(account.name, school_class, everywhere=_everywhere(account))

    def open(self, account: Account, wanted: WorkKey, signer: SignerIdentity) -> Progress:
        """Opens a round of what waits for the account. Raises `NotTheirs`, or what `Rounds.open` raises."""
        found = next((work for work in self.waiting(account) if key_of(work) == wanted), None)
        if found is None:
            raise NotTheirs(
                f"Lớp {wanted.class_name}: không có học bạ nào chờ tài khoản này ký phần {wanted.slot}. Hãy tải lại danh sách.",
                f"Class {wanted.class_name}: nothing waits for this account to sign {wanted.slot}. Load the list again.",
            )
        assigned = self.worklist.assigned(found.school_class) | {found.slot.role}
        return self.work.open(found.school_class, found.slot, signer, assigned=assigned, account=account.name)

    def round_of(self, account: Account, round_id: UUID) -> Round:
        """A round of this account's. Anybody else's is unknown to it: `UnknownRound`."""
        found = self.lines.round(round_id)
        if found.account != account.name:
            raise UnknownRound(round_id)
        return found

    def progress(self, account: Account, round_id: UUID) -> Progress:
        """How far a round of this account's has come."""
        return self.work.progress(self.round_of(account, round_id).id)

    def finish(self, account: Account, round_id: UUID) -> Progress:
        """Puts in what a key has answered to, in the background."""
        return self.work.finish(self.round_of(account, round_id).id)

    def pupil(self, item: RoundItem) -> str:
        """Whose record it is."""
        return xml.read(self.rounds.load(item).xml.document).record.pupil.name


def _everywhere(account: Account) -> list[Role]:
    return [role for duty, role in EVERYWHERE.items() if duty in account.duties]


def key_of(work: Work) -> WorkKey:
    """Which work this is."""
    where = work.school_class
    return WorkKey(where.school_code, where.school_year, where.name, str(work.slot))
