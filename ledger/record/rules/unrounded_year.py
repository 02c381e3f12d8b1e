# SPDX-License-Identifier: Apache-2.0

"""A year's mark that was computed from the semesters *before* they were rounded: TT-04 warns of it, and does not block.

That the year builds on semester averages as rounded is from memory, so a school that computed otherwise, and correctly, is
told and not refused. It can only be told apart from a plain mistake where the mark book was handed in: a học bạ has no
component scores.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import floor

from ledger.record.findings import Finding, Severity
from ledger.record.rules.pupil_cells import shown
from ledger.record.rules.rulebook import TT22
from ledger.record.scales import Mark
from ledger.record.sheets.gradebook import ComputedMark
from ledger.record.sheets.gradebook_columns import FINAL, MIDTERM
from ledger.record.sheets.tables import TERM_1, TERM_2

_WEIGHTS: Mapping[str, int] = {MIDTERM: 2, FINAL: 3}
"""How often a component counts, by the beginning of its label; a regular mark counts once (Article 9.1)."""


def softened(
    findings: Iterable[Finding], computed: Iterable[ComputedMark], subjects: Mapping[tuple[str | None, str | None], str]
) -> Iterator[Finding]:
    """Yield `findings`, with a warning in place of each TT-04 that only the rounding of semesters explains.

    `subjects` gives the code of a subject by the pupil's code and the column's name.
    """
    terms = {(mark.pupil, mark.subject, mark.term): mark.components for mark in computed}
    for finding in findings:
        code = subjects.get((finding.pupil, finding.column), "")
        halves = [terms.get((finding.pupil, code, term)) for term in (TERM_1, TERM_2)]
        if finding.rule != "TT-04" or halves[0] is None or halves[1] is None:
            yield finding
        elif shown(_year(_average(halves[0]), _average(halves[1]))) == finding.found:
            yield replace(
                finding,
                severity=Severity.WARNING,
                message_vi=f"Điểm cả năm {finding.found} được tính từ điểm học kỳ chưa làm tròn; tính từ điểm học kỳ đã làm tròn"
                f" thì được {finding.expected}. Hãy kiểm tra lại cách tính của phần mềm.",
                message_en=f"The year's mark {finding.found} follows from semesters before rounding; from the rounded ones it is"
                f" {finding.expected}. Check how your software computes it.",
            )
        else:
            yield finding


def _average(components: Iterable[tuple[str, Mark]]) -> Fraction:
    weighed = [(_WEIGHTS.get(label[:2], 1), Fraction(mark)) for label, mark in components if isinstance(mark, Decimal)]
    return sum((weight * mark for weight, mark in weighed), Fraction(0)) / max(1, sum(weight for weight, _ in weighed))


def _year(hk1: Fraction, hk2: Fraction) -> Decimal:
    """Return the year's mark, rounded once and half up."""
    exact = (hk1 + TT22.second_semester_weight * hk2) / (1 + TT22.second_semester_weight)
    return Decimal(floor(exact * 10 + Fraction(1, 2))).scaleb(-1)
