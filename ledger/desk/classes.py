# SPDX-License-Identifier: Apache-2.0

"""The classes of a school: the list, and one class with its records, where each stands and who has signed.

Clerk and principal see every class of their school, a teacher those with a slot of their own. Another class is not found.
"""

from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby

from fastapi import Request
from starlette.responses import Response

from ledger.desk.class_sight import class_of, seen_by
from ledger.desk.class_view import ClassView, view_of
from ledger.desk.desk import Desk
from ledger.desk.visits import school_of
from ledger.store.accounts import Account
from ledger.store.signing_reader import SchoolClass
from ledger.unit import UnitState
from ledger.web.languages import VIETNAM, Text

RELOAD_SECONDS = 3
"""How soon the page of a class that is worked on loads itself again."""


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
        return await self.shown(request, class_id)

    async def shown(self, request: Request, class_id: int, *, problem: Text | None = None) -> Response:
        """The same, with what could not be done."""
        account, school_code = school_of(request)

        def found() -> ClassView:
            return view_of(self._desk, account, class_of(self._desk, account, school_code, class_id))

        view = await self._desk.ask(found)
        return self._desk.pages.render(
            "class.html",
            request,
            status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
            switch=f"/lop/{class_id}",
            view=view,
            problem=problem,
            today=self._desk.now().astimezone(VIETNAM).date().isoformat(),
            reload_seconds=RELOAD_SECONDS if view.busy else None,
            stays=request.query_params.get("tu-tai") == "khong",
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
