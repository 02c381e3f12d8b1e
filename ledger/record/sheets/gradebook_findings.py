# SPDX-License-Identifier: Apache-2.0

"""What a mark book is told: TT-02, TT-03 and TT-16 in words.

Article 6 of Circular 22/2021 sets how many regular marks there are, Article 9 how they are weighed; both are given from
transcriptions that agree, not from a text at hand.
"""

from decimal import Decimal

from ledger.record.findings import Finding, Severity
from ledger.record.rules.rulebook import SecondaryRulebook
from ledger.record.scales import Attainment, Mark
from ledger.record.sheets.gradebook_columns import Component, SubjectColumns


def shown(value: Mark) -> str:
    """Return a result as the forms print it."""
    return str(value).replace(".", ",") if isinstance(value, Decimal) else value.value


def too_many(rules: SecondaryRulebook, sheet: str, subject: str, kind: str, count: int) -> Finding:
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
        article=_article(rules),
    )


def regular_count(
    rules: SecondaryRulebook, sheet: str, subject: str, found: int, required: int, *, periods: int, certain: bool
) -> Finding:
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
        article=_article(rules),
    )


def missing_component(rules: SecondaryRulebook, sheet: str, entry: SubjectColumns, component: Component) -> Finding:
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
        article=_article(rules),
    )


def other_average(rules: SecondaryRulebook, book: str, found: str, value: Mark) -> Finding:
    """Make a finding of TT-03: somewhere stands another result than follows from the mark book."""
    midterm, final = rules.midterm_weight, rules.final_weight
    total = f"(ΣTX + {midterm} × GK + {final} × CK)"
    how_vi = f"{total} / (số TX + {midterm + final}), làm tròn một chữ số"
    how_en = f"{total} / (number of TX + {midterm + final}), rounded to one decimal"
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
        article=_article(rules),
    )


def _article(rules: SecondaryRulebook) -> str:
    return f"Thông tư {rules.circular}, Điều 6, Điều 9"
