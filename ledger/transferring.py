# SPDX-License-Identifier: Apache-2.0

"""Transferring: a pupil goes to another school, and what the old one issued goes along (QĐ 1789/QĐ-SGDĐT, Điều 22).

Records are inherited and never made again: they stay what the old school issued, under its seal, and the new school's booklets
list them beside its own. The old school releases, the new one accepts. Between school years that is all. In mid-year the old
school confirms the results up to that day in a document that its head and its seal sign (22.2; `ledger.confirming` draws and
judges it, when the pupil is released); the year's record is then the new
school's to issue, and what the old one had begun goes when the pupil is taken in. Its marks so far stay in the file store under
the digest that the journal names. Before anything is begun, as in January, the confirmation is drawn from the class sheet as it
stands (`ledger.so_far`): what it is drawn from is stored, then the journal says so, and only then is it handed out to be signed.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger.confirming import BEGUN_SINCE, NOT_OURS, ConfirmationCheck, Confirmed
from ledger.errors import CannotTransfer, ConfirmationRefused
from ledger.journal import Deed, Detail
from ledger.record import xml
from ledger.so_far import Asked, SoFar, record_so_far
from ledger.store.files import FileStore
from ledger.store.journal_store import Journal
from ledger.store.reader import Reader, Unit
from ledger.store.transfers import Release, Transfer, Transfers
from ledger.unit import FINAL_STATES, PAST_STATES, UNISSUED_STATES


@dataclass(frozen=True)
class Inheritance:
    """What a pupil brings along."""

    records: tuple[Unit, ...]
    """What the old schools issued and is in force, oldest first."""
    unfinished: Unit | None
    """What the old school had begun for the year that goes on elsewhere."""


@dataclass(frozen=True)
class _Leaving:
    """What a pupil who may leave has at the old school."""

    begun: Unit | None
    """The unit of the year that goes on elsewhere."""
    records: tuple[Unit, ...]
    """What the new school will inherit, oldest first."""


@dataclass(frozen=True)
class _DrawnOfSheet:
    """A confirmation that was drawn from a class sheet, as the journal tells of it."""

    so_far: SoFar
    sha256: str
    size: int
    """Of the PDF before anybody signed it."""

    def begins(self, pdf: bytes) -> bool:
        """Whether `pdf` is that one, whatever was added behind."""
        return hashlib.sha256(pdf[: self.size]).hexdigest() == self.sha256


class Transferring:
    """Releases pupils and takes them in."""

    def __init__(
        self,
        reader: Reader,
        transfers: Transfers,
        files: FileStore,
        journal: Journal,
        confirmations: ConfirmationCheck,
        *,
        new_id: Callable[[], UUID],
    ) -> None:
        self._reader = reader
        self._transfers = transfers
        self._files = files
        self._journal = journal
        self._confirmations = confirmations
        self._new_id = new_id

    def confirmation(
        self, pupil_code: str, *, level: str, school_year: str, from_school: str, to_school: str, until: dt.datetime
    ) -> bytes:
        """The unsigned confirmation of a pupil's results up to `until`, for the head and the seal to sign.

        Raises `CannotTransfer` where the pupil could not be released, or nothing is begun for the year.
        """
        leaving = self._leaving(
            pupil_code, level=level, school_year=school_year, from_school=from_school, to_school=to_school
        )
        self._reader.school(to_school)
        if leaving.begun is None:
            raise _nothing_to_confirm(pupil_code, school_year)
        return self._confirmations.draw(leaving.begun, to_school=to_school, handed_over=leaving.records, until=until)

    def confirmation_of_sheet(
        self,
        pupil_code: str,
        sheet: bytes,
        *,
        file: str,
        level: str,
        school_year: str,
        from_school: str,
        to_school: str,
        until: dt.datetime,
        by: str,
    ) -> bytes:
        """The same of a class sheet that is not finished, called `file`, where no record of the year is begun.

        Raises `CannotTransfer` where the pupil could not be released, a record is begun, or the sheet does not do.
        """
        leaving = self._leaving(
            pupil_code,
            level=level,
            school_year=school_year,
            from_school=from_school,
            to_school=to_school,
            on_sheet=True,
        )
        for code in (from_school, to_school):
            self._reader.school(code)
        if leaving.begun is not None:
            raise CannotTransfer(
                f"Học bạ năm học {school_year} của học sinh {pupil_code} đã được nhập. Hãy lập bản xác nhận từ học bạ đó, "
                "không kèm bảng lớp.",
                f"The record of {school_year} of pupil {pupil_code} is begun. Draw the confirmation from it, without a sheet.",
            )
        record = record_so_far(sheet, Asked(pupil_code, from_school, school_year, level), file=file)
        unit_id = self._new_id()
        document = xml.write(record, unit_id=unit_id, created_at=until, planned_issue_date=until, so_far=True)
        so_far = SoFar(unit_id, from_school, self._files.put(document), until)
        pdf = self._confirmations.draw(so_far, to_school=to_school, handed_over=leaving.records, until=until)
        told: Detail = {
            "level": level,
            "year": school_year,
            "until": until.isoformat(),
            "record": str(unit_id),
            "drawn_from": so_far.source_sha256,
            "sheet": hashlib.sha256(sheet).hexdigest(),
            "confirmation": hashlib.sha256(pdf).hexdigest(),
            "size": len(pdf),
        }
        self._transfers.by(by).drawn(pupil_code, from_school=from_school, to_school=to_school, detail=told)
        return pdf

    def release(
        self,
        pupil_code: str,
        *,
        level: str,
        school_year: str,
        from_school: str,
        to_school: str,
        confirmation: bytes | None,
        by: str,
        why: str = "",
    ) -> Transfer:
        """The old school gives a pupil away from `school_year` on; with a signed `confirmation`, in the middle of it.

        Raises `CannotTransfer` with the reason: nothing of the pupil here, years that are not finished, a record of that year
        that is issued already, a pupil who is on the way already, or no confirmation where the year has begun; and
        `ConfirmationRefused` for one that is not good.
        """
        drawn = self._drawn_of_sheets(pupil_code, level=level, school_year=school_year, from_school=from_school)
        leaving = self._leaving(
            pupil_code,
            level=level,
            school_year=school_year,
            from_school=from_school,
            to_school=to_school,
            on_sheet=bool(drawn),
        )
        self._reader.school(to_school)
        confirmed, source = None, None
        if leaving.begun is not None or drawn:
            if not confirmation:
                raise CannotTransfer(
                    f"Học sinh {pupil_code} đang học năm {school_year}: chuyển giữa năm cần bản xác nhận kết quả có chữ ký của "
                    "hiệu trưởng và con dấu. Hãy kèm tệp PDF đó (lập ở trang lập bản xác nhận, hoặc hocba transfer confirm).",
                    f"Pupil {pupil_code} is in school year {school_year}: in mid-year the confirmation of results, signed by the "
                    "head and sealed, is needed. Add that PDF (drawn on the desk's page, or with hocba transfer confirm).",
                )
            said = _said_by(confirmation, leaving.begun, drawn)
            confirmed = self._confirmations.require(
                confirmation, said, to_school=to_school, handed_over=leaving.records
            )
            source = said.source_sha256
        elif confirmation:
            raise _nothing_to_confirm(pupil_code, school_year)
        release = Release(
            pupil_code=pupil_code,
            level=level,
            school_year=school_year,
            from_school=from_school,
            to_school=to_school,
            mid_year=confirmed is not None,
            confirmation_sha256=self._files.put(confirmation) if confirmation else None,
            why=why,
        )
        told = None if confirmed is None else {**confirmed.as_detail(), "drawn_from": source}
        return self._transfers.by(by).release(release, begun=leaving.begun, confirmed=told)

    def confirmed(self, transfer: Transfer) -> Confirmed | None:
        """What was found of a transfer's confirmation when the pupil was released.

        None without one, and for a release of an older version, which kept the file and looked into none.
        """
        for entry, _ in self._journal.entries(subject=f"pupil {transfer.pupil_code}"):
            if entry.deed is Deed.TRANSFERRED_OUT and entry.detail.get("transfer") == transfer.id:
                return Confirmed.from_detail(entry.detail)
        return None

    def _drawn_of_sheets(
        self, pupil_code: str, *, level: str, school_year: str, from_school: str
    ) -> list[_DrawnOfSheet]:
        """The confirmations that were drawn from sheets for a pupil who leaves this school in this year."""
        wanted = {"level": level, "year": school_year, "from": from_school}
        return [
            _DrawnOfSheet(
                SoFar(
                    UUID(str(told["record"])),
                    from_school,
                    str(told["drawn_from"]),
                    dt.datetime.fromisoformat(str(told["until"])),
                ),
                str(told["confirmation"]),
                int(str(told["size"])),
            )
            for entry, _ in self._journal.entries(subject=f"pupil {pupil_code}")
            if entry.deed is Deed.CONFIRMATION_DRAWN and wanted.items() <= (told := entry.detail).items()
        ]

    def _leaving(
        self,
        pupil_code: str,
        *,
        level: str,
        school_year: str,
        from_school: str,
        to_school: str,
        on_sheet: bool = False,
    ) -> "_Leaving":
        """What a pupil who may leave has here. Raises `CannotTransfer` for whoever may not.

        Of a pupil who stands `on_sheet`, the school may have no record yet, unless another school has one.
        """
        ever = self._units(pupil_code, level)
        units = [unit for unit in ever if unit.school_code == from_school]
        taken_in = [
            one for one in self._transfers.those(pupil_code=pupil_code) if one.accepted_at and one.level == level
        ]
        if not units and not (on_sheet and (taken_in or not ever)):
            raise CannotTransfer(
                f"Trường {from_school} không có học bạ cấp {level} của học sinh {pupil_code}. Hãy kiểm tra mã định danh.",
                f"School {from_school} has no record of level {level} of pupil {pupil_code}. Check the personal number.",
            )
        if taken_in and taken_in[-1].to_school != from_school:
            raise CannotTransfer(
                f"Học sinh {pupil_code} đã chuyển sang trường {taken_in[-1].to_school}; chỉ trường đó mới cho chuyển tiếp được.",
                f"Pupil {pupil_code} has gone to school {taken_in[-1].to_school}; only that school can release the pupil.",
            )
        if from_school == to_school:
            raise CannotTransfer("Trường đi và trường đến là một.", "Both schools are the same one.")
        if open_years := [
            unit.school_year
            for unit in units
            if unit.school_year < school_year and unit.state not in FINAL_STATES | PAST_STATES
        ]:
            told = ", ".join(sorted(set(open_years)))
            raise CannotTransfer(
                f"Học bạ năm học {told} của học sinh {pupil_code} chưa phát hành và neo xong. Hãy hoàn tất trước khi chuyển.",
                f"The record of {told} of pupil {pupil_code} is not issued and anchored yet. Finish it, then transfer.",
            )
        this_year = next((u for u in units if u.school_year == school_year and u.state not in PAST_STATES), None)
        if this_year is not None and this_year.state not in UNISSUED_STATES:
            raise CannotTransfer(
                f"Học bạ năm học {school_year} của học sinh {pupil_code} đã phát hành. Hãy chuyển từ năm học sau, hoặc thu hồi "
                "học bạ đó trước.",
                f"The record of {school_year} of pupil {pupil_code} is issued already. Transfer from the next year on, or recall "
                "it first.",
            )
        handed_over = [unit for unit in ever if unit.school_code != to_school and unit.state in FINAL_STATES]
        return _Leaving(this_year, tuple(handed_over))

    def accept(self, number: int, *, school_code: str, by: str) -> Inheritance:
        """The new school takes the pupil in, and is told what comes along. Raises `CannotTransfer` for what is not its own."""
        transfer = self._open(number, school_code=school_code, receiving=True)
        brought = self.inheritance(transfer)
        if brought.unfinished is not None and brought.unfinished.state not in UNISSUED_STATES:
            raise CannotTransfer(
                f"Trường {transfer.from_school} đã phát hành học bạ năm {transfer.school_year} sau khi cho chuyển. Hãy liên hệ "
                "trường đó.",
                f"School {transfer.from_school} has issued the record of {transfer.school_year} since it released the pupil. Ask "
                "that school.",
            )
        self._transfers.by(by).accept(transfer, inherited=brought.records, unfinished=brought.unfinished)
        return brought

    def withdraw(self, number: int, *, school_code: str, by: str, why: str = "") -> None:
        """The old school takes its release back. Raises `CannotTransfer` for what is not its own, or was accepted."""
        self._transfers.by(by).withdraw(self._open(number, school_code=school_code, receiving=False), why=why)

    def seen_by(self, number: int, *, school_code: str) -> Transfer:
        """A transfer from or to this school, however it stands. Raises `CannotTransfer` for any other."""
        found = next((one for one in self._transfers.those(school_code=school_code) if one.id == number), None)
        if found is None:
            raise _no_such(number, school_code)
        return found

    def inheritance(self, transfer: Transfer) -> Inheritance:
        """What the pupil brings along, as it stands now."""
        units = [
            unit
            for unit in self._units(transfer.pupil_code, transfer.level)
            if unit.school_code != transfer.to_school and unit.state not in PAST_STATES
        ]
        unfinished = [
            unit
            for unit in units
            if transfer.mid_year
            and unit.school_year == transfer.school_year
            and unit.school_code == transfer.from_school
        ]
        return Inheritance(
            records=tuple(u for u in units if u not in unfinished and u.state in FINAL_STATES),
            unfinished=unfinished[0] if unfinished else None,
        )

    def _units(self, pupil_code: str, level: str) -> list[Unit]:
        return self._reader.units_of_pupils([pupil_code], level=level)

    def _open(self, number: int, *, school_code: str, receiving: bool) -> Transfer:
        found = self.seen_by(number, school_code=school_code)
        if (found.to_school if receiving else found.from_school) != school_code:
            raise _no_such(number, school_code)
        if not found.open:
            raise CannotTransfer(
                f"Hồ sơ chuyển trường số {number} đã kết thúc trước đó.", f"Transfer {number} has ended already."
            )
        return found


def _no_such(number: int, school_code: str) -> CannotTransfer:
    return CannotTransfer(
        f"Trường {school_code} không có hồ sơ chuyển trường số {number}. Xem danh sách bằng hocba transfer list.",
        f"School {school_code} has no transfer {number}. See hocba transfer list.",
    )


def _said_by(confirmation: bytes, begun: Unit | None, drawn: Sequence[_DrawnOfSheet]) -> Unit | SoFar:
    """What a confirmation has to say. Raises `ConfirmationRefused` where nothing like it was drawn, or a unit was begun since."""
    of_sheet = next((one.so_far for one in drawn if one.begins(confirmation)), None)
    if begun is not None:
        if of_sheet is not None:
            raise ConfirmationRefused([BEGUN_SINCE])
        return begun
    if of_sheet is None:
        raise ConfirmationRefused([NOT_OURS])
    return of_sheet


def _nothing_to_confirm(pupil_code: str, school_year: str) -> CannotTransfer:
    return CannotTransfer(
        f"Trường chưa nhập kết quả năm học {school_year} của học sinh {pupil_code} nên không có gì để xác nhận. Hãy lập bản xác "
        "nhận từ bảng lớp hiện có (chọn bảng lớp, hoặc --sheet); nếu chuyển trước khi năm học bắt đầu thì không cần.",
        f"Nothing is imported of school year {school_year} of pupil {pupil_code}, so there is nothing to confirm. Draw it from "
        "the class sheet as it stands (choose the sheet, or --sheet); before the year begins none is needed.",
    )
