# SPDX-License-Identifier: Apache-2.0

"""The work of one signer in one class: what is to be signed and what is wrong with it, how to sign, and how far signing has come.

Signing itself happens on the signer's own computer (`hocba sign`), where the key is; here it is shown.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from ledger.desk.class_sight import class_of, people_of, pupil_name
from ledger.desk.desk import Desk
from ledger.desk.problems import NOT_FOUND, NOT_YOUR_SLOT, Refusal
from ledger.desk.signed_by import Signatories, SignedLine
from ledger.desk.slot_words import slot_name
from ledger.desk.visits import account_of, school_of
from ledger.record.findings import Finding
from ledger.round_work import Progress
from ledger.store.accounts import Account
from ledger.store.reader import Unit
from ledger.store.sign_ins import PAIRING_MINUTES
from ledger.store.signing_reader import RoundLine, SchoolClass
from ledger.store.signing_tables import RoundState
from ledger.unit import Slot
from ledger.web.languages import Text

RELOAD_SECONDS = 3
"""How soon the page of a round that is worked on loads itself again."""


@dataclass(frozen=True)
class PupilToSign:
    """One record that waits for the signer."""

    unit: Unit
    name: str
    warnings: Sequence[Finding]
    signatures: Sequence[SignedLine]
    returned: str
    """Why it was given back to this signer, and by whom; empty if it was not."""


@dataclass(frozen=True)
class WorkView:
    """What the page shows."""

    school_class: SchoolClass
    slot: Slot
    name: Text
    pupils: Sequence[PupilToSign]
    about_class: Sequence[Finding]
    """Warnings about the class as a whole."""
    current: Sequence[tuple[RoundLine, Progress]]
    """Open rounds, and the newest one even when it is closed: its refusals are to be read."""
    earlier: Sequence[RoundLine]

    @property
    def warned(self) -> int:
        """How many of the pupils have a warning."""
        return sum(bool(pupil.warnings) for pupil in self.pupils)

    @property
    def busy(self) -> bool:
        """Whether the server is working on it."""
        return any(progress.busy for _, progress in self.current)


def command_of(url: str, school_class: SchoolClass, slot: Slot) -> str:
    """What is typed on the signer's computer. It asks for the pairing code, and for the PIN."""
    chosen = ["--class", school_class.name, "--role", slot.role.value]
    if slot.subject:
        chosen += ["--subject", slot.subject]
    return shlex.join(["hocba", "sign", "--desk", url, *chosen, "--key"])


class WorkPages:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request, class_id: int, slot: str) -> Response:
        """What waits here."""
        return await self._shown(request, class_id, slot, code=None)

    async def pairing_code(self, request: Request, class_id: int, slot: str) -> Response:
        """The same, with a code for the agent. It is shown once."""
        account, school_code = school_of(request)
        await self._desk.ask(self._own, account, school_code, class_id, slot)
        code = await self._desk.ask(self._desk.signing_in.pairing_code, account.name)
        return await self._shown(request, class_id, slot, code=code)

    async def _shown(self, request: Request, class_id: int, slot: str, *, code: str | None) -> Response:
        account, school_code = school_of(request)
        view = await self._desk.ask(self._view, account, school_code, class_id, slot)
        return self._desk.pages.render(
            "work.html",
            request,
            switch=f"/ky/{class_id}/{view.slot}",
            view=view,
            code=code,
            minutes=PAIRING_MINUTES,
            command=command_of(self._desk.cookies.origin, view.school_class, view.slot),
            by_password=f"--account {shlex.quote(account_of(request).name)}",
            # A code that is shown once must not be taken away by a reload.
            reload_seconds=RELOAD_SECONDS if view.busy and code is None else None,
            stays=request.query_params.get("tu-tai") == "khong",
        )

    def _own(self, account: Account, school_code: str, class_id: int, written: str) -> tuple[SchoolClass, Slot]:
        """The class and slot, if this account signs there."""
        school_class = class_of(self._desk, account, school_code, class_id)
        try:
            slot = Slot.parse(written)
        except ValueError:
            raise Refusal(NOT_FOUND) from None
        if slot not in self._desk.signing.own_slots(account, school_class):
            raise Refusal(NOT_YOUR_SLOT)
        return school_class, slot

    def _view(self, account: Account, school_code: str, class_id: int, written: str) -> WorkView:
        desk, signing = self._desk, self._desk.signing
        school_class, slot = self._own(account, school_code, class_id, written)
        work = next(iter(signing.worklist.in_class(school_class, [slot])), None)
        units = work.units if work else ()
        people = people_of(desk, school_code)
        reasons = {
            one.unit_id: f"{one.reason} ({people.get(one.returned_by, one.returned_by)})"
            for one in (work.returned if work else ())
        }
        warnings = signing.warnings.of(school_class)
        signatories = Signatories(desk.stores.lines, school_code)
        rounds = desk.stores.lines.rounds_of(class_id=school_class.id, slot=slot, account=account.name)
        current = [one for number, one in enumerate(rounds) if number == 0 or one.state is RoundState.OPEN]
        return WorkView(
            school_class=school_class,
            slot=slot,
            name=slot_name(slot, units[0].level if units else ""),
            pupils=[
                PupilToSign(
                    unit=unit,
                    name=pupil_name(desk, unit),
                    warnings=warnings.get(unit.stt, ()),
                    signatures=signatories.of(unit),
                    returned=reasons.get(unit.id, ""),
                )
                for unit in units
            ],
            about_class=warnings.get(None, ()),
            current=[(one, signing.work.progress(one.id)) for one in current],
            earlier=[one for one in rounds if one not in current],
        )
