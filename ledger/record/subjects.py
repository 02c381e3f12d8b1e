# SPDX-License-Identifier: Apache-2.0

"""The subjects of the 2018 curriculum, with their codes, the grades that take them, and how each is assessed.

The ministry's list of subject codes (`MA_MON_HOC`) is not published, so the codes here are those of *hocba profile 0*
(docs/formats-record.md). Names follow Circular 32/2018 with the amendments of Circular 13/2022; which secondary subjects
are assessed by comment alone follows Article 5 of Circular 22/2021, and which primary subjects have a periodic test
follows Article 7.1b of Circular 27/2020. A subject is named by grade, because grades tell levels apart and the curriculum
differs inside a level: History and Geography begins in grade 4.
"""

from dataclasses import dataclass
from enum import Enum

from ledger.record.spelling import folded


class Level(Enum):
    """A level of schooling, by the ministry's short name."""

    TH = "TH"
    THCS = "THCS"
    THPT = "THPT"

    @property
    def grades(self) -> range:
        """The grades (khối) that belong to this level."""
        return {Level.TH: range(1, 6), Level.THCS: range(6, 10), Level.THPT: range(10, 13)}[self]


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject or compulsory activity of the curriculum, as the rules know it."""

    code: str
    """Code of hocba profile 0, stable for ever: it stands in signed documents."""

    name: str
    """Its name in the curriculum."""

    scored: bool
    """Secondary: it carries marks from 0 to 10. Primary: it has a periodic test. The others have words alone."""

    compulsory: frozenset[int]
    """Grades in which every pupil takes it."""

    optional: frozenset[int] = frozenset()
    """Grades in which it may be chosen."""

    other_names: tuple[str, ...] = ()
    """Further names that schools' software writes."""

    primary_name: str | None = None
    """Its name at primary, where that differs (TT 27/2020, Annex 1, as corrected by QĐ 2904)."""

    def name_at(self, level: Level) -> str:
        """Return its name in the curriculum of a level."""
        return self.primary_name if level is Level.TH and self.primary_name else self.name


def _grades(first: int, last: int) -> frozenset[int]:
    return frozenset(range(first, last + 1))


_ALL = _grades(1, 12)
_TH = _grades(1, 5)
_THCS = _grades(6, 9)
_THPT = _grades(10, 12)
_BOTH = _THCS | _THPT
_FROM_3 = _grades(3, 5)
_FROM_4 = _grades(4, 5)
_NONE: frozenset[int] = frozenset()

SUBJECTS: tuple[Subject, ...] = (
    Subject("TIENG_VIET", "Tiếng Việt", True, _TH),
    Subject("NGU_VAN", "Ngữ văn", True, _BOTH, other_names=("Văn", "Văn học")),
    Subject("TOAN", "Toán", True, _ALL, other_names=("Toán học",)),
    Subject("NGOAI_NGU_1", "Ngoại ngữ 1", True, _FROM_3 | _BOTH, _grades(1, 2), ("Ngoại ngữ", "Tiếng Anh", "Anh")),
    Subject("GDCD", "Giáo dục công dân", True, _THCS, other_names=("GDCD",)),
    Subject(
        "LS_DL",
        "Lịch sử và Địa lí",
        True,
        _FROM_4 | _THCS,
        other_names=("Lịch sử & Địa lí", "Lịch sử và Địa lý", "Lịch sử - Địa lí", "LS&ĐL"),
    ),
    Subject("KHOA_HOC", "Khoa học", True, _FROM_4),
    Subject("KHTN", "Khoa học tự nhiên", True, _THCS, other_names=("KHTN",)),
    Subject("LICH_SU", "Lịch sử", True, _THPT, other_names=("Sử",)),
    Subject("DIA_LI", "Địa lí", True, _NONE, _THPT, ("Địa lý", "Địa")),
    Subject("GDKT_PL", "Giáo dục kinh tế và pháp luật", True, _NONE, _THPT, ("GDKT&PL",)),
    Subject("VAT_LI", "Vật lí", True, _NONE, _THPT, ("Vật lý", "Lý", "Lí")),
    Subject("HOA_HOC", "Hóa học", True, _NONE, _THPT, ("Hoá học", "Hóa", "Hoá")),
    Subject("SINH_HOC", "Sinh học", True, _NONE, _THPT, ("Sinh",)),
    Subject("CONG_NGHE", "Công nghệ", True, _FROM_3 | _THCS, _THPT, primary_name="Tin học và Công nghệ (Công nghệ)"),
    Subject("TIN_HOC", "Tin học", True, _FROM_3 | _THCS, _THPT, primary_name="Tin học và Công nghệ (Tin học)"),
    Subject("GDQP_AN", "Giáo dục quốc phòng và an ninh", True, _THPT, other_names=("GDQP&AN", "GDQP-AN")),
    Subject("DAO_DUC", "Đạo đức", False, _TH),
    Subject("TNXH", "Tự nhiên và Xã hội", False, _grades(1, 3), other_names=("TN&XH", "TNXH")),
    Subject("GDTC", "Giáo dục thể chất", False, _ALL, other_names=("GDTC", "Thể dục")),
    Subject("NGHE_THUAT", "Nghệ thuật", False, _THCS, other_names=("Nghệ thuật (Âm nhạc, Mĩ thuật)",)),
    Subject("AM_NHAC", "Âm nhạc", False, _TH, _THPT, primary_name="Nghệ thuật (Âm nhạc)"),
    Subject("MI_THUAT", "Mĩ thuật", False, _TH, _THPT, ("Mỹ thuật", "Nghệ thuật (Mỹ thuật)"), "Nghệ thuật (Mĩ thuật)"),
    Subject("HDTN", "Hoạt động trải nghiệm", False, _TH, other_names=("HĐTN",)),
    Subject("HDTN_HN", "Hoạt động trải nghiệm, hướng nghiệp", False, _BOTH, other_names=("HĐTN, HN", "HĐTN-HN")),
    Subject(
        "GDDP",
        "Nội dung giáo dục của địa phương",
        False,
        _BOTH,
        other_names=(
            "Nội dung giáo dục địa phương",
            "Giáo dục địa phương",
            "Nội dung GDĐP",
            "Nội dung GD địa phương",
            "GDĐP",
        ),
    ),
    Subject("NGOAI_NGU_2", "Ngoại ngữ 2", True, _NONE, _BOTH),
    Subject("TIENG_DTTS", "Tiếng dân tộc thiểu số", True, _NONE, _ALL, ("Tiếng dân tộc",)),
)

BY_CODE = {subject.code: subject for subject in SUBJECTS}


def _names(level: Level) -> dict[str, Subject]:
    """Every name that a subject goes by at a level; those of subjects taught there come first."""
    grades = frozenset(level.grades)
    names: dict[str, Subject] = {}
    for taught_here in (True, False):
        for subject in SUBJECTS:
            if bool((subject.compulsory | subject.optional) & grades) is taught_here:
                for name in (subject.name_at(level), subject.name, *subject.other_names):
                    names.setdefault(folded(name), subject)
    return names


_BY_NAME = {level: _names(level) for level in Level}


def subject_named(title: str, level: Level) -> Subject | None:
    """Return the subject that a heading names at a level, or `None`.

    A language in brackets does not hide the subject: `Ngoại ngữ 1 (Tiếng Anh)` is Ngoại ngữ 1.
    """
    names = _BY_NAME[level]
    found = names.get(folded(title))
    if found is None and "(" in title:
        found = names.get(folded(title.split("(", 1)[0]))
    return found


def compulsory_in(grade: int) -> tuple[Subject, ...]:
    """Return what every pupil of a grade takes, in the order of the forms."""
    return tuple(subject for subject in SUBJECTS if grade in subject.compulsory)


def taught_in(subject: Subject, grade: int) -> bool:
    """Return whether a subject exists in a grade at all."""
    return grade in subject.compulsory or grade in subject.optional
