# SPDX-License-Identifier: Apache-2.0

"""A semester's average and what it asks for (TT-02, TT-03, TT-16): the arithmetic, and what to say when it does not fit.

Article 6 of Circular 22/2021 sets how many regular marks there are, Article 9 how they are weighed; both are given from
transcriptions that agree, not from a text at hand.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from ledger.record.findings import Finding, Severity
from ledger.record.rules.tt22 import rounded
from ledger.record.scales import Attainment, Mark
from ledger.record.sheets.gradebook_columns import FINAL, MIDTERM, Component, SubjectColumns

_REGULAR: Final = ((35, 2), (70, 3))
"""Up to so many periods a year, so many regular marks a semester; beyond, `_REGULAR_MOST` (Article 6)."""
_REGULAR_MOST: Final = 4
_MIDTERM_WEIGHT: Final = 2
_FINAL_WEIGHT: Final = 3
_ARTICLE: Final = "Thông tư 22/2021/TT-BGDĐT, Điều 6, Điều 9"


def regular_marks(periods: int) -> int:
    """Return how many regular marks a semester asks for in a subject of so many periods a year."""
    return next((count for most, count in _REGULAR if periods <= most), _REGULAR_MOST)


def term_average(regular: Sequence[Decimal], midterm: Decimal, final: Decimal) -> Decimal:
    """Return ĐTBmhk. `regular` may be of any length but 0; whether it is the right one is for TT-02 to say."""
    total = sum(regular, Decimal(0)) + _MIDTERM_WEIGHT * midterm + _FINAL_WEIGHT * final
    # The divisor is small and the dividend a number of tenths, so the quotient cannot be rounded into an exact half.
    return rounded(total / (len(regular) + _MIDTERM_WEIGHT + _FINAL_WEIGHT))


def term_result(marks: Sequence[tuple[Component, Mark]]) -> Mark:
    """Return the semester's result from all components of a subject: an average, or Đạt if every one is Đạt."""
    scores = [(component, mark) for component, mark in marks if isinstance(mark, Decimal)]
    if not scores:
        passed = all(mark is Attainment.DAT for _, mark in marks)
        return Attainment.DAT if passed else Attainment.CHUA_DAT
    by_kind = {component.kind: mark for component, mark in scores}
    regular = [mark for component, mark in scores if component.kind not in (MIDTERM, FINAL)]
    return term_average(regular, by_kind[MIDTERM], by_kind[FINAL])


def shown(value: Mark) -> str:
    """Return a result as the forms print it."""
    return str(value).replace(".", ",") if isinstance(value, Decimal) else value.value


def too_many(sheet: str, subject: str, kind: str, count: int) -> Finding:
    """Make a finding of TT-02: GK or CK has more than one column."""
    return Finding(
        "TT-02",
        Severity.ERROR,
        f"Môn {subject} có {count} cột {kind}, nhưng mỗi học kỳ chỉ có một. Hãy bỏ bớt.",
        f"{subject} has {count} columns {kind}, but a semester has exactly one. Remove the rest.",
        sheet=sheet,
        column=f"{subject} - {kind}",
        found=str(count),
        expected="1",
        article=_ARTICLE,
    )


def regular_count(sheet: str, subject: str, found: int, required: int, *, periods: int, certain: bool) -> Finding:
    """Make a finding of TT-02: the class has another number of regular marks than `periods` a year ask for."""
    return Finding(
        "TT-02",
        Severity.ERROR if certain else Severity.WARNING,
        f"Môn {subject} có {found} điểm thường xuyên trong học kỳ; với {periods} tiết/năm phải có {required}."
        " Hãy kiểm tra lại sổ điểm, hoặc số tiết ở trang “Phân công”.",
        f"{subject} has {found} regular marks in this semester; {periods} periods a year ask for {required}."
        " Check the mark book, or the periods on “Phân công”.",
        sheet=sheet,
        column=f"{subject} - TX",
        found=str(found),
        expected=str(required),
        article=_ARTICLE,
    )


def missing_component(sheet: str, entry: SubjectColumns, component: Component) -> Finding:
    """Make a finding of TT-16: a pupil lacks a component."""
    how = "0" if entry.subject.scored else "Chưa đạt"
    return Finding(
        "TT-16",
        Severity.ERROR,
        f"Thiếu {component.label} môn {entry.title} nên không tính được kết quả học kỳ. Hãy cho kiểm tra bù và ghi kết"
        f" quả; nếu học sinh không có lí do chính đáng, nhà trường ghi {how}.",
        f"{component.label} of {entry.title} is missing, so the semester cannot be computed. Let the pupil take the test"
        f" and write the result; if there is no good reason, the school writes {how}.",
        sheet=sheet,
        column=f"{entry.title} - {component.label}",
        expected="0,0 … 10,0" if entry.subject.scored else "Đạt / Chưa đạt",
        article=_ARTICLE,
    )


def other_average(book: str, found: str, value: Mark) -> Finding:
    """Make a finding of TT-03: somewhere stands another result than follows from the mark book."""
    how_vi, how_en = "(ΣTX + 2 × GK + 3 × CK) / (số TX + 5), làm tròn một chữ số", "(ΣTX + 2 × GK + 3 × CK) / (TX + 5)"
    if isinstance(value, Attainment):
        how_vi, how_en = "Đạt khi mọi lần đánh giá đều Đạt", "Đạt if all components are Đạt"
    return Finding(
        "TT-03",
        Severity.ERROR,
        f"Kết quả học kỳ ghi {found}, nhưng theo trang “{book}” phải là {shown(value)}: {how_vi}."
        " Hãy sửa ô này, hoặc sửa các điểm thành phần.",
        f"The semester says {found}, but by “{book}” it must be {shown(value)}: {how_en}."
        " Correct this cell, or the components.",
        found=found,
        expected=shown(value),
        article=_ARTICLE,
    )
