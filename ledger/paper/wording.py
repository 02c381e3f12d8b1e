# SPDX-License-Identifier: Apache-2.0

"""A record in the words of the form.

Nothing is judged, computed or rounded here: what the record says is printed, in the spelling the form uses.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from ledger.paper.content import HistoryRow, Line, MarkRow, PaperUnit, ResultRow
from ledger.paper.errors import NoForm
from ledger.paper.moments import place_and_date
from ledger.record.model import Record, SecondarySubject, SecondaryYear, Terms
from ledger.record.scales import Attainment, Mark
from ledger.record.subjects import Level

LEVEL_TITLES = {Level.THCS: "Trung học cơ sở"}
"""How a học bạ is headed, for each level that has a form."""

EXEMPT = "Miễn"
NOT_ASSESSED = "Học sinh khuyết tật, không đánh giá"


def from_record(
    record: Record, *, unit_id: UUID, planned_issue_date: datetime, short_code: str | None = None
) -> PaperUnit:
    """What the paper of `record` says.

    `planned_issue_date` is what the record's XML carries as `NGAY_KY_PHAT_HANH_HOC_BA`; the real time of issue is the
    seal's and shows in its stamp. Raises `NoForm` for a level without a form, `NaiveTime` for a date without a zone.
    """
    school, info, pupil, year = record.school, record.class_info, record.pupil, record.year
    if info.level not in LEVEL_TITLES or not isinstance(year, SecondaryYear):
        raise NoForm(info.level.value)
    return PaperUnit(
        unit_id=unit_id,
        authority=school.authority_name,
        school=school.name,
        school_location=", ".join(part for part in (school.ward, school.district, school.province) if part) or None,
        level_title=LEVEL_TITLES[info.level],
        school_year=info.school_year,
        class_name=info.name,
        register_number=pupil.register_number,
        pupil=pupil.name,
        identity=_identity(record),
        history=_history(record),
        marks=tuple(_mark_row(result) for result in year.subjects),
        results=(
            _result_row("Kết quả rèn luyện", year.conduct),
            _result_row("Kết quả học tập", year.study),
        ),
        outcome=_outcome(record, year),
        homeroom_comment=year.homeroom_comment,
        place_and_date=place_and_date(school.place, planned_issue_date),
        head=info.principal.name,
        head_position=info.principal_title,
        homeroom_teacher=info.homeroom.name,
        short_code=short_code,
    )


def shown_mark(mark: Mark | None) -> str | None:
    """A mark as Vietnamese writes numbers: "8,0", "7,9", "10"; or the words of a comment subject."""
    match mark:
        case None:
            return None
        case Attainment():
            return mark.value
        case Decimal():
            if mark == 10:  # noqa: PLR2004 - the one mark that forms print without its decimal
                return "10"
            # Never rounded: a mark with too many decimals is a fault for `check` to report, not for paper to hide.
            tenths = mark.quantize(Decimal("0.1"))
            return f"{tenths if tenths == mark else mark:f}".replace(".", ",")


def _identity(record: Record) -> tuple[Line, ...]:
    pupil = record.pupil
    lines = [
        Line("Giới tính", pupil.sex.value if pupil.sex else None, wide=False),
        Line("Ngày, tháng, năm sinh", f"{pupil.birth_date:%d/%m/%Y}" if pupil.birth_date else None, wide=False),
        Line("Dân tộc", pupil.ethnicity, wide=False),
        Line("Quốc tịch", pupil.nationality, wide=False),
        Line("Số định danh cá nhân", pupil.personal_id, wide=False),
        Line("Mã học sinh", pupil.code, wide=False),
        Line("Nơi sinh", pupil.birthplace),
        Line("Quê quán", pupil.hometown),
        Line("Nơi ở hiện nay", pupil.address),
        Line("Họ và tên cha", pupil.father),
        Line("Họ và tên mẹ", pupil.mother),
    ]
    if pupil.guardian:
        lines.append(Line("Người giám hộ", pupil.guardian))
    return tuple(lines)


def _history(record: Record) -> tuple[HistoryRow, ...]:
    rows = [HistoryRow(row.school_year, row.class_name, row.school_name) for row in record.history]
    info = record.class_info
    if all(row.school_year != info.school_year for row in rows):
        rows.append(HistoryRow(info.school_year, info.name, record.school.name))
    return tuple(rows)


def _mark_row(result: SecondarySubject) -> MarkRow:
    nothing = EXEMPT if result.exempt else None
    return MarkRow(
        subject=result.name,
        term_1=shown_mark(result.hk1) or nothing,
        term_2=shown_mark(result.hk2) or nothing,
        year=shown_mark(result.year) or nothing,
        reassessed=None,
        comment=result.comment,
        teacher=result.teacher.name if result.teacher else None,
    )


def _result_row(name: str, terms: Terms) -> ResultRow:
    values = (rating.value if rating else None for rating in (terms.hk1, terms.hk2, terms.year))
    return ResultRow(name, *values)


def _outcome(record: Record, year: SecondaryYear) -> tuple[Line, ...]:
    lines = [
        Line("Số buổi nghỉ học có phép", _count(year.absences_excused), wide=False),
        Line("Số buổi nghỉ học không phép", _count(year.absences_unexcused), wide=False),
        Line("Kết quả cuối năm học", _promotion(record)),
        Line("Khen thưởng", year.award.value if year.award else None),
    ]
    if year.not_assessed:
        lines.append(Line("Đánh giá", NOT_ASSESSED))
    return tuple(lines)


def _promotion(record: Record) -> str | None:
    info, promoted = record.class_info, record.year.promoted
    if promoted is None:
        return None
    if info.is_final:
        programme = f"hoàn thành chương trình {LEVEL_TITLES[info.level].lower()}"
        return f"{programme[0].upper()}{programme[1:]}" if promoted else f"Chưa {programme}"
    return f"Được lên lớp {info.grade + 1}" if promoted else "Không được lên lớp"


def _count(number: int | None) -> str | None:
    return None if number is None else str(number)
