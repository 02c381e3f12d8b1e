# SPDX-License-Identifier: Apache-2.0

"""The authority's consent: recalls and replacements of records whose school year is locked, one by one and with a reason.

What is decided here is stored, with who decided and why. The authority's key, which the desk does not have, carries it to the
chain with the next `hocba carry`; the school's own key then carries the recall.
"""

from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ledger.batch import ActKind
from ledger.desk.class_sight import pupil_name
from ledger.desk.desk import Desk
from ledger.desk.grounds import NO_REASON, TOO_MANY_WORDS, as_download, at_the_desk, reason_in
from ledger.desk.pages import to
from ledger.desk.problems import NOT_FOUND, Refusal
from ledger.desk.record_story import consent_to, decision_about, evidence_about, who_in_words
from ledger.desk.standing import Standing, standing
from ledger.desk.visits import account_of
from ledger.desk.wording_decisions import AUTHORITY_STANDINGS, REASONS
from ledger.errors import LedgerError, LostRace, NothingToApprove, NothingToTakeBack, TooLateToTakeBack
from ledger.journal import Entry
from ledger.store.errands import Act, Recall
from ledger.store.reader import Unit
from ledger.unit import UnitKind, UnitState
from ledger.web.languages import Text

SHOWN_AS_DONE = 50
"""Of what was consented to, the newest."""
NOTHING_WAITS = LedgerError(
    "Học bạ này không có đề nghị nào chờ Sở chấp thuận: trường chưa quyết định thu hồi, hoặc việc đã xong. Danh sách dưới đây đã "
    "được cập nhật.",
    "Nothing about this record waits for consent: the school has not decided a recall, or it is done. The list below is up to "
    "date.",
)
HERE = "/so/thu-hoi"


@dataclass(frozen=True)
class Asked:
    """What one school asks, or has asked, the authority to consent to."""

    unit: Unit
    school: str
    pupil: str
    reason: Text
    replacement_id: UUID | None
    """For the naming of a replacement: which record takes the place of the one that is recalled."""
    decision: Entry | None
    who: Text
    standing: Standing

    @property
    def decided(self) -> str:
        """Which decision it is, by its entry: one that was taken back may be followed by another about the same record."""
        return "" if self.decision is None else str(self.decision.seq)


class Consents:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """What waits for consent, and what was consented to."""
        return await self._shown(request)

    async def approve(self, request: Request, unit_id: UUID) -> Response:
        """The authority consents to what waits about a record."""
        by = account_of(request).name

        def approved() -> bool:
            reason = reason_in(request)
            if not self._shown_waits(request, unit_id):
                errands = self._desk.deciding.errands
                recall = errands.recall_of(unit_id)
                if recall is not None and errands.approvals_of(unit_id, reason=recall.reason):
                    return False
                raise NothingToApprove(unit_id)
            return self._desk.deciding.decisions.approve(unit_id, by=by, why=reason) is None

        try:
            newly = await self._desk.ask(approved)
        except (NothingToApprove, LostRace):
            return await self._shown(request, problem=at_the_desk(NOTHING_WAITS))
        except LedgerError as error:
            if error not in {NO_REASON, TOO_MANY_WORDS}:
                raise
            return await self._shown(request, problem=at_the_desk(error), at=unit_id)
        return to(f"{HERE}?vua={'chap-thuan' if newly else 'truoc-do'}")

    async def decline(self, request: Request, unit_id: UUID) -> Response:
        """The authority says no to a recall that waits for it."""
        by = account_of(request).name

        def declined() -> None:
            reason = reason_in(request)
            if not self._shown_waits(request, unit_id):
                raise NothingToTakeBack(unit_id)
            self._desk.deciding.decisions.decline(unit_id, by=by, why=reason)

        try:
            await self._desk.ask(declined)
        except (NothingToApprove, NothingToTakeBack, TooLateToTakeBack, LostRace):
            return await self._shown(request, problem=at_the_desk(NOTHING_WAITS))
        except LedgerError as error:
            if error not in {NO_REASON, TOO_MANY_WORDS}:
                raise
            return await self._shown(request, problem=at_the_desk(error), at=unit_id)
        return to(f"{HERE}?vua=tu-choi")

    async def evidence(self, unit_id: UUID, sha256: str) -> Response:
        """A document that something rests on which the authority has to decide, or has decided."""
        desk = self._desk

        def found() -> bytes:
            asked = {one.unit.id for one in waiting(desk)}
            mine = unit_id in asked or desk.deciding.errands.acts(ActKind.APPROVE, unit_id=unit_id)
            if not mine or sha256 not in evidence_about(desk, unit_id):
                raise Refusal(NOT_FOUND)
            return desk.stores.files.get(sha256)

        return as_download(await desk.ask(found), sha256)

    def _shown_waits(self, request: Request, unit_id: UUID) -> bool:
        """Whether anything about the record waits. Raises `NothingToApprove` where that is not what the page showed.

        What was shown is what is answered: a page from before may be about the recall, and what waits now is not; or about
        another recall, for other reasons.
        """
        waits = [one for one in waiting(self._desk) if one.unit.id == unit_id]
        form = request.state.form
        about = [
            one
            for one in waits
            if form.get("thay-the") in {None, str(one.replacement_id or "")}
            and form.get("quyet-dinh") in {None, one.decided}
        ]
        if waits and not about:
            raise NothingToApprove(unit_id)
        return bool(waits)

    async def _shown(self, request: Request, *, problem: Text | None = None, at: UUID | None = None) -> Response:
        asked, done = await self._desk.ask(lambda: (waiting(self._desk), _consented(self._desk)))
        return self._desk.pages.render(
            "consents.html",
            request,
            status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
            switch=HERE,
            asked=asked,
            done=done,
            problem=problem,
            at=at,
            standings=AUTHORITY_STANDINGS,
            just=request.query_params.get("vua"),
        )


def waiting(desk: Desk) -> list[Asked]:
    """What waits for consent, oldest first: recalls of locked records, then namings of what replaces them."""
    errands, found = desk.deciding.errands, []
    for recall in errands.open_recalls():
        unit = desk.stores.reader.unit(recall.unit_id)
        stands = _recall_stands(desk, recall, unit)
        if stands is Standing.WAITS:
            found.append(_asked(desk, unit, recall, None, stands))
    for act in errands.open_acts():
        if act.kind is not ActKind.REPLACE or act.unit_id is None:
            continue
        unit, done = desk.stores.reader.unit(act.unit_id), errands.recall_of(act.unit_id)
        if done is None:
            continue
        consent = consent_to(errands.approvals_of(unit.id, reason=done.reason), act.replacement_id)
        stands = standing(act.state, locked=errands.year_locked(unit.school_year), consent=consent)
        if stands is Standing.WAITS:
            found.append(_asked(desk, unit, done, act.replacement_id, stands))
    return found


def _recall_stands(desk: Desk, recall: Recall, unit: Unit) -> Standing:
    consent = consent_to(desk.deciding.errands.approvals_of(unit.id, reason=recall.reason), None)
    return standing(recall.state, locked=unit.state is UnitState.LOCKED, consent=consent)


def _consented(desk: Desk) -> list[Asked]:
    found = []
    for act in desk.deciding.errands.acts(ActKind.APPROVE)[:SHOWN_AS_DONE]:
        about = _consent(desk, act)
        if about is not None:
            found.append(about)
    return found


def _consent(desk: Desk, act: Act) -> Asked | None:
    if act.unit_id is None or (recall := desk.deciding.errands.recall_of(act.unit_id)) is None:
        return None
    unit = desk.stores.reader.unit(act.unit_id)
    return _asked(desk, unit, recall, act.replacement_id, standing(act.state, locked=False, consent=None))


def _asked(desk: Desk, unit: Unit, recall: Recall, replacement_id: UUID | None, stands: Standing) -> Asked:
    decision = decision_about(desk, unit.id)
    who = "" if decision is None else decision.who
    return Asked(
        unit=unit,
        school=desk.stores.reader.school(unit.school_code).name,
        # A booklet's source lists years, and says no name that its records do not say.
        pupil=pupil_name(desk, unit) if unit.kind is UnitKind.UNIT else unit.pupil_code,
        reason=REASONS[recall.reason],
        replacement_id=replacement_id,
        decision=decision,
        who=who_in_words(desk, who, unit.school_code),
        standing=stands,
    )
