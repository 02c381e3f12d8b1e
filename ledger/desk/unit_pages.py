# SPDX-License-Identifier: Apache-2.0

"""One pupil's record: who has signed it, the PDF as it stands, and giving it back to somebody who signed before."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ledger.desk.access import CLERK, PRINCIPAL
from ledger.desk.class_sight import SEE_ALL, people_of, pupil_name, unit_of
from ledger.desk.desk import Desk
from ledger.desk.grounds import MOST_WORDS
from ledger.desk.pages import to
from ledger.desk.problems import NO_PDF_YET, Refusal
from ledger.desk.record_story import RecordStory, story_of
from ledger.desk.signed_by import ReturnedLine, Signatories, SignedLine, returned
from ledger.desk.slot_words import slot_name
from ledger.desk.standing import Standing
from ledger.desk.visits import field, school_of
from ledger.desk.wording_decisions import NAMING_STANDINGS, REASONS, RECALL_STANDINGS
from ledger.errors import ForbiddenMove, LedgerError, LostRace
from ledger.record.findings import Finding
from ledger.store.accounts import Account
from ledger.store.reader import Unit
from ledger.store.signing_reader import SchoolClass
from ledger.store.tables import FileRole
from ledger.unit import FINAL_STATES, Role, Slot, UnitState
from ledger.web.languages import Text

DECIDING = CLERK | PRINCIPAL
"""Who decides about what the school has issued."""

NOT_TO_THEM = LedgerError(
    "Không trả lại được cho người này: họ chưa ký, hoặc bạn chỉ được trả lại cho người ký trước mình khi học bạ đang chờ bạn "
    "ký. Hãy xem lại danh sách người đã ký.",
    "It cannot be given back to them: they have not signed, or you may give back only to those before you while the record "
    "waits for you. Look at who has signed.",
)
CHANGED_MEANWHILE = LedgerError(
    "Học bạ vừa có thay đổi (người khác vừa ký hoặc vừa trả lại) nên chưa trả lại. Hãy xem lại trang này rồi làm lại.",
    "The record has just changed (somebody signed it or gave it back), so it was not given back. Look at this page again.",
)


@dataclass(frozen=True)
class UnitView:
    """What the page of one record shows."""

    unit: Unit
    school_class: SchoolClass
    pupil: str
    warnings: Sequence[Finding]
    signatures: Sequence[SignedLine]
    returns: Sequence[ReturnedLine]
    may_go_back_to: Sequence[tuple[Slot, Text]]
    story: RecordStory
    may_recall: bool
    """Whether the visitor may decide its recall now."""
    may_take_back: bool
    """Whether the visitor may take back a recall of which nothing was sent yet."""
    may_amend: bool
    may_release: bool
    """Whether the visitor may give the pupil to another school."""


NOT_SENT = frozenset({Standing.WAITS, Standing.CONSENTED, Standing.DECIDED})
"""Where a decision stands while nothing of it has been sent to the chain."""


def given_back_to(
    unit: Unit, *, sees_all: bool, own: Collection[Slot], waits: Collection[Slot], order: Sequence[Role]
) -> list[Slot]:
    """The signers to whom somebody may give a record back. Pure.

    Clerk and principal (`sees_all`): any who has signed. Others, while it `waits` for one of their `own` slots: those whose role
    comes before theirs in the `order` of the profile.
    """
    if unit.state is not UnitState.SIGNING:
        return []
    if sees_all:
        return list(unit.signed_slots)
    turn = max((order.index(slot.role) for slot in own if slot in waits), default=0)
    return [slot for slot in unit.signed_slots if order.index(slot.role) < turn]


class UnitPages:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request, unit_id: UUID) -> Response:
        """The record, and who has signed it."""
        return await self.shown(request, unit_id)

    async def pdf(self, request: Request, unit_id: UUID) -> Response:
        """The PDF as it stands now."""
        account, school_code = school_of(request)

        def found() -> tuple[bytes, str]:
            unit, _ = unit_of(self._desk, account, school_code, unit_id)
            if not unit.files:
                raise Refusal(NO_PDF_YET)
            # A file name travels further than its file, so it names nobody.
            name = f"{quote(unit.class_name, safe='')}-{unit.stt:02d}.pdf"
            return self._desk.stores.files.get(unit.file(FileRole.PDF).sha256), name

        data, name = await self._desk.ask(found)
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return Response(data, media_type="application/pdf", headers=headers)

    async def give_back(self, request: Request, unit_id: UUID) -> Response:
        """Takes off a signature and all after it, with a reason that its signer will read."""
        account, school_code = school_of(request)
        wanted, reason = field(request, "nguoi-ky"), field(request, "ly-do").strip()

        def given() -> None:
            view = self._view(account, school_code, unit_id)
            slot = next((slot for slot, _ in view.may_go_back_to if str(slot) == wanted), None)
            if slot is None:
                raise NOT_TO_THEM
            try:
                self._desk.signing.returning.give_back(unit_id, slot=slot, reason=reason, by=account.name)
            except (ForbiddenMove, LostRace):
                raise CHANGED_MEANWHILE from None

        try:
            await self._desk.ask(given)
        except Refusal:
            raise
        except LedgerError as error:
            return await self.shown(request, unit_id, problem=Text(error.vi, error.en), form="give-back")
        return to(f"/hoc-ba/{unit_id}?vua=tra-lai")

    async def shown(self, request: Request, unit_id: UUID, *, problem: Text | None = None, form: str = "") -> Response:
        """The record, with what could not be done in one of its forms."""
        account, school_code = school_of(request)
        view = await self._desk.ask(self._view, account, school_code, unit_id)
        return self._desk.pages.render(
            "unit.html",
            request,
            status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
            switch=f"/hoc-ba/{unit_id}",
            view=view,
            problem=problem,
            form=form,
            field=lambda name: field(request, name) if problem else "",
            just=request.query_params.get("vua"),
            reasons=REASONS,
            most_words=MOST_WORDS,
            recall_words=RECALL_STANDINGS,
            naming_words=NAMING_STANDINGS,
        )

    def _view(self, account: Account, school_code: str, unit_id: UUID) -> UnitView:
        desk, lines = self._desk, self._desk.stores.lines
        unit, school_class = unit_of(desk, account, school_code, unit_id)
        story, decides = story_of(desk, unit), account.may(DECIDING)
        return UnitView(
            unit=unit,
            school_class=school_class,
            pupil=pupil_name(desk, unit),
            warnings=desk.signing.warnings.of(school_class).get(unit.stt, ()),
            signatures=Signatories(lines, school_code).of(unit),
            returns=returned([unit], lines.returns(class_id=school_class.id), people_of(desk, school_code)),
            may_go_back_to=[(slot, slot_name(slot, unit.level)) for slot in self._may(account, unit, school_class)],
            story=story,
            may_recall=decides and unit.state in FINAL_STATES and story.recall is None,
            may_take_back=decides and story.recall is not None and story.recall.standing in NOT_SENT,
            may_amend=decides and unit.manifest is not None,
            may_release=decides,
        )

    def _may(self, account: Account, unit: Unit, school_class: SchoolClass) -> list[Slot]:
        signing = self._desk.signing
        own = signing.own_slots(account, school_class)
        assigned = signing.worklist.assigned(school_class) | {slot.role for slot in own}
        in_signing = unit.state is UnitState.SIGNING
        return given_back_to(
            unit,
            sees_all=account.may(SEE_ALL),
            own=own,
            waits=signing.issuing.next_slots(unit, assigned=assigned) if in_signing else (),
            order=signing.issuing.profile(unit).order,
        )
