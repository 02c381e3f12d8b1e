# SPDX-License-Identifier: Apache-2.0

"""Records to hold against the rules, built from the numbers of `second_opinion`; correct unless a test spoils them."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import second_opinion

from ledger.record.model import (
    ClassInfo,
    Person,
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
from ledger.record.scales import (
    Achievement,
    Attainment,
    Award,
    Overall,
    PrimaryAward,
    Rating,
    Sex,
    Trait,
    TraitLevel,
)
from ledger.record.subjects import Level

RATINGS, ACHIEVEMENTS, TRAIT_LEVELS, OVERALLS = list(Rating), list(Achievement), list(TraitLevel), list(Overall)
TITLES = (None, Award.GIOI, Award.XUAT_SAC)
PRIMARY_TITLES = (PrimaryAward.XUAT_SAC, PrimaryAward.TIEU_BIEU, None, None)

EVERY_PRIMARY_GRADE = ("TIENG_VIET", "TOAN", "DAO_DUC", "GDTC", "AM_NHAC", "MI_THUAT", "HDTN")
TESTED = {
    1: ("TIENG_VIET", "TOAN"),
    2: ("TIENG_VIET", "TOAN"),
    3: ("TIENG_VIET", "TOAN", "NGOAI_NGU_1", "TIN_HOC", "CONG_NGHE"),
    4: ("TIENG_VIET", "TOAN", "NGOAI_NGU_1", "TIN_HOC", "CONG_NGHE", "KHOA_HOC", "LS_DL"),
    5: ("TIENG_VIET", "TOAN", "NGOAI_NGU_1", "TIN_HOC", "CONG_NGHE", "KHOA_HOC", "LS_DL"),
}
COMMENTED = {"GDTC", "NGHE_THUAT", "AM_NHAC", "MI_THUAT", "GDDP", "HDTN_HN"}
THCS = (
    *("NGU_VAN", "TOAN", "NGOAI_NGU_1", "GDCD", "LS_DL", "KHTN", "CONG_NGHE", "TIN_HOC"),
    *("GDTC", "NGHE_THUAT", "HDTN_HN", "GDDP"),
)
THPT = ("NGU_VAN", "TOAN", "NGOAI_NGU_1", "LICH_SU", "GDQP_AN", "GDTC", "HDTN_HN", "GDDP")
ELECTIVES = ("DIA_LI", "GDKT_PL", "VAT_LI", "HOA_HOC", "SINH_HOC", "CONG_NGHE", "TIN_HOC", "AM_NHAC", "MI_THUAT")

SCHOOL = School(
    authority_code="31",
    authority_name="Sở Giáo dục và Đào tạo Hải Phòng",
    code="31999599",
    name="Trường Sông Cấm Mẫu",
    ward="Phường Bạch Đằng Mẫu",
    province="Thành phố Hải Phòng",
    place="Hải Phòng",
)
TEACHER = Person("Vũ Thị Hà", "099185000001")


def primary_codes(grade):
    """Return what a primary grade takes."""
    science = ("TNXH",) if grade < 4 else ()
    return (*dict.fromkeys((*TESTED[grade], *EVERY_PRIMARY_GRADE, *science)),)


def record_of(grade, year, first_year=2025, **pupil):
    """Put a year into a record of an ordinary pupil of that grade."""
    level = next(level for level in Level if grade in level.grades)
    circular = "27/2020/TT-BGDĐT" if level is Level.TH else "22/2021/TT-BGDĐT"
    info = ClassInfo(
        f"{grade}A", level, grade, f"{first_year}-{first_year + 1}", circular, TEACHER, Person("Đỗ Văn Minh")
    )
    born = first_year - grade - 5
    who = Pupil(
        "3100000001", "Trần Minh Khôi", date(born, 3, 2), Sex.NAM, f"0312{born % 100:02d}000001", "Việt Nam", "Kinh",
        "Hải Phòng", "Hải Phòng", SCHOOL.ward, register_number="1/2025",
    )  # fmt: skip
    history = (Schooling(info.school_year, info.name, SCHOOL.name),)
    return Record(SCHOOL, info, replace(who, mother="Lê Thị Hoa", **pupil), year, history)


def primary_year(grade, levels=None, traits=None, tests=None):
    """Return a correct primary year. Arguments are by code or `Trait`; what they do not name is the best there is."""
    codes = primary_codes(grade)
    levels = dict.fromkeys(codes, 0) | (levels or {})
    traits = dict.fromkeys(Trait, 0) | (traits or {})
    tests = dict.fromkeys(TESTED[grade], 10) | (tests or {})
    overall = second_opinion.primary_overall(levels.values(), traits.values(), tests.values())
    return PrimaryYear(
        subjects=tuple(
            PrimarySubject(code, code, ACHIEVEMENTS[levels[code]], tests.get(code), "Cần đọc thêm.", TEACHER)
            for code in levels
        ),
        traits={trait: TRAIT_LEVELS[each] for trait, each in traits.items()},
        overall=OVERALLS[overall],
        absences_excused=2,
        absences_unexcused=0,
        completed=overall < second_opinion.NOT_DONE,
        promoted=overall < second_opinion.NOT_DONE,
        award=PRIMARY_TITLES[overall],
        weight=Decimal("29.5"),
        height=Decimal(136),
        homeroom_comment="Chăm học.",
        quality_comment="Biết giúp bạn.",
        general_comment="Tự giác.",
        specific_comment="Tính nhanh.",
    )


@dataclass(frozen=True)
class Line:
    """A pupil's secondary year in numbers, by subject code: tenths, or whether Đạt."""

    grade: int
    marks: dict
    """code -> (HK I, HK II)"""
    conduct: tuple = (0, 0)
    absences: int = 0
    adjust: bool = True
    """Whether the school raises a result where Article 9.3 allows it."""
    again: dict = field(default_factory=dict)
    """code -> mark after re-assessment."""
    trained: int | None = None
    """Conduct after training in summer."""

    def result(self, marks):
        """Return the result of study for one mark per subject."""
        scores = [mark for mark in marks.values() if not isinstance(mark, bool)]
        passes = [mark for mark in marks.values() if isinstance(mark, bool)]
        up = second_opinion.raised(scores, passes) if self.adjust else None
        return second_opinion.study(scores, passes) if up is None else up

    @property
    def year_marks(self):
        """Return the year's mark of each subject."""
        return {
            code: hk2 if isinstance(hk2, bool) else second_opinion.year_tenths(hk1, hk2)
            for code, (hk1, hk2) in self.marks.items()
        }

    def year(self):
        """Return the year that a careful school would write."""
        of_year = self.year_marks
        study = [self.result({c: m[t] for c, m in self.marks.items()}) for t in (0, 1)] + [self.result(of_year)]
        after = self.result(of_year | self.again) if self.again else None
        conduct = second_opinion.conduct(*self.conduct)
        scores = [mark for mark in of_year.values() if not isinstance(mark, bool)]
        return SecondaryYear(
            subjects=tuple(
                SecondarySubject(
                    code, code, _mark(hk1), _mark(hk2), _mark(of_year[code]), None, TEACHER,
                    reassessed=_mark(self.again.get(code)),
                )
                for code, (hk1, hk2) in self.marks.items()
            ),
            conduct=Terms(*(RATINGS[each] for each in (*self.conduct, conduct)), _rating(self.trained)),
            study=Terms(*(RATINGS[each] for each in study), _rating(after)),
            absences_excused=self.absences,
            absences_unexcused=0,
            promoted=second_opinion.promoted(
                conduct if self.trained is None else self.trained, study[2] if after is None else after, self.absences
            ),
            award=TITLES[second_opinion.award(conduct, study[2], scores)],
        )  # fmt: skip

    def record(self, **options):
        """Return the record."""
        return record_of(self.grade, self.year(), **options)


def _rating(each):
    return None if each is None else RATINGS[each]


def _mark(mark):
    if mark is None:
        return None
    if isinstance(mark, bool):
        return Attainment.DAT if mark else Attainment.CHUA_DAT
    return Decimal(mark) / 10


def secondary_codes(grade, electives=("DIA_LI", "VAT_LI", "HOA_HOC", "TIN_HOC")):
    """Return what a secondary grade takes."""
    return THCS if grade < 10 else (*THPT, *electives)


def even_line(grade=8, score=70, electives=("DIA_LI", "VAT_LI", "HOA_HOC", "TIN_HOC"), **changes):
    """Return a line with one mark everywhere; `marks` in `changes` are laid over it, (HK I, HK II) each."""
    codes = secondary_codes(grade, electives)
    marks = {code: (True, True) if code in COMMENTED else (score, score) for code in codes}
    return Line(grade, marks | changes.pop("marks", {}), **changes)


def with_subject(record, code, **changes):
    """Change one subject of a record."""
    subjects = tuple(replace(r, **changes) if r.code == code else r for r in record.year.subjects)
    return replace(record, year=replace(record.year, subjects=subjects))


def with_year(record, **changes):
    """Change the year of a record."""
    return replace(record, year=replace(record.year, **changes))
