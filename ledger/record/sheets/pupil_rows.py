# SPDX-License-Identifier: Apache-2.0

"""What stands in a pupil's row: the columns of `Học sinh` and `Kết quả`, and the reading of `Học sinh`.

The columns are named here, with the other names that schools' software gives them, for whoever reads, checks or prints a
workbook. How a row of `Kết quả` becomes a year is for `secondary_rows` and `primary_rows`.
"""

import re
from datetime import date

from ledger.record.model import Pupil
from ledger.record.sheets import cells
from ledger.record.sheets.cell_reader import CellReader
from ledger.record.sheets.class_list import PupilRow
from ledger.record.sheets.tables import CODE, NAME, PUPILS, STT, Heading, Table
from ledger.record.sheets.workbook import Cell
from ledger.record.spelling import folded

BIRTH = Heading("Ngày sinh", other_names=("Ngày tháng năm sinh", "Ngày, tháng, năm sinh"))
SEX = Heading("Giới tính")
PERSONAL_ID = Heading("Số định danh cá nhân", other_names=("Số CCCD", "CCCD", "Mã định danh cá nhân", "Số ĐDCN"))
ETHNICITY = Heading("Dân tộc", required=False)
NATIONALITY = Heading("Quốc tịch", required=False)
BIRTHPLACE = Heading("Nơi sinh", required=False)
HOMETOWN = Heading("Quê quán", required=False)
ADDRESS = Heading("Chỗ ở hiện nay", required=False, other_names=("Chỗ ở", "Địa chỉ"))
FATHER = Heading("Họ và tên cha", required=False, other_names=("Họ tên cha", "Cha"))
MOTHER = Heading("Họ và tên mẹ", required=False, other_names=("Họ tên mẹ", "Mẹ"))
GUARDIAN = Heading("Người giám hộ", required=False, other_names=("Họ và tên người giám hộ",))
REGISTER_NUMBER = Heading("Số đăng bộ", required=False, other_names=("Số sổ đăng bộ",))
PASSPORT = Heading("Số hộ chiếu", required=False, other_names=("Hộ chiếu",))
ARRIVED = Heading("Ngày chuyển đến", required=False)
NOTE = Heading("Ghi chú", required=False)
PUPIL_COLUMNS = (
    STT,
    CODE,
    NAME,
    BIRTH,
    SEX,
    PERSONAL_ID,
    ETHNICITY,
    NATIONALITY,
    BIRTHPLACE,
    HOMETOWN,
    ADDRESS,
    FATHER,
    MOTHER,
    GUARDIAN,
    REGISTER_NUMBER,
    PASSPORT,
    ARRIVED,
    NOTE,
)
"""The sheet `Học sinh`."""

PROMOTED = Heading(
    "Được lên lớp",
    other_names=("Hoàn thành chương trình", "Lên lớp", "Được lên lớp/HTCT", "Hoàn thành chương trình tiểu học"),
)
EXCUSED = Heading("Nghỉ có phép", other_names=("Số buổi nghỉ có phép", "Số ngày nghỉ có phép", "Có phép"))
UNEXCUSED = Heading("Nghỉ không phép", other_names=("Số buổi nghỉ không phép", "Số ngày nghỉ không phép", "Không phép"))
OTHER_AWARDS = Heading("Thành tích khác", required=False, other_names=("Khen thưởng khác",))

_TERMS = (("HKI", ("HKI",)), ("HKII", ("HKII",)), ("cả năm", ("cả năm", "CN")))
CONDUCT = tuple(
    Heading(
        f"Rèn luyện {term}",
        other_names=tuple(
            f"{what} {name}" for name in names for what in ("Rèn luyện", "KQRL", "RL", "Kết quả rèn luyện")
        ),
    )
    for term, names in _TERMS
)
STUDY = tuple(
    Heading(
        f"Học tập {term}",
        other_names=tuple(f"{what} {name}" for name in names for what in ("Học tập", "KQHT", "HT", "Kết quả học tập")),
    )
    for term, names in _TERMS
)
AWARD = Heading("Danh hiệu", required=False, other_names=("Khen thưởng", "Danh hiệu thi đua"))
CONDUCT_AGAIN = Heading("Rèn luyện sau hè", required=False, other_names=("Kết quả rèn luyện sau hè", "KQRL sau hè"))
STUDY_AGAIN = Heading("Học tập sau hè", required=False, other_names=("Kết quả học tập sau hè", "KQHT sau hè"))
SUMMER_COMMENT = Heading("Nhận xét sau hè", required=False, other_names=("Nhận xét rèn luyện trong hè",))
CERTIFICATES = Heading("Chứng chỉ", required=False)
RESULT_COLUMNS = (
    STT,
    CODE,
    NAME,
    *CONDUCT,
    *STUDY,
    EXCUSED,
    UNEXCUSED,
    PROMOTED,
    AWARD,
    CONDUCT_AGAIN,
    STUDY_AGAIN,
    SUMMER_COMMENT,
    OTHER_AWARDS,
    CERTIFICATES,
    NOTE,
)
"""The sheet `Kết quả` at secondary."""

WEIGHT = Heading("Cân nặng", required=False, other_names=("Cân nặng (kg)",))
HEIGHT = Heading("Chiều cao", required=False, other_names=("Chiều cao (cm)",))
OVERALL = Heading("Đánh giá kết quả giáo dục", other_names=("Đánh giá KQGD", "Kết quả giáo dục", "KQGD"))
COMPLETED = Heading(
    "Hoàn thành chương trình lớp học", required=False, other_names=("Đã hoàn thành chương trình lớp học",)
)
PRIMARY_AWARD = Heading("Khen thưởng", required=False, other_names=("Danh hiệu", "Khen thưởng cuối năm"))
SUDDEN_AWARDS = Heading("Khen thưởng đột xuất", required=False)
HOMEROOM_COMMENT = Heading(
    "Nhận xét của GVCN", required=False, other_names=("Nhận xét GVCN", "Nhận xét của giáo viên chủ nhiệm")
)
QUALITY_COMMENT = Heading(
    "Nhận xét phẩm chất", required=False, other_names=("Nhận xét về phẩm chất", "Nhận xét phẩm chất chủ yếu")
)
GENERAL_COMMENT = Heading("Nhận xét năng lực chung", required=False, other_names=("Nhận xét về năng lực chung",))
SPECIFIC_COMMENT = Heading("Nhận xét năng lực đặc thù", required=False, other_names=("Nhận xét về năng lực đặc thù",))
PRINCIPAL_NOTE = Heading("Quyết định của hiệu trưởng", required=False, other_names=("Ý kiến của hiệu trưởng",))
PRIMARY_RESULT_COLUMNS = (
    STT,
    CODE,
    NAME,
    WEIGHT,
    HEIGHT,
    EXCUSED,
    UNEXCUSED,
    OVERALL,
    COMPLETED,
    PROMOTED,
    PRIMARY_AWARD,
    SUDDEN_AWARDS,
    OTHER_AWARDS,
    HOMEROOM_COMMENT,
    QUALITY_COMMENT,
    GENERAL_COMMENT,
    SPECIFIC_COMMENT,
    PRINCIPAL_NOTE,
    NOTE,
)
"""The sheet `Kết quả` at primary."""

_PENDING = frozenset({"chuaco", "chuacap", "chuaduoccap", "dangcap", "chocap", "dangchocap"})
_ONE_WORD = re.compile(r"ten(mot|1)(chu|tu)")
_NOT_ASSESSED = re.compile(r"khongdanhgia(?!lai)|kehoach(giaoduc)?canhan")
_NOT_DISABLED = re.compile(r"khong(phai|bi|la|co|thuoc)*((hoc)?sinh|hs|dien|doituong)*khuyettat")


def promoted_column(*, final: bool) -> str:
    """Return what the column of promotion is called: the last grade of a level completes it instead."""
    return "Hoàn thành chương trình" if final else PROMOTED.name


def pupil_from(row: PupilRow, table: Table, reader: CellReader) -> Pupil:
    """Read a row of `Học sinh`."""

    def words(heading: Heading) -> str | None:
        return reader.words(PUPILS, heading.name, table.cell(row.cells, heading.name))

    number = words(PERSONAL_ID)
    pending = number is not None and folded(number) in _PENDING
    return Pupil(
        code=row.code or "",
        name=row.name or "",
        birth_date=reader.value(PUPILS, BIRTH.name, table.cell(row.cells, BIRTH.name), cells.day),
        sex=reader.value(PUPILS, SEX.name, table.cell(row.cells, SEX.name), cells.sex),
        personal_id=None if pending else number,
        # Nearly every list is of Vietnamese pupils; one that leaves the column out says so by that.
        nationality=words(NATIONALITY) or "Việt Nam",
        ethnicity=words(ETHNICITY),
        birthplace=words(BIRTHPLACE),
        hometown=words(HOMETOWN),
        address=words(ADDRESS),
        father=words(FATHER),
        mother=words(MOTHER),
        guardian=words(GUARDIAN),
        register_number=words(REGISTER_NUMBER),
        passport=words(PASSPORT),
        number_pending=pending,
        single_name=_ONE_WORD.search(folded(words(NOTE) or "")) is not None,
    )


def arrival(row: PupilRow, table: Table, reader: CellReader) -> date | None:
    """Return the day on which the pupil came to the class, if `Học sinh` says so."""
    return reader.value(PUPILS, ARRIVED.name, table.cell(row.cells, ARRIVED.name), cells.arrival_day)


def exempts_from_assessment(note: Cell) -> bool:
    """Return whether a note says that a pupil with a disability is not assessed, or by an individual plan.

    Of the notes only this is part of the record: a note may say more about a child than the record should keep.
    """
    said = folded(cells.text(note) or "")
    disabled = "khuyettat" in said and _NOT_DISABLED.search(said) is None
    return disabled and _NOT_ASSESSED.search(said) is not None
