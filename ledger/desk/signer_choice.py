# SPDX-License-Identifier: Apache-2.0

"""A clerk says who signs what in a class: each slot goes to an account, and to another when somebody left, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi import Request
from starlette.responses import Response

from ledger.desk.class_sight import class_of, people_of, record_of, units_of
from ledger.desk.desk import Desk
from ledger.desk.pages import to
from ledger.desk.slot_words import slot_name
from ledger.desk.visits import field, school_of
from ledger.duty import Duty
from ledger.record.model import Record
from ledger.store.accounts import Account
from ledger.store.reader import Unit
from ledger.store.signing_reader import Assignment, SchoolClass
from ledger.unit import Role, Slot
from ledger.web.languages import Text

MAX_REASON = 200
DUTY_OF: Final[Mapping[Role, Duty]] = {
    Role.SUBJECT: Duty.TEACHER,
    Role.HOMEROOM: Duty.TEACHER,
    Role.PRINCIPAL: Duty.PRINCIPAL,
    Role.SEAL: Duty.CLERK,
}
NO_ACCOUNT = Text(
    "Chưa chọn người ký, hoặc người đó không có nhiệm vụ phù hợp ở trường. Hãy chọn một người trong danh sách.",
    "Nobody was chosen, or they do not have the duty at this school. Choose somebody from the list.",
)
NO_REASON = Text(
    "Đổi người ký cần có lý do, ví dụ “cô An nghỉ việc từ 01/03”. Hãy ghi lý do rồi bấm lại.",
    "Replacing a signer needs a reason, such as “Ms An left on 1 March”. Write the reason and try again.",
)
NO_SLOT = Text(
    "Phần ký này không có trong lớp. Hãy tải lại trang rồi chọn lại.",
    "The class has no such place for a signature. Load the page again and choose anew.",
)


@dataclass(frozen=True)
class SlotLine:
    """One slot of a class, and who fills it."""

    slot: Slot
    name: Text
    named: str
    """Whom the records name; empty where they name nobody, or several."""
    current: Assignment | None
    current_name: str
    everybody: bool
    """Whoever has the duty signs it until somebody is assigned."""
    choices: Sequence[Account]


def slots_in(order: Sequence[Role], records: Sequence[Record]) -> list[Slot]:
    """The slots of a class whose profile has this order: subject teachers by the subjects of its records. Pure."""
    subjects = dict.fromkeys(subject.code for record in records for subject in record.year.subjects)
    found: list[Slot] = []
    for role in order:
        found += [Slot(role, code) for code in subjects] if role is Role.SUBJECT else [Slot(role)]
    return found


def named_in(records: Sequence[Record], slot: Slot) -> str:
    """Whom all records name for a slot; empty where they do not agree, or name nobody. Pure."""
    names = set()
    for record in records:
        match slot.role:
            case Role.HOMEROOM:
                names.add(record.class_info.homeroom.name)
            case Role.PRINCIPAL:
                names.add(record.class_info.principal.name)
            case Role.SUBJECT:
                taught = (one.teacher for one in record.year.subjects if one.code == slot.subject)
                names |= {teacher.name for teacher in taught if teacher is not None}
            case Role.SEAL:
                names.add("")
    return names.pop() if len(names) == 1 else ""


class SignerChoice:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request, class_id: int) -> Response:
        """Every slot of the class, who fills it, and who could."""
        return await self._shown(request, class_id)

    async def assign(self, request: Request, class_id: int) -> Response:
        """Gives one slot to one account."""
        account, school_code = school_of(request)
        chosen, written = field(request, "tai-khoan"), field(request, "phan-ky")
        reason = " ".join(field(request, "ly-do").split())[:MAX_REASON]

        def assigned() -> tuple[Text | None, str]:
            school_class, lines = self._lines(account, school_code, class_id)
            line = next((one for one in lines if str(one.slot) == written), None)
            if line is None:
                return NO_SLOT, ""
            if chosen not in {one.name for one in line.choices}:
                return NO_ACCOUNT, written
            current = line.current
            if current is not None and current.account != chosen and not reason:
                return NO_REASON, written
            kept = current.replacing if current is not None and current.account == chosen and not reason else reason
            self._desk.signing.writer.assign(school_class, line.slot, account=chosen, replacing=kept, by=account.name)
            return None, written

        problem, at = await self._desk.ask(assigned)
        if problem is not None:
            return await self._shown(request, class_id, problem=problem, at=at, chosen=chosen)
        return to(f"/lop/{class_id}/phan-cong?vua={at}")

    async def _shown(
        self, request: Request, class_id: int, *, problem: Text | None = None, at: str = "", chosen: str = ""
    ) -> Response:
        account, school_code = school_of(request)
        school_class, lines = await self._desk.ask(self._lines, account, school_code, class_id)
        just = request.query_params.get("vua")
        return self._desk.pages.render(
            "signers.html",
            request,
            status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
            switch=f"/lop/{class_id}/phan-cong",
            school_class=school_class,
            lines=lines,
            problem=problem,
            at=at,
            chosen=chosen,
            done=next((line for line in lines if str(line.slot) == just and line.current), None),
            max_reason=MAX_REASON,
        )

    def _lines(self, account: Account, school_code: str, class_id: int) -> tuple[SchoolClass, list[SlotLine]]:
        desk = self._desk
        school_class = class_of(desk, account, school_code, class_id)
        units = units_of(desk, school_class)
        records = [record_of(desk, unit) for unit in units]
        current = {one.slot: one for one in desk.stores.lines.assignments(class_id=class_id)}
        accounts = [one for one in desk.stores.accounts.all(school_code=school_code) if not one.disabled]
        people = people_of(desk, school_code)
        return school_class, [
            SlotLine(
                slot=slot,
                name=slot_name(slot, units[0].level),
                named=named_in(records, slot),
                current=current.get(slot),
                current_name=people.get(current[slot].account, current[slot].account) if slot in current else "",
                everybody=slot.role in {Role.PRINCIPAL, Role.SEAL},
                choices=[one for one in accounts if DUTY_OF[slot.role] in one.duties],
            )
            for slot in self._slots(units, records)
        ]

    def _slots(self, units: Sequence[Unit], records: Sequence[Record]) -> list[Slot]:
        return slots_in(self._desk.signing.issuing.profile(units[0]).order, records) if units else []
