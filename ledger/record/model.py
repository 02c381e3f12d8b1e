# SPDX-License-Identifier: Apache-2.0

"""What a học bạ says, as values.

A `Record` is one pupil in one school year: what the ministry calls the content of a "đơn vị học bạ số". A `ClassSheet`
is the records of one class as a school hands them in. Values know nothing of where they came from; the place of each
pupil in a workbook travels beside the records as `Place`, so that a finding can point at a cell.

These classes hold what a school *wrote*, right or wrong; `ledger.record.check` says which. An optional field that is
`None` was not given. Texts are expected as `spelling.clean` leaves them.

One letter means different things on different scales ("Đ" is Đạt, at primary one of three, at secondary one of four),
so no letter is stored: each scale is an enum of its own, whose values are the words that the forms print.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

from ledger.record.subjects import Level


class Attainment(Enum):
    """The result of a subject that is assessed by comment alone (TT 22/2021, Article 5)."""

    DAT = "Đạt"
    CHUA_DAT = "Chưa đạt"


Mark = Decimal | Attainment
"""What stands in a cell of the marks table."""


class Rating(Enum):
    """The four results of conduct and of study, best first (TT 22/2021, Articles 8 and 9)."""

    TOT = "Tốt"
    KHA = "Khá"
    DAT = "Đạt"
    CHUA_DAT = "Chưa đạt"

    @property
    def rank(self) -> int:
        """0 for the best; one more for each step down."""
        return _RANKS[self]

    def raised(self) -> "Rating":
        """Return the next better result; the best stays."""
        return list(Rating)[max(0, self.rank - 1)]


_RANKS = {grade: rank for rank, grade in enumerate(Rating)}


class Award(Enum):
    """The two titles at the end of the year (TT 22/2021, Article 15). There is no third."""

    XUAT_SAC = "Học sinh Xuất sắc"
    GIOI = "Học sinh Giỏi"


class Sex(Enum):
    """Sex as the population database has it (QCVN 109:2017)."""

    NAM = "Nam"
    NU = "Nữ"


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


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """One row of the marks table."""

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


@dataclass(frozen=True, slots=True)
class Terms:
    """A result for each semester and for the year."""

    hk1: Rating | None = None
    hk2: Rating | None = None
    year: Rating | None = None


@dataclass(frozen=True, slots=True)
class YearResult:
    """What the year came to."""

    conduct: Terms
    study: Terms
    absences_excused: int | None
    absences_unexcused: int | None
    promoted: bool | None
    """Promoted; in the last grade of a level, completed it. TT 22/2021 has one test for both (Article 12)."""
    award: Award | None = None
    homeroom_comment: str | None = None
    not_assessed: bool = False
    """A pupil with a disability who is not assessed (`cokhuyettatkhongdanhgia`)."""


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
    subjects: tuple[SubjectResult, ...]
    year: YearResult
    history: tuple[Schooling, ...] = ()


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
