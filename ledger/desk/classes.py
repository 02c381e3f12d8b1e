# SPDX-License-Identifier: Apache-2.0

"""The classes of a school: the list, and one class with its records, where each stands and who has signed.

Clerk and principal see every class of their school, a teacher those with a slot of their own. Another class is not found.
"""

from dataclasses import dataclass
from itertools import groupby

from fastapi import Request
from starlette.responses import Response

from ledger.desk.desk import Desk
from ledger.desk.problems import NOT_FOUND, Refusal
from ledger.desk.visits import school_of
from ledger.duty import Duty
from ledger.record import xml
from ledger.store.accounts import Account
from ledger.store.reader import Unit
from ledger.store.signing_reader import SchoolClass
from ledger.unit import UnitState

SEE_ALL = frozenset({Duty.CLERK, Duty.PRINCIPAL})


@dataclass(frozen=True)
class ClassLine:
    """One class in the list."""

    school_class: SchoolClass
    counts: dict[UnitState, int]
    """In the order of a unit's life."""
    missing: int
    """How many of the enrolled have no record."""


class Classes:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show_all(self, request: Request) -> Response:
        """The classes by school year, newest first."""
        account, school_code = school_of(request)
        lines = await self._desk.ask(self._lines, account, school_code)
        years = [(year, list(found)) for year, found in groupby(lines, key=lambda line: line.school_class.school_year)]
        return self._desk.pages.render("classes.html", request, years=years)

    async def show(self, request: Request, class_id: int) -> Response:
        """One class, pupil by pupil."""
        account, school_code = school_of(request)
        school_class, pupils = await self._desk.ask(self._class, account, school_code, class_id)
        return self._desk.pages.render(
            "class.html",
            request,
            school_class=school_class,
            pupils=pupils,
            imported=request.query_params.get("vua") == "nhap",
        )

    def _lines(self, account: Account, school_code: str) -> list[ClassLine]:
        counted = self._desk.stores.reader.count_by_class(school_code)
        lines = []
        for school_class in seen_by(self._desk, account, school_code):
            found = counted.get(school_class.id, {})
            counts = {state: found[state] for state in UnitState if state in found}
            # A recalled unit and its successor are one pupil's.
            pupils = sum(count for state, count in counts.items() if state is not UnitState.REPLACED)
            lines.append(ClassLine(school_class, counts, max(0, school_class.enrolled - pupils)))
        return lines

    def _class(self, account: Account, school_code: str, class_id: int) -> tuple[SchoolClass, list[tuple[Unit, str]]]:
        found = next((one for one in seen_by(self._desk, account, school_code) if one.id == class_id), None)
        if found is None:
            raise Refusal(NOT_FOUND)
        stores = self._desk.stores
        units = stores.reader.units(school_code=school_code, school_year=found.school_year, class_name=found.name)
        return found, [(unit, xml.read(stores.files.get(unit.source_sha256)).record.pupil.name) for unit in units]


def seen_by(desk: Desk, account: Account, school_code: str) -> list[SchoolClass]:
    """The classes that an account may look at, newest year first."""
    lines = desk.stores.lines
    every = lines.classes(school_code=school_code)
    if account.may(SEE_ALL):
        return every
    own = {assignment.school_class.id for assignment in lines.assignments(account=account.name)}
    return [school_class for school_class in every if school_class.id in own]
