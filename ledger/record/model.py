# SPDX-License-Identifier: Apache-2.0

"""What a học bạ says, as values.

A `Record` is one pupil in one school year: what the ministry calls the content of a "đơn vị học bạ số". A `ClassSheet`
is the records of one class as a school hands them in. Values know nothing of where they came from; the place of each
pupil in a workbook travels beside the records as `Place`, so that a finding can point at a cell.

These classes hold what a school *wrote*, right or wrong; `ledger.record.check` says which. An optional field that is
`None` was not given. Texts are expected as `spelling.clean` leaves them.

What a year came to is one of two shapes, as there are two circulars: `PrimaryYear` (TT 27/2020) and `SecondaryYear`
(TT 22/2021). Which of them a record carries follows from its level, and nothing else does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ledger.record.scales import (
    Achievement,
    Award,
    Mark,
    Origin,
    Overall,
    PrimaryAward,
    Rating,
    Sex,
    Trait,
    TraitLevel,
)
from ledger.record.subjects import Level


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who teaches, leads or signs."""

    name: str
    personal_id: str | None = None
    """Number of the citizen card; it ties a signature to this person."""


@dataclass(frozen=True, slots=True)
class School:
    """The school, as of the year of the record."""

    authority_code: str
    """Code of the Sở, `MA_SO_GIAO_DUC`."""
    authority_name: str
    code: str
    """`MA_TRUONG`: eight digits, kept as text."""
    name: str
    ward: str
    province: str
    place: str
    """What stands before the date above the signatures, `DIA_DANH_PHAT_HANH_HOC_BA`."""
    district: str | None = None
    """Only for years that had districts: until 30/06/2025."""


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """One class in one school year, with those who sign for it."""

    name: str
    level: Level
    grade: int
    school_year: str
    """`2025-2026`."""
    circular: str
    """The circular that its pupils are assessed under, as a school writes it: `22/2021/TT-BGDĐT`."""
    homeroom: Person
    principal: Person
    principal_title: str = "Hiệu trưởng"

    @property
    def first_year(self) -> int | None:
        """The calendar year in which the school year begins, or `None` if `school_year` cannot be read."""
        head = self.school_year[:4]
        return int(head) if head.isascii() and head.isdigit() and len(head) == 4 else None  # noqa: PLR2004

    @property
    def is_final(self) -> bool:
        """Whether this is the last grade of its level, where promotion means completion."""
        return self.grade == self.level.grades[-1]


@dataclass(frozen=True, slots=True)
class Pupil:
    """Who the record is about."""

    code: str
    """`MA_HOC_SINH`: given at first entry, never changed, never parsed."""
    name: str
    birth_date: date | None
    sex: Sex | None
    personal_id: str | None
    nationality: str
    ethnicity: str | None = None
    birthplace: str | None = None
    hometown: str | None = None
    address: str | None = None
    father: str | None = None
    mother: str | None = None
    guardian: str | None = None
    register_number: str | None = None
    """`SO_SO_DANG_BO`."""
    passport: str | None = None
    """What tells a foreign pupil without a personal number from others."""
    number_pending: bool = False
    """A Vietnamese pupil whose personal number has not been given yet (late registration of birth)."""
    single_name: bool = False
    """The name really is one word."""


@dataclass(frozen=True, slots=True)
class SecondarySubject:
    """One row of the marks table at secondary."""

    code: str
    """A code of `ledger.record.subjects`."""
    name: str
    """As the school writes it, with the language: `Ngoại ngữ 1 (Tiếng Anh)`."""
    hk1: Mark | None
    hk2: Mark | None
    year: Mark | None
    comment: str | None
    teacher: Person | None
    exempt: bool = False
    """The pupil is excused from this subject (miễn), so nothing is missing where nothing stands."""
    reassessed: Mark | None = None
    """After re-assessment in summer; it replaces the year's result of this subject, for promotion (TT 22/2021, Article 14)."""
    specialised: bool = False
    """The pupil took the cluster of specialised topics (chuyên đề) of this subject; upper secondary only."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A result for each semester and for the year."""

    hk1: Rating | None = None
    hk2: Rating | None = None
    year: Rating | None = None
    reassessed: Rating | None = None
    """After re-assessment, or training, in summer (TT 22/2021, Articles 13 and 14)."""


@dataclass(frozen=True, slots=True)
class SecondaryYear:
    """What a year at secondary came to (TT 22/2021)."""

    subjects: tuple[SecondarySubject, ...]
    conduct: Terms
    study: Terms
    absences_excused: int | None
    absences_unexcused: int | None
    """Sessions, at one a day (Article 12)."""
    promoted: bool | None
    """Promoted; in the last grade of a level, completed it. TT 22/2021 has one test for both (Article 12)."""
    award: Award | None = None
    homeroom_comment: str | None = None
    not_assessed: bool = False
    """A pupil with a disability who is not assessed (`cokhuyettatkhongdanhgia`)."""
    summer_comment: str | None = None
    """What the homeroom teacher says about training in summer (Article 13)."""
    other_awards: str | None = None
    """Contests, and whatever else was won beside the title."""
    certificates: str | None = None
    """`chungchi` of the National Data Centre's table."""


@dataclass(frozen=True, slots=True)
class PrimarySubject:
    """One row of the table of subjects at primary (TT 27/2020, Annex 1, section 1)."""

    code: str
    """A code of `ledger.record.subjects`."""
    name: str
    level: Achievement | None
    """`MUC_DAT_DUOC`."""
    test: int | None
    """`DIEM_KIEM_TRA_DINH_KY`: the test at the end of the year, 0 to 10, whole; after a re-test the last one (Article 7.1d)."""
    comment: str | None
    teacher: Person | None
    exempt: bool = False


@dataclass(frozen=True, slots=True)
class PrimaryYear:
    """What a year at primary came to (TT 27/2020)."""

    subjects: tuple[PrimarySubject, ...]
    traits: Mapping[Trait, TraitLevel]
    """Qualities and competences; one that was not given is absent."""
    overall: Overall | None
    absences_excused: int | None
    absences_unexcused: int | None
    completed: bool | None
    """Completed the programme of the grade; in grade 5, of primary (Article 11)."""
    promoted: bool | None
    """May move up. The principal may let a pupil who did not complete move up; in grade 5 it is the same as `completed`."""
    award: PrimaryAward | None = None
    other_awards: str | None = None
    """Contests, and whatever else was won beside the title."""
    sudden_awards: str | None = None
    """`NOI_DUNG_KHEN_THUONG_DOT_XUAT` (Article 13.1b)."""
    weight: Decimal | None = None
    """Kilograms."""
    height: Decimal | None = None
    """Centimetres."""
    homeroom_comment: str | None = None
    quality_comment: str | None = None
    general_comment: str | None = None
    specific_comment: str | None = None
    """Comments on qualities, general and specific competences."""
    principal_note: str | None = None
    """Why a pupil who did not complete the grade moves up nevertheless."""
    not_assessed: bool = False
    """A pupil with a disability who is assessed by an individual plan, or not at all (Article 8)."""


@dataclass(frozen=True, slots=True)
class Schooling:
    """One line of the schooling history: a year, in a class, of a school."""

    school_year: str
    class_name: str
    school_name: str
    arrived: date | None = None
    """`NGAY_TRANG_THAI_CHUYEN_DEN`; class lists do not carry it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One pupil, one school year: the whole content of a học bạ unit, without its identity and its dates."""

    school: School
    class_info: ClassInfo
    pupil: Pupil
    year: PrimaryYear | SecondaryYear
    history: tuple[Schooling, ...] = ()
    origin: Origin = Origin.DIGITAL

    @property
    def arrived(self) -> date | None:
        """The day on which the pupil came to this class in mid-year, if that is known."""
        here = (self.class_info.school_year, self.class_info.name, self.school.name)
        return next(
            (line.arrived for line in self.history if (line.school_year, line.class_name, line.school_name) == here),
            None,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pupil stands in the workbook that the record came from."""

    stt: int | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    """Sheet title to row, both as the spreadsheet shows them."""
    declined: frozenset[tuple[str, str]] = frozenset()
    """(sheet, column) of each cell that could not be read. It has been reported; rules leave it alone."""


@dataclass(frozen=True, slots=True)
class ClassSheet:
    """A class as a school hands it in, in the order of its list."""

    school: School
    class_info: ClassInfo
    records: tuple[Record, ...]
    places: tuple[Place, ...]
    """One per record, in the same order."""
    enrolled: int
    """How many pupils the list of the class names."""
    year_computed: bool = False
    """There was no `Cả năm` sheet, so the year's marks were computed from the semesters'."""
