# SPDX-License-Identifier: Apache-2.0

"""What a cell means: marks, dates, ratings, counts.

Each reader takes a cell as openpyxl gives it and returns either the value or a `Misread`, which says what was found and
what would have been right. An empty cell is `None` and never a misreading: whether something may be missing is for the
rules to say.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from ledger.record.scales import Attainment, Award, Rating, Sex
from ledger.record.sheets.workbook import Cell, Formula
from ledger.record.spelling import clean, folded


@dataclass(frozen=True, slots=True)
class Misread:
    """A cell that says something, but nothing that belongs there."""

    rule: str
    found: str
    expected: str
    message_vi: str
    message_en: str
    article: str | None = None


EXEMPT = frozenset({"mien", "m", "duocmien", "miengiam"})
_SERIALS = range(32_874, 54_789)
"""01/01/1990 to 31/12/2049: five digits, so no other way to write a day looks like it."""
_MARK_ARTICLE = "Thông tư 22/2021/TT-BGDĐT, Điều 5, Điều 9"
_RATINGS = {folded(rating.value): rating for rating in Rating} | {
    "t": Rating.TOT,
    "k": Rating.KHA,
    "d": Rating.DAT,
    "cd": Rating.CHUA_DAT,
}
_ATTAINMENTS = {
    "dat": Attainment.DAT,
    "d": Attainment.DAT,
    "chuadat": Attainment.CHUA_DAT,
    "cd": Attainment.CHUA_DAT,
}
_YES = frozenset({"co", "x", "1", "true", "yes", "hoanthanh", "dahoanthanh"})
_NO = frozenset({"khong", "0", "false", "no", "luuban", "chuahoanthanh"})
_LEVEL_WORDS = r"(lop\d{1,2}|lophoc|(cap)?(tieuhoc|thcs|thpt|trunghoccoso|trunghocphothong))?"
_COMPLETES = rf"(da)?(hoanthanhchuongtrinh|htct){_LEVEL_WORDS}"
_MOVES_UP = r"(duoc)?lenlop\d{0,2}"
_YES_PHRASE = re.compile(rf"{_COMPLETES}|{_MOVES_UP}|{_COMPLETES}{_MOVES_UP}")
_NO_PHRASE = re.compile(rf"(chua|khong)({_COMPLETES}|{_MOVES_UP})|olai(lop\d{{0,2}})?")
"""The phrases of the forms, folded: `Hoàn thành chương trình lớp 2; Được lên lớp 3.` (TT 27/2020, Annex 1)."""
_SEXES = {"nam": Sex.NAM, "nu": Sex.NU}
_AWARDS = {
    "hocsinhxuatsac": Award.XUAT_SAC,
    "xuatsac": Award.XUAT_SAC,
    "hsxs": Award.XUAT_SAC,
    "hsxuatsac": Award.XUAT_SAC,
    "hocsinhgioi": Award.GIOI,
    "gioi": Award.GIOI,
    "hsg": Award.GIOI,
    "hsgioi": Award.GIOI,
}
NOTHING = frozenset({"", "khong", "khongco"})


def text(cell: Cell) -> str | None:
    """Return a cell as clean text; a whole number without the `.0` that spreadsheets add."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return format(Decimal(repr(cell)).normalize(), "f")
    if isinstance(cell, datetime):
        return cell.strftime("%d/%m/%Y")
    if isinstance(cell, Formula):
        return cell.text
    return clean(str(cell)) or None


def uncomputed(cell: Cell) -> Misread | None:
    """Return a misreading if the cell holds a formula that nobody computed."""
    if not isinstance(cell, Formula):
        return None
    return Misread(
        "SH-07",
        clean(cell.text)[:80],
        "giá trị / a value",
        "Ô này là công thức chưa được tính. Hãy mở tệp bằng Excel, lưu lại để có kết quả, rồi nạp lại.",
        "This cell is a formula that was never computed. Open the file in Excel, save it so that it has a result, and"
        " import it again.",
    )


def score(cell: Cell) -> Decimal | Misread | None:
    """Return a mark from 0 to 10 with at most one decimal; the text may use comma or point (TT-01)."""
    written = text(cell)
    if written is None:
        return None
    if not re.fullmatch(r"[+-]?\d{1,6}([.,]\d{0,20})?", written, flags=re.ASCII):
        return Misread(
            "TT-01",
            written,
            "0,0 … 10,0",
            f"“{written}” không phải là điểm số. Hãy ghi điểm từ 0 đến 10, ví dụ 7,5.",
            f"“{written}” is not a mark. Write a mark from 0 to 10, such as 7.5.",
            _MARK_ARTICLE,
        )
    try:
        value = Decimal(written.replace(",", "."))
    except InvalidOperation:  # pragma: no cover - the pattern above admits only decimals
        return None
    if not Decimal(0) <= value <= Decimal(10):
        return Misread(
            "TT-01",
            written,
            "0,0 … 10,0",
            f"Điểm {written} nằm ngoài thang điểm 10. Hãy xem lại sổ điểm và sửa ô này.",
            f"The mark {written} lies outside 0 to 10. Look it up in the mark book and correct this cell.",
            _MARK_ARTICLE,
        )
    tenths = value.quantize(Decimal("0.1"))
    # Excel stores 7.1 + 0.2 as 7.299999999999999: more decimals than anybody typed. Those are noise, two are not.
    if value != tenths and abs(value - tenths) > Decimal("1e-9"):
        return Misread(
            "TT-01",
            written,
            "một chữ số thập phân / one decimal",
            f"Điểm {written} có quá một chữ số thập phân. Hãy làm tròn đến một chữ số (ví dụ 7,26 thành 7,3).",
            f"The mark {written} has more than one decimal. Round it to one (7.26 becomes 7.3).",
            _MARK_ARTICLE,
        )
    return abs(tenths)  # "-0" is 0


def attainment(cell: Cell) -> Attainment | Misread | None:
    """Return Đạt or Chưa đạt."""
    written = text(cell)
    if written is None:
        return None
    found = _ATTAINMENTS.get(folded(written))
    return found or Misread(
        "TT-01",
        written,
        "Đạt / Chưa đạt",
        f"Môn này đánh giá bằng nhận xét, không ghi “{written}”. Hãy ghi Đạt hoặc Chưa đạt.",
        f"This subject is assessed by comment; “{written}” does not fit. Write Đạt or Chưa đạt.",
        "Thông tư 22/2021/TT-BGDĐT, Điều 5",
    )


def rating(cell: Cell) -> Rating | Misread | None:
    """Return Tốt, Khá, Đạt or Chưa đạt."""
    written = text(cell)
    if written is None:
        return None
    return _RATINGS.get(folded(written)) or Misread(
        "SH-08",
        written,
        "Tốt / Khá / Đạt / Chưa đạt",
        f"Không hiểu “{written}”. Hãy ghi một trong bốn mức: Tốt, Khá, Đạt, Chưa đạt.",
        f"“{written}” is not understood. Write one of Tốt, Khá, Đạt, Chưa đạt.",
    )


def yes_no(cell: Cell) -> bool | Misread | None:
    """Return whether the cell says Có or Không."""
    written = text(cell)
    if written is None:
        return None
    key = folded(written)
    yes = key in _YES or _YES_PHRASE.fullmatch(key) is not None
    if yes or key in _NO or _NO_PHRASE.fullmatch(key) is not None:
        return yes
    return Misread(
        "SH-08",
        written,
        "Có / Không",
        f"Không hiểu “{written}”. Hãy ghi Có hoặc Không.",
        f"“{written}” is not understood. Write Có or Không.",
    )


def count(cell: Cell) -> int | Misread | None:
    """Return a number of sessions: whole, not negative (TT-10)."""
    written = text(cell)
    if written is None:
        return None
    # Exporters that keep a column as decimal numbers write 2.0.
    if match := re.fullmatch(r"(\d{1,4})(?:[.,]0{1,4})?", written, flags=re.ASCII):
        return int(match[1])
    return Misread(
        "TT-10",
        written,
        "0, 1, 2 …",
        f"“{written}” không phải là số buổi nghỉ. Hãy ghi số nguyên, không âm.",
        f"“{written}” is not a number of sessions. Write a whole number, 0 or more.",
        "Thông tư 22/2021/TT-BGDĐT, Điều 12",
    )


def sex(cell: Cell) -> Sex | Misread | None:
    """Return the sex; the two words that school software writes."""
    written = text(cell)
    if written is None:
        return None
    return _SEXES.get(folded(written)) or Misread(
        "SH-08",
        written,
        "Nam / Nữ",
        f"Không hiểu giới tính “{written}”. Hãy ghi Nam hoặc Nữ.",
        f"The sex “{written}” is not understood. Write Nam or Nữ.",
    )


def award(cell: Cell) -> Award | Misread | None:
    """Return the title; what earlier circulars called Tiên tiến or Khá no longer exists (TT-11)."""
    written = text(cell)
    if written is None or folded(written) in NOTHING:
        return None
    return _AWARDS.get(folded(written)) or Misread(
        "TT-11",
        written,
        "Học sinh Xuất sắc / Học sinh Giỏi / để trống",
        f"Danh hiệu “{written}” không có trong Thông tư 22/2021. Chỉ có Học sinh Xuất sắc và Học sinh Giỏi;"
        " nếu không đạt, hãy để trống.",
        f"The title “{written}” does not exist in Circular 22/2021. There are only Học sinh Xuất sắc and Học sinh"
        " Giỏi; leave the cell empty otherwise.",
        "Thông tư 22/2021/TT-BGDĐT, Điều 15",
    )


def day(cell: Cell) -> date | Misread | None:
    """Return a date from an Excel date, `dd/mm/yyyy` or ISO 8601 (ID-05)."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    # A date in a cell that is not formatted as one: Excel counts the days since 30/12/1899.
    if isinstance(cell, int) and cell in _SERIALS:
        return date(1899, 12, 30) + timedelta(days=cell)
    written = text(cell)
    if written is None:
        return None
    for pattern in (
        r"(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4})",
        r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})([T ].*)?",
    ):
        match = re.fullmatch(pattern, written, flags=re.ASCII)
        if match:
            try:
                return date(int(match["y"]), int(match["m"]), int(match["d"]))
            except ValueError:
                break
    return Misread(
        "ID-05",
        written,
        "dd/mm/yyyy",
        f"Ngày “{written}” không có trên lịch hoặc viết sai dạng. Hãy ghi ngày/tháng/năm, ví dụ 09/02/2011.",
        f"The date “{written}” does not exist, or is not written as day/month/year. Write it like 09/02/2011.",
        "CV 2088/BGDĐT-GDTH, Phụ lục 1.1",
    )


def arrival_day(cell: Cell) -> date | Misread | None:
    """Return the day on which a pupil came to a class."""
    found = day(cell)
    return replace(found, rule="SH-08", article=None) if isinstance(found, Misread) else found


def school_year(cell: Cell) -> str | Misread | None:
    """Return a school year as `2025-2026`."""
    written = text(cell)
    if written is None:
        return None
    match = re.fullmatch(r"(\d{4})[\s\-\u2010-\u2015/]+(\d{4})", written)
    if match and int(match[2]) == int(match[1]) + 1:
        return f"{match[1]}-{match[2]}"
    return Misread(
        "SH-08",
        written,
        "2025-2026",
        f"“{written}” không phải là năm học. Hãy ghi hai năm liền nhau, ví dụ 2025-2026.",
        f"“{written}” is no school year. Write two years in a row, such as 2025-2026.",
    )
