# SPDX-License-Identifier: Apache-2.0

"""A record in the words of the form.

Nothing is judged, computed or rounded here: what the record says is printed, in the spelling the form uses. What a year
came to has two shapes, and each has its own part: sections 1 to 6 of the primary form, tables (a) and (b) of the
secondary one. Who the pupil is and where the school lies is the same for both.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ledger.paper.content import AchievementRow, HistoryRow, Line, MarkRow, PaperUnit, ResultRow, TraitTable
from ledger.paper.errors import NoForm
from ledger.paper.moments import place_and_date, shown_day
from ledger.record.model import (
    ClassInfo,
    PrimarySubject,
    PrimaryYear,
    Pupil,
    Record,
    School,
    Schooling,
    SecondarySubject,
    SecondaryYear,
    Terms,
)
from ledger.record.scales import Attainment, Mark, Origin, Trait, TraitKind
from ledger.record.subjects import Level
from ledger.record.xml.primary import completion_words

LEVEL_TITLES: Mapping[Level, str] = MappingProxyType(
    {Level.TH: "Tiểu học", Level.THCS: "Trung học cơ sở", Level.THPT: "Trung học phổ thông"}
)
"""How a học bạ is headed."""

EXEMPT = "Miễn"
NOT_ASSESSED = "Học sinh khuyết tật, không đánh giá"
INDIVIDUAL_PLAN = "Học sinh khuyết tật, đánh giá theo kế hoạch giáo dục cá nhân hoặc không đánh giá"
DIGITISED = "Số hóa từ học bạ giấy"
NUMBER_PENDING = "Chưa được cấp"


def from_record(
    record: Record, *, unit_id: UUID, planned_issue_date: datetime, short_code: str | None = None
) -> PaperUnit:
    """What the paper of `record` says.

    `planned_issue_date` is what the record's XML carries as `NGAY_KY_PHAT_HANH_HOC_BA`; the real time of issue is the
    seal's and shows in its stamp. Raises `NoForm` for results that are not of the class's level, `NaiveTime` for a date
    without a zone.
    """
    school, info, pupil = record.school, record.class_info, record.pupil
    return PaperUnit(
        unit_id=unit_id,
        level=info.level,
        authority=school.authority_name,
        school=school.name,
        school_location=", ".join(part for part in (school.ward, school.district, school.province) if part) or None,
        level_title=LEVEL_TITLES[info.level],
        school_year=info.school_year,
        class_name=info.name,
        register_number=pupil.register_number,
        pupil=pupil.name,
        identity=identity_lines(pupil),
        history=_history(record),
        homeroom_comment=record.year.homeroom_comment,
        place_and_date=place_and_date(school.place, planned_issue_date),
        head=info.principal.name,
        head_position=info.principal_title,
        homeroom_teacher=info.homeroom.name,
        short_code=short_code,
        cover=cover_lines(school, pupil),
        issue_date=shown_day(planned_issue_date),
        origin=DIGITISED if record.origin is Origin.DIGITISED_PAPER else None,
        **_year(record),
    )


def _year(record: Record) -> Mapping[str, Any]:
    """What the year came to, as the fields of `PaperUnit` for its level."""
    year, level = record.year, record.class_info.level
    match year:
        case PrimaryYear() if level is Level.TH:
            return {
                "marks": (),
                "results": (),
                "outcome": _primary_outcome(record, year),
                "achievements": tuple(_achievement(result) for result in year.subjects),
                "traits": _traits(year),
            }
        case SecondaryYear() if level is not Level.TH:
            return {
                "marks": tuple(_mark_row(result) for result in year.subjects),
                "results": (
                    _result_row("Kết quả rèn luyện", year.conduct),
                    _result_row("Kết quả học tập", year.study),
                ),
                "outcome": _secondary_outcome(record, year),
                "summer_comment": year.summer_comment,
            }
        case _:
            raise NoForm(level.value)


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
            return _comma(tenths if tenths == mark else mark)


def cover_lines(school: School, pupil: Pupil) -> tuple[Line, ...]:
    """Where the school is, in the words of the cover; the district only for the years that had one."""
    lines = [Line("Xã (Phường, Đặc khu)", school.ward or None)]
    if school.district:
        lines = [Line("Xã (Phường, Thị trấn)", school.ward or None), Line("Huyện (Quận, Thị xã)", school.district)]
    lines.append(Line("Tỉnh (Thành phố)", school.province or None))
    if pupil.register_number:
        lines.append(Line("Số đăng bộ", pupil.register_number))
    return tuple(lines)


def identity_lines(pupil: Pupil) -> tuple[Line, ...]:
    """Who the pupil is, in the order of the form."""
    number = pupil.personal_id or (NUMBER_PENDING if pupil.number_pending else None)
    lines = [
        Line("Giới tính", pupil.sex.value if pupil.sex else None, wide=False),
        Line("Ngày, tháng, năm sinh", f"{pupil.birth_date:%d/%m/%Y}" if pupil.birth_date else None, wide=False),
        Line("Dân tộc", pupil.ethnicity, wide=False),
        Line("Quốc tịch", pupil.nationality, wide=False),
        Line("Số định danh cá nhân", number, wide=False),
        Line("Mã học sinh", pupil.code, wide=False),
        Line("Nơi sinh", pupil.birthplace),
        Line("Quê quán", pupil.hometown),
        Line("Nơi ở hiện nay", pupil.address),
        Line("Họ và tên cha", pupil.father),
        Line("Họ và tên mẹ", pupil.mother),
    ]
    if pupil.passport:
        lines.insert(6, Line("Số hộ chiếu", pupil.passport))
    if pupil.guardian:
        lines.append(Line("Người giám hộ", pupil.guardian))
    return tuple(lines)


def history_row(line: Schooling) -> HistoryRow:
    """One line of the schooling history."""
    arrived = f"{line.arrived:%d/%m/%Y}" if line.arrived else None
    return HistoryRow(line.school_year, line.class_name, line.school_name, arrived)


def _history(record: Record) -> tuple[HistoryRow, ...]:
    rows = [history_row(line) for line in record.history]
    info = record.class_info
    if all(row.school_year != info.school_year for row in rows):
        rows.append(HistoryRow(info.school_year, info.name, record.school.name))
    return tuple(rows)


def _achievement(result: PrimarySubject) -> AchievementRow:
    return AchievementRow(
        subject=result.name,
        achieved=result.level.value if result.level else (EXEMPT if result.exempt else None),
        test=_count(result.test),
        comment=result.comment,
        teacher=result.teacher.name if result.teacher else None,
    )


def _traits(year: PrimaryYear) -> tuple[TraitTable, ...]:
    comments = {
        TraitKind.QUALITY: year.quality_comment,
        TraitKind.GENERAL: year.general_comment,
        TraitKind.SPECIFIC: year.specific_comment,
    }
    return tuple(TraitTable(_judged(year, kind), comments[kind]) for kind in TraitKind)


def _judged(year: PrimaryYear, kind: TraitKind) -> tuple[tuple[str, str | None], ...]:
    """The rows of one table; what is not taught in the first grades is left out where nothing was said of it."""
    return tuple(
        (trait.label, year.traits[trait].value if trait in year.traits else None)
        for trait in Trait
        if trait.kind is kind and (trait in year.traits or not trait.optional)
    )


def _primary_outcome(record: Record, year: PrimaryYear) -> tuple[Line, ...]:
    won = (year.award.value if year.award else None, year.other_awards, year.sudden_awards)
    lines = [
        Line("4. Đánh giá kết quả giáo dục", year.overall.value if year.overall else None),
        Line("5. Khen thưởng", "; ".join(text for text in won if text) or None),
        Line("6. Hoàn thành chương trình lớp học/chương trình tiểu học", _completion(record, year)),
    ]
    if year.principal_note:
        lines.append(Line("Ý kiến của Hiệu trưởng", year.principal_note))
    if year.not_assessed:
        lines.append(Line("Đánh giá", INDIVIDUAL_PLAN))
    lines += _absences(year)
    lines += [
        Line(label, _measured(value, unit), wide=False)
        for label, value, unit in (("Chiều cao", year.height, "cm"), ("Cân nặng", year.weight, "kg"))
        if value is not None
    ]
    return tuple(lines)


def _completion(record: Record, year: PrimaryYear) -> str | None:
    """As CV 2088, Annex 2, says it: "Hoàn thành chương trình lớp 4; Được lên lớp 5."; the very words of the XML."""
    if year.completed is None or year.promoted is None:
        return None
    return completion_words(record.class_info, completed=year.completed, promoted=year.promoted)


def _mark_row(result: SecondarySubject) -> MarkRow:
    nothing = EXEMPT if result.exempt else None
    return MarkRow(
        subject=result.name,
        term_1=shown_mark(result.hk1) or nothing,
        term_2=shown_mark(result.hk2) or nothing,
        year=shown_mark(result.year) or nothing,
        reassessed=shown_mark(result.reassessed),
        comment=result.comment,
        teacher=result.teacher.name if result.teacher else None,
    )


def _result_row(name: str, terms: Terms) -> ResultRow:
    values = (rating.value if rating else None for rating in (terms.hk1, terms.hk2, terms.year, terms.reassessed))
    return ResultRow(name, *values)


def _secondary_outcome(record: Record, year: SecondaryYear) -> tuple[Line, ...]:
    lines = [
        *_absences(year),
        Line("Kết quả cuối năm học", _promotion(record)),
        Line("Khen thưởng", year.award.value if year.award else None),
    ]
    topics = "; ".join(result.name for result in year.subjects if result.specialised)
    for label, value in (
        ("Các cuộc thi và khen thưởng khác", year.other_awards),
        ("Chứng chỉ", year.certificates),
        ("Chuyên đề học tập", topics),
        ("Đánh giá", NOT_ASSESSED if year.not_assessed else None),
    ):
        if value:
            lines.append(Line(label, value))
    return tuple(lines)


def _promotion(record: Record) -> str | None:
    info, promoted = record.class_info, record.year.promoted
    if promoted is None or info.is_final:
        return level_completion(info, promoted)
    return f"Được lên lớp {info.grade + 1}" if promoted else "Không được lên lớp"


def level_completion(info: ClassInfo, done: bool | None) -> str | None:  # noqa: FBT001 - what the record says
    """Whether the pupil completed the level, as of its last grade; `None` before, and where nothing was decided."""
    if done is None or not info.is_final:
        return None
    return f"{'Hoàn' if done else 'Chưa hoàn'} thành chương trình {LEVEL_TITLES[info.level].lower()}"


def _absences(year: PrimaryYear | SecondaryYear) -> list[Line]:
    return [
        Line("Số buổi nghỉ học có phép", _count(year.absences_excused), wide=False),
        Line("Số buổi nghỉ học không phép", _count(year.absences_unexcused), wide=False),
    ]


def _count(number: int | None) -> str | None:
    return None if number is None else str(number)


def _comma(number: Decimal) -> str:
    return f"{number:f}".replace(".", ",")


def _measured(value: Decimal | None, unit: str) -> str | None:
    return None if value is None else f"{_comma(value)} {unit}"
