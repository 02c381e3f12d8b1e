# SPDX-License-Identifier: Apache-2.0

"""The subjects of the 2018 curriculum at the secondary levels, with their codes and how each is assessed.

The ministry's list of subject codes (`MA_MON_HOC`) is not published, so the codes here are those of *hocba profile 0*
(docs/formats-record.md). Names follow Circular 32/2018 with the amendments of Circular 13/2022; which subjects are
assessed by comment alone follows Article 5 of Circular 22/2021.
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
    """Whether it carries marks from 0 to 10; the others are Đạt or Chưa đạt."""

    compulsory: frozenset[Level]
    """Levels at which every pupil takes it."""

    optional: frozenset[Level] = frozenset()
    """Levels at which it may be chosen."""

    other_names: tuple[str, ...] = ()
    """Further names that schools' software writes."""


_BOTH = frozenset({Level.THCS, Level.THPT})
_THCS = frozenset({Level.THCS})
_THPT = frozenset({Level.THPT})
_NONE: frozenset[Level] = frozenset()

SUBJECTS: tuple[Subject, ...] = (
    Subject("NGU_VAN", "Ngữ văn", True, _BOTH, other_names=("Văn", "Văn học")),
    Subject("TOAN", "Toán", True, _BOTH, other_names=("Toán học",)),
    Subject("NGOAI_NGU_1", "Ngoại ngữ 1", True, _BOTH, other_names=("Ngoại ngữ", "Tiếng Anh")),
    Subject("GDCD", "Giáo dục công dân", True, _THCS, other_names=("GDCD",)),
    Subject("LS_DL", "Lịch sử và Địa lí", True, _THCS, other_names=("Lịch sử & Địa lí", "Lịch sử và Địa lý", "LS&ĐL")),
    Subject("KHTN", "Khoa học tự nhiên", True, _THCS, other_names=("KHTN",)),
    Subject("LICH_SU", "Lịch sử", True, _THPT),
    Subject("DIA_LI", "Địa lí", True, _NONE, _THPT, ("Địa lý",)),
    Subject("GDKT_PL", "Giáo dục kinh tế và pháp luật", True, _NONE, _THPT, ("GDKT&PL",)),
    Subject("VAT_LI", "Vật lí", True, _NONE, _THPT, ("Vật lý",)),
    Subject("HOA_HOC", "Hóa học", True, _NONE, _THPT),
    Subject("SINH_HOC", "Sinh học", True, _NONE, _THPT),
    Subject("CONG_NGHE", "Công nghệ", True, _THCS, _THPT),
    Subject("TIN_HOC", "Tin học", True, _THCS, _THPT),
    Subject("GDQP_AN", "Giáo dục quốc phòng và an ninh", True, _THPT, other_names=("GDQP&AN", "GDQP-AN")),
    Subject("GDTC", "Giáo dục thể chất", False, _BOTH, other_names=("GDTC", "Thể dục")),
    Subject("NGHE_THUAT", "Nghệ thuật", False, _THCS, other_names=("Nghệ thuật (Âm nhạc, Mĩ thuật)",)),
    Subject("AM_NHAC", "Âm nhạc", False, _NONE, _THPT),
    Subject("MI_THUAT", "Mĩ thuật", False, _NONE, _THPT, ("Mỹ thuật",)),
    Subject("HDTN_HN", "Hoạt động trải nghiệm, hướng nghiệp", False, _BOTH, other_names=("HĐTN, HN", "HĐTN-HN")),
    Subject(
        "GDDP",
        "Nội dung giáo dục của địa phương",
        False,
        _BOTH,
        other_names=("Nội dung giáo dục địa phương", "Giáo dục địa phương", "GDĐP"),
    ),
    Subject("NGOAI_NGU_2", "Ngoại ngữ 2", True, _NONE, _BOTH),
    Subject("TIENG_DTTS", "Tiếng dân tộc thiểu số", True, _NONE, _BOTH, ("Tiếng dân tộc",)),
)

BY_CODE = {subject.code: subject for subject in SUBJECTS}
_BY_NAME = {folded(name): subject for subject in SUBJECTS for name in (subject.name, *subject.other_names)}


def subject_named(title: str) -> Subject | None:
    """Return the subject that a heading names, or `None`.

    A language in brackets does not hide the subject: `Ngoại ngữ 1 (Tiếng Anh)` is Ngoại ngữ 1.
    """
    found = _BY_NAME.get(folded(title))
    if found is None and "(" in title:
        found = _BY_NAME.get(folded(title.split("(", 1)[0]))
    return found


def compulsory_at(level: Level) -> tuple[Subject, ...]:
    """Return what every pupil of a level takes, in the order of the forms."""
    return tuple(subject for subject in SUBJECTS if level in subject.compulsory)


def taught_at(subject: Subject, level: Level) -> bool:
    """Return whether a subject exists at a level at all."""
    return level in subject.compulsory or level in subject.optional
