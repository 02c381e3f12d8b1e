# SPDX-License-Identifier: Apache-2.0

"""A year's mark that was computed from the semesters *before* they were rounded: TT-04 warns of it, and does not block.

That the year builds on semester averages as rounded is from memory, so a school that computed otherwise, and correctly, is
told and not refused. It can only be told apart from a plain mistake where the mark book was handed in: a học bạ has no
component scores.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ledger.record.findings import Finding, Severity
from ledger.record.rules.pupil_cells import shown
from ledger.record.rules.rulebook import SecondaryRulebook
from ledger.record.rules.tt22 import rounded, year_average
from ledger.record.sheets.gradebook import ComputedMark
from ledger.record.sheets.tables import TERM_1, TERM_2


def softened(
    findings: Iterable[Finding],
    computed: Iterable[ComputedMark],
    subjects: Mapping[tuple[str | None, str | None], str],
    rules: SecondaryRulebook,
) -> Iterator[Finding]:
    """Yield `findings`, with a warning in place of each TT-04 that only the rounding of semesters explains.

    `subjects` gives the code of a subject by the pupil's code and the column's name.
    """
    terms = {(mark.pupil, mark.subject, mark.term): mark.unrounded for mark in computed}
    for finding in findings:
        code = subjects.get((finding.pupil, finding.column), "")
        hk1, hk2 = (terms.get((finding.pupil, code, term)) for term in (TERM_1, TERM_2))
        if finding.rule != "TT-04" or hk1 is None or hk2 is None:
            yield finding
        elif shown(rounded(year_average(hk1, hk2, rules))) == finding.found:
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
