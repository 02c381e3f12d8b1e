# SPDX-License-Identifier: Apache-2.0

"""What two records of one pupil say differently, in the words of the forms.

Before a corrected sheet changes anything, a school sees what it would change. So everything that a record says is laid out
flat, each value under the words that a teacher knows it by, and two such layouts are compared. A field that has no words here
is a mistake that `tests/unit/test_record_differences.py` finds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from ledger.record.model import PrimarySubject, Record, Schooling, SecondarySubject
from ledger.record.scales import Trait

WORDS: Mapping[str, tuple[str, str]] = {
    "School.authority_code": ("Mã Sở", "Authority's code"),
    "School.authority_name": ("Sở GD&ĐT", "Authority"),
    "School.code": ("Mã trường", "School code"),
    "School.name": ("Trường", "School"),
    "School.ward": ("Xã/Phường", "Ward"),
    "School.province": ("Tỉnh/Thành phố", "Province"),
    "School.place": ("Địa danh", "Place of issue"),
    "School.district": ("Quận/Huyện", "District"),
    "ClassInfo.name": ("Lớp", "Class"),
    "ClassInfo.level": ("Cấp học", "Level"),
    "ClassInfo.grade": ("Khối", "Grade"),
    "ClassInfo.school_year": ("Năm học", "School year"),
    "ClassInfo.circular": ("Thông tư", "Circular"),
    "ClassInfo.homeroom": ("Giáo viên chủ nhiệm", "Homeroom teacher"),
    "ClassInfo.principal": ("Hiệu trưởng", "Principal"),
    "ClassInfo.principal_title": ("Chức vụ", "Position"),
    "Person.name": ("họ tên", "name"),
    "Person.personal_id": ("số CCCD", "personal number"),
    "Pupil.code": ("Mã học sinh", "Pupil code"),
    "Pupil.name": ("Họ và tên", "Name"),
    "Pupil.birth_date": ("Ngày sinh", "Date of birth"),
    "Pupil.sex": ("Giới tính", "Sex"),
    "Pupil.personal_id": ("Số định danh cá nhân", "Personal number"),
    "Pupil.nationality": ("Quốc tịch", "Nationality"),
    "Pupil.ethnicity": ("Dân tộc", "Ethnicity"),
    "Pupil.birthplace": ("Nơi sinh", "Birthplace"),
    "Pupil.hometown": ("Quê quán", "Home town"),
    "Pupil.address": ("Chỗ ở hiện nay", "Address"),
    "Pupil.father": ("Họ và tên cha", "Father"),
    "Pupil.mother": ("Họ và tên mẹ", "Mother"),
    "Pupil.guardian": ("Người giám hộ", "Guardian"),
    "Pupil.register_number": ("Số đăng bộ", "Register number"),
    "Pupil.passport": ("Số hộ chiếu", "Passport"),
    "Pupil.number_pending": ("Chưa có số định danh", "Personal number pending"),
    "Pupil.single_name": ("Họ tên một chữ", "Single name"),
    "SecondarySubject.code": ("mã môn", "subject code"),
    "SecondarySubject.name": ("tên môn", "name"),
    "SecondarySubject.hk1": ("học kỳ I", "semester I"),
    "SecondarySubject.hk2": ("học kỳ II", "semester II"),
    "SecondarySubject.year": ("cả năm", "year"),
    "SecondarySubject.comment": ("nhận xét", "comment"),
    "SecondarySubject.teacher": ("giáo viên", "teacher"),
    "SecondarySubject.exempt": ("miễn", "exempt"),
    "SecondarySubject.reassessed": ("đánh giá lại", "re-assessed"),
    "SecondarySubject.specialised": ("chuyên đề", "specialised topics"),
    "Terms.hk1": ("học kỳ I", "semester I"),
    "Terms.hk2": ("học kỳ II", "semester II"),
    "Terms.year": ("cả năm", "year"),
    "Terms.reassessed": ("sau hè", "after summer"),
    "SecondaryYear.conduct": ("Rèn luyện", "Conduct"),
    "SecondaryYear.study": ("Học tập", "Study"),
    "SecondaryYear.absences_excused": ("Nghỉ có phép", "Excused absences"),
    "SecondaryYear.absences_unexcused": ("Nghỉ không phép", "Unexcused absences"),
    "SecondaryYear.promoted": ("Được lên lớp", "Promoted"),
    "SecondaryYear.award": ("Danh hiệu", "Title"),
    "SecondaryYear.homeroom_comment": ("Nhận xét của GVCN", "Homeroom comment"),
    "SecondaryYear.not_assessed": ("Khuyết tật, không đánh giá", "Disability, not assessed"),
    "SecondaryYear.summer_comment": ("Nhận xét sau hè", "Comment after summer"),
    "SecondaryYear.other_awards": ("Thành tích khác", "Other awards"),
    "SecondaryYear.certificates": ("Chứng chỉ", "Certificates"),
    "PrimarySubject.code": ("mã môn", "subject code"),
    "PrimarySubject.name": ("tên môn", "name"),
    "PrimarySubject.level": ("mức đạt được", "level reached"),
    "PrimarySubject.test": ("điểm KTĐK", "test"),
    "PrimarySubject.comment": ("nhận xét", "comment"),
    "PrimarySubject.teacher": ("giáo viên", "teacher"),
    "PrimarySubject.exempt": ("miễn", "exempt"),
    "PrimaryYear.overall": ("Đánh giá kết quả giáo dục", "Overall result"),
    "PrimaryYear.absences_excused": ("Nghỉ có phép", "Excused absences"),
    "PrimaryYear.absences_unexcused": ("Nghỉ không phép", "Unexcused absences"),
    "PrimaryYear.completed": ("Hoàn thành chương trình lớp học", "Completed the grade"),
    "PrimaryYear.promoted": ("Được lên lớp", "Promoted"),
    "PrimaryYear.award": ("Khen thưởng", "Title"),
    "PrimaryYear.other_awards": ("Thành tích khác", "Other awards"),
    "PrimaryYear.sudden_awards": ("Khen thưởng đột xuất", "Awards during the year"),
    "PrimaryYear.weight": ("Cân nặng", "Weight"),
    "PrimaryYear.height": ("Chiều cao", "Height"),
    "PrimaryYear.homeroom_comment": ("Nhận xét của GVCN", "Homeroom comment"),
    "PrimaryYear.quality_comment": ("Nhận xét phẩm chất", "Comment on qualities"),
    "PrimaryYear.general_comment": ("Nhận xét năng lực chung", "Comment on general competences"),
    "PrimaryYear.specific_comment": ("Nhận xét năng lực đặc thù", "Comment on specific competences"),
    "PrimaryYear.principal_note": ("Quyết định của hiệu trưởng", "Principal's decision"),
    "PrimaryYear.not_assessed": ("Khuyết tật, không đánh giá", "Disability, not assessed"),
    "Schooling.school_year": ("năm học", "school year"),
    "Schooling.class_name": ("lớp", "class"),
    "Schooling.school_name": ("trường", "school"),
    "Schooling.arrived": ("ngày chuyển đến", "day of arrival"),
    "Record.origin": ("Nguồn gốc", "Origin"),
}
"""What a teacher calls each field, Vietnamese and English. Fields that only hold others are not shown themselves."""

_HOLDERS = frozenset(
    {
        "Record.school",
        "Record.class_info",
        "Record.pupil",
        "Record.year",
        "Record.history",
        "SecondaryYear.subjects",
        "PrimaryYear.subjects",
        "PrimaryYear.traits",
    }
)
"""Fields whose own name says nothing to a teacher: their parts speak for themselves."""

_Label = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two records say differently."""

    vi: str
    en: str
    """What it is about: `Toán: học kỳ I`."""
    before: str | None
    after: str | None
    """As the forms print it; `None` where nothing is said. It is personal data: show it to the school only."""

    def what(self, language: str = "vi") -> str:
        """Return what it is about, in `vi` or `en`."""
        return self.en if language == "en" else self.vi


def differences(old: Record, new: Record) -> tuple[Difference, ...]:
    """Return what `new` says differently from `old`, in the order of the record. Equal records have none."""
    before, after = dict(_said(old, ("", ""))), dict(_said(new, ("", "")))
    labels = [*after, *(label for label in before if label not in after)]
    return tuple(
        Difference(*label, before.get(label), after.get(label))
        for label in labels
        if before.get(label) != after.get(label)
    )


def _said(value: Any, label: _Label) -> Iterator[tuple[_Label, str]]:  # noqa: ANN401 - whatever a record holds
    if is_dataclass(value):
        for field in fields(value):
            name = f"{type(value).__name__}.{field.name}"
            yield from _said(getattr(value, field.name), label if name in _HOLDERS else _joined(label, WORDS[name]))
    elif isinstance(value, tuple):
        for item in value:
            yield from _said(item, _joined(label, _title(item)))
    elif isinstance(value, Mapping):
        for trait, level in value.items():
            yield from _said(level, _joined(label, _title(trait)))
    elif value is not None:
        yield label, _shown(value)


def _title(item: object) -> _Label:
    match item:
        case SecondarySubject() | PrimarySubject():
            return item.name, item.name
        case Schooling():
            return (
                f"Quá trình học tập {item.school_year}, {item.school_name}",
                f"Schooling {item.school_year}, {item.school_name}",
            )
        case Trait():
            return item.label, item.label
    raise TypeError(type(item).__name__)


def _joined(outer: _Label, inner: _Label) -> _Label:
    return tuple(f"{a}: {b}" if a else b for a, b in zip(outer, inner, strict=True))  # type: ignore[return-value]


def _shown(value: object) -> str:
    match value:
        case bool():
            return "Có" if value else "Không"
        case Enum():
            return str(value.value)
        case Decimal():
            return f"{value:f}".replace(".", ",")
        case date():
            return f"{value:%d/%m/%Y}"
    return str(value)
