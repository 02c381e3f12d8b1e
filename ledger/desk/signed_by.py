# SPDX-License-Identifier: Apache-2.0

"""Who signed what, and when: signatures with the names that certificates were registered under, and what was given back."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from ledger.desk.class_sight import class_of, people_of, units_of
from ledger.desk.desk import Desk
from ledger.desk.slot_words import DEPUTY, slot_name
from ledger.desk.visits import school_of
from ledger.store.reader import Signature, Unit
from ledger.store.signing_reader import Registration, Returned, SchoolClass, SigningReader
from ledger.unit import Slot
from ledger.web.languages import VIETNAM, Text

SHOWN_DIGITS = 12
"""Of a certificate's digest, where nobody is registered with it."""


@dataclass(frozen=True)
class SignedLine:
    """One signature as people read it."""

    slot: Slot
    what: Text
    """“Giáo viên bộ môn Toán”; of a deputy, that it is one."""
    holder: str
    cert_sha256: str
    at: dt.datetime


@dataclass(frozen=True)
class SignedTogether:
    """What one certificate signed in one slot of a class on one day."""

    what: Text
    holder: str
    first: dt.datetime
    last: dt.datetime
    places: tuple[int, ...]
    """In the class list."""


@dataclass(frozen=True)
class ReturnedLine:
    """A record that was given back."""

    stt: int
    to: Text
    reason: str
    by: str
    at: dt.datetime


class Signatories:
    """Knows a school's certificates by whom they were registered for."""

    def __init__(self, lines: SigningReader, school_code: str) -> None:
        self._lines: dict[str, list[Registration]] = {}
        for line in lines.registrations(school_code=school_code):
            self._lines.setdefault(line.cert_sha256, []).append(line)

    def line(self, signature: Signature, level: str) -> SignedLine:
        """Who made a signature, and as what."""
        found = self._lines.get(signature.cert_sha256, [])
        line = next((one for one in found if one.covers(signature.slot, signature.signed_at)), None)
        holder = next((one.holder for one in found), f"… {signature.cert_sha256[:SHOWN_DIGITS]}")
        deputy = line is not None and line.delegated_by is not None
        what = DEPUTY if deputy else slot_name(signature.slot, level)
        return SignedLine(signature.slot, what, holder, signature.cert_sha256, signature.signed_at)

    def of(self, unit: Unit) -> list[SignedLine]:
        """Who has signed a record, in order."""
        return [self.line(signature, unit.level) for signature in unit.signatures]


def together(units: Iterable[Unit], signatories: Signatories) -> list[SignedTogether]:
    """The signatures of a class, those of one sitting as one line, oldest first."""
    found: dict[tuple[Text, str, dt.date], list[tuple[int, SignedLine]]] = {}
    for unit in units:
        for line in signatories.of(unit):
            key = (line.what, line.cert_sha256, line.at.astimezone(VIETNAM).date())
            found.setdefault(key, []).append((unit.stt, line))
    told = [
        SignedTogether(
            what=what,
            holder=lines[0][1].holder,
            first=min(line.at for _, line in lines),
            last=max(line.at for _, line in lines),
            places=tuple(sorted(stt for stt, _ in lines)),
        )
        for (what, _, _), lines in found.items()
    ]
    return sorted(told, key=lambda one: (one.first, one.what))


def returned(units: Iterable[Unit], returns: Iterable[Returned], people: Mapping[str, str]) -> list[ReturnedLine]:
    """What was given back of some records, oldest first."""
    by_id = {unit.id: unit for unit in units}
    return [
        ReturnedLine(
            stt=by_id[one.unit_id].stt,
            to=slot_name(one.slot, by_id[one.unit_id].level),
            reason=one.reason,
            by=people.get(one.returned_by, one.returned_by),
            at=one.returned_at,
        )
        for one in returns
        if one.unit_id in by_id
    ]


class ClassHistory:
    """The route; see `access` for who may call it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request, class_id: int) -> Response:
        """Who signed what in a class, and what was given back."""
        account, school_code = school_of(request)
        desk = self._desk

        def found() -> tuple[SchoolClass, list[SignedTogether], list[ReturnedLine]]:
            school_class = class_of(desk, account, school_code, class_id)
            units = units_of(desk, school_class)
            signatures = together(units, Signatories(desk.stores.lines, school_code))
            returns = desk.stores.lines.returns(class_id=class_id)
            return school_class, signatures, returned(units, returns, people_of(desk, school_code))

        school_class, signatures, returns = await desk.ask(found)
        return desk.pages.render(
            "class_history.html", request, school_class=school_class, signatures=signatures, returns=returns
        )
