# SPDX-License-Identifier: Apache-2.0

"""Locking a school year: which are locked, and the page on which the authority sees what is not anchored yet, and decides.

A lock is for good, so the year is typed again. From then on recalls need the authority's consent (QĐ 1789/QĐ-SGDĐT, Điều 21), and
what is anchored later counts as late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request
from starlette.responses import Response

from ledger.batch import ActKind, BatchState
from ledger.desk.desk import Desk
from ledger.desk.grounds import DECIDED_MEANWHILE, NO_REASON, TOO_MANY_WORDS, at_the_desk, reason_in
from ledger.desk.pages import to
from ledger.desk.problems import NOT_FOUND, Refusal
from ledger.desk.standing import Standing, standing
from ledger.desk.visits import account_of, field
from ledger.desk.wording_decisions import LOCK_STANDINGS
from ledger.errors import LedgerError, LostRace, YearAlreadyLocked
from ledger.store.school_years import Counted, SchoolOfYear
from ledger.web.languages import Text

HERE = "/so/nam-hoc"
NOT_TYPED = LedgerError(
    "Năm học gõ lại chưa đúng nên chưa khóa. Hãy gõ đúng năm học như ở đầu trang.",
    "The year was not typed as it stands above, so nothing was locked. Type it exactly so.",
)


@dataclass(frozen=True)
class YearView:
    """One school year."""

    year: str
    records: Counted
    lock: Standing | None
    """How its lock stands; None for a year that nobody has decided to lock."""

    @property
    def may_be_locked(self) -> bool:
        """Whether a lock can be decided: none is on its way or done."""
        return self.lock is None


class YearLocks:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show_all(self, request: Request) -> Response:
        """The school years, newest first."""
        years = await self._desk.ask(self._years)
        return self._desk.pages.render("years.html", request, years=years, standings=LOCK_STANDINGS)

    async def show(self, request: Request, school_year: str) -> Response:
        """One school year, school by school, and the form that locks it."""
        return await self._shown(request, school_year)

    async def lock(self, request: Request, school_year: str) -> Response:
        """The authority locks the year."""
        by = account_of(request).name

        def locked() -> None:
            found = self._year(school_year)
            reason = reason_in(request)
            if field(request, "go-lai").strip() != school_year:
                raise NOT_TYPED
            if not found.may_be_locked:
                raise DECIDED_MEANWHILE
            self._desk.deciding.decisions.lock(school_year, by=by, why=reason)

        try:
            await self._desk.ask(locked)
        except (LostRace, YearAlreadyLocked):
            return await self._shown(request, school_year, problem=at_the_desk(DECIDED_MEANWHILE))
        except LedgerError as error:
            if error not in {NO_REASON, TOO_MANY_WORDS, NOT_TYPED, DECIDED_MEANWHILE}:
                raise
            return await self._shown(request, school_year, problem=at_the_desk(error))
        return to(f"{HERE}/{school_year}?vua=khoa")

    async def _shown(self, request: Request, school_year: str, *, problem: Text | None = None) -> Response:
        def found() -> tuple[YearView, Sequence[SchoolOfYear]]:
            return self._year(school_year), self._desk.deciding.years.schools(school_year)

        view, schools = await self._desk.ask(found)
        return self._desk.pages.render(
            "year.html",
            request,
            status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
            switch=f"{HERE}/{view.year}",
            view=view,
            behind=[school for school in schools if school.records.open],
            schools=schools,
            problem=problem,
            standings=LOCK_STANDINGS,
            reason=field(request, "ly-do") if problem else "",
            just_locked=request.query_params.get("vua") == "khoa",
        )

    def _years(self) -> list[YearView]:
        locks: dict[str, BatchState] = {}
        for act in self._desk.deciding.errands.acts(ActKind.LOCK):
            # Newest first: a lock that the contract refused may have been decided again.
            locks.setdefault(act.school_year or "", act.state)
        return [
            YearView(year, records, standing(locks[year], locked=False, consent=None) if year in locks else None)
            for year, records in self._desk.deciding.years.all().items()
        ]

    def _year(self, school_year: str) -> YearView:
        found = next((one for one in self._years() if one.year == school_year), None)
        if found is None:
            raise Refusal(NOT_FOUND)
        return found
