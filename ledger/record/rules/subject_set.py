# SPDX-License-Identifier: Apache-2.0

"""Which subjects a record speaks of, held against the curriculum of its grade (TH-09, TT-14).

Whether a pupil *takes* a subject is said by the record itself: an extra subject, one that nobody has to take, with
nothing in any of its cells is not taken, because class lists have a column for it once one pupil of the class does.
An elective of upper secondary is not taken by a pupil who has nothing in it and results in four others: classes whose pupils
chose differently share one list. With fewer than four others an empty cell is a gap.
"""

from collections.abc import Iterator
from typing import Final

from ledger.record.findings import Finding, Severity
from ledger.record.model import ClassInfo, PrimarySubject, PrimaryYear, SecondarySubject, SecondaryYear
from ledger.record.sheets.tables import TEACHERS
from ledger.record.subjects import BY_CODE, Level, compulsory_in, taught_in

ELECTIVES: Final = 4
CLUSTERS: Final = 3
"""How many electives, and how many clusters of specialised topics, an upper-secondary pupil takes (Circular 32/2018)."""

_CURRICULUM: Final = "CTGDPT 2018 (Thông tư 32/2018/TT-BGDĐT, Thông tư 13/2022/TT-BGDĐT)"
_COLUMN: Final = "Môn học"
_EXTRAS: Final = frozenset({"NGOAI_NGU_2", "TIENG_DTTS"})


def taken(year: PrimaryYear | SecondaryYear, grade: int) -> frozenset[str]:
    """Return the codes of the subjects that the pupil takes at all."""
    electives = [result for result in year.subjects if _is_elective(result.code, grade)]
    enough = sum(_has_result(result) for result in electives) >= ELECTIVES
    left = {
        result.code for result in electives if enough and not (_has_result(result) or result.exempt or result.comment)
    }
    return frozenset(result.code for result in year.subjects if result.code not in left and _is_taken(result, grade))


def _is_elective(code: str, grade: int) -> bool:
    return grade in Level.THPT.grades and code in BY_CODE and grade in BY_CODE[code].optional and code not in _EXTRAS


def _is_taken(result: PrimarySubject | SecondarySubject, grade: int) -> bool:
    if result.exempt or result.code not in BY_CODE:
        return True
    subject = BY_CODE[result.code]
    extra = subject.code in _EXTRAS or (grade in Level.TH.grades and grade in subject.optional)
    return not extra or _has_result(result)


def _has_result(result: PrimarySubject | SecondarySubject) -> bool:
    if isinstance(result, PrimarySubject):
        return result.level is not None or result.test is not None
    return any(mark is not None for mark in (result.hk1, result.hk2, result.year, result.reassessed))


def subject_set_findings(year: PrimaryYear | SecondaryYear, info: ClassInfo) -> Iterator[Finding]:
    """Yield what is wrong with the set of subjects of one record; nothing here names the pupil."""
    here = taken(year, info.grade)
    results = [result for result in year.subjects if result.code in here]
    codes = [result.code for result in results]
    for result in results:
        if result.code not in BY_CODE or not taught_in(BY_CODE[result.code], info.grade):
            yield _finding(
                info.level,
                result.name,
                None,
                f"Môn “{result.name}” không có trong chương trình khối {info.grade}. Hãy kiểm tra lại danh sách môn.",
                f"“{result.name}” is not in the curriculum of grade {info.grade}. Check the list of subjects.",
            )
    for code in dict.fromkeys(code for code in codes if codes.count(code) > 1):
        name = next(result.name for result in results if result.code == code)
        yield _finding(
            info.level,
            name,
            None,
            f"Môn “{name}” có {codes.count(code)} dòng. Hãy giữ lại một dòng.",
            f"“{name}” stands there {codes.count(code)} times. Keep one of them.",
        )
    # What a pupil with a disability does not take is a matter of the individual plan.
    if year.not_assessed:
        return
    for subject in compulsory_in(info.grade):
        if subject.code not in codes:
            name = subject.name_at(info.level)
            yield _finding(
                info.level,
                None,
                name,
                f"Thiếu môn “{name}”, môn bắt buộc của khối {info.grade}. Hãy bổ sung môn này; nếu được miễn, hãy ghi “Miễn”.",
                f"“{name}”, compulsory in grade {info.grade}, is missing. Add it; write “Miễn” if the pupil is exempt.",
            )
    if info.level is Level.THPT and isinstance(year, SecondaryYear):
        yield from _choice(year, info, here)


def _choice(year: SecondaryYear, info: ClassInfo, here: frozenset[str]) -> Iterator[Finding]:
    chosen = [result.name for result in year.subjects if _is_elective(result.code, info.grade) and result.code in here]
    if len(chosen) != ELECTIVES:
        names = ", ".join(chosen) or "0"
        yield _finding(
            info.level,
            f"{len(chosen)}: {names}",
            str(ELECTIVES),
            f"Học sinh THPT học {ELECTIVES} môn lựa chọn, ở đây có {len(chosen)} ({names}). Hãy kiểm tra lại danh sách môn.",
            f"An upper-secondary pupil takes {ELECTIVES} electives, here there are {len(chosen)} ({names})."
            " Check the list of subjects.",
        )
    clusters = [result.name for result in year.subjects if result.specialised]
    # Exports rarely carry the clusters, so none at all says only that nobody wrote them down.
    if clusters and len(clusters) != CLUSTERS:
        names = ", ".join(clusters)
        yield _finding(
            info.level,
            f"{len(clusters)}: {names}",
            str(CLUSTERS),
            f"Học sinh THPT học {CLUSTERS} cụm chuyên đề, ở đây có {len(clusters)} ({names}). Hãy kiểm tra lại.",
            f"An upper-secondary pupil takes {CLUSTERS} clusters of specialised topics, here there are {len(clusters)}"
            f" ({names}). Check them.",
        )


def _finding(level: Level, found: str | None, expected: str | None, *words: str) -> Finding:
    message_vi, message_en = words
    # At primary the subjects of a grade are fixed; at secondary what is chosen and offered rests on memory in part.
    primary = level is Level.TH
    return Finding(
        "TH-09" if primary else "TT-14",
        Severity.ERROR if primary else Severity.WARNING,
        message_vi,
        message_en,
        sheet=TEACHERS,
        column=_COLUMN,
        found=found,
        expected=expected,
        article=_CURRICULUM,
    )
