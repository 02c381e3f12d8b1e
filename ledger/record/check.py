# SPDX-License-Identifier: Apache-2.0

"""Holding a class against the circular: does what the school wrote follow from what the school wrote.

Every result in a học bạ is computed by somebody, and every one is computed here again. For each pupil:

1. Identity (`ledger.record.identity`), and duplicates within the class.
2. TT-01, TT-16: each mark is there and is a mark; TT-14: the subjects are those of the level.
3. TT-04, TT-05: the year's mark follows from the semesters'.
4. TT-06, TT-07: the results of study follow from the marks, by the table or by its one adjustment.
5. TT-08: the year's conduct follows from the semesters'.
6. TT-09, TT-10: promotion follows from conduct, study and absences.
7. TT-11: the award follows from conduct, study and marks. TT-13: nothing is missing that is not excused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.record.errors import UnknownRulebook
from ledger.record.findings import Finding, Severity, has_errors
from ledger.record.identity import class_findings, duplicate_findings, pupil_findings
from ledger.record.model import ClassSheet, Place, Record, SecondaryYear
from ledger.record.pupil_check import PupilCheck
from ledger.record.rulebook import RULEBOOKS, Rulebook, SecondaryRulebook, rulebook_for
from ledger.record.sheet import SheetReading, read_class
from ledger.record.subjects import BY_CODE, taught_in
from ledger.record.tables import INFO, TEACHERS, TERM_2, YEAR


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What a deployment may decide about the rules."""

    allow_synthetic_province: bool = False
    """Personal numbers that begin with 099 draw no warning. Only for sample data: they belong to nobody."""
    rulebooks: Sequence[Rulebook] = RULEBOOKS
    """The circulars to judge by."""


DEFAULT = CheckOptions()


def check(class_sheet: ClassSheet, *, options: CheckOptions = DEFAULT) -> list[Finding]:
    """Return everything the rules have to say about a class, pupil by pupil in the order of its list."""
    info = class_sheet.class_info
    findings = list(class_findings(class_sheet.school, info))
    try:
        rules = rulebook_for(info.level, info.first_year or 0, options.rulebooks)
    except UnknownRulebook as unknown:
        rules = None
        findings.append(_no_rules(unknown, info.school_year))
    findings += _subject_set(class_sheet)
    findings += duplicate_findings(class_sheet)
    for record, place in zip(class_sheet.records, class_sheet.places, strict=True):
        findings += check_record(record, place, rules=rules, options=options, year_computed=class_sheet.year_computed)
    return findings


def check_record(
    record: Record,
    place: Place | None = None,
    *,
    rules: Rulebook | None,
    options: CheckOptions = DEFAULT,
    year_computed: bool = False,
) -> list[Finding]:
    """Return what the rules say about one pupil; without `rules`, only about identity."""
    place = place or Place()
    findings = list(pupil_findings(record, place, allow_synthetic_province=options.allow_synthetic_province))
    if isinstance(rules, SecondaryRulebook) and isinstance(record.year, SecondaryYear):
        findings += PupilCheck(
            record, record.year, place, rules, year_sheet=TERM_2 if year_computed else YEAR
        ).findings()
    return findings


def check_workbook(data: bytes, *, file: str, options: CheckOptions = DEFAULT) -> SheetReading:
    """Read a workbook and check it; all findings together, and a class only if none of them is an error."""
    reading = read_class(data, file=file)
    if reading.draft is None:
        return reading
    findings = (*reading.findings, *check(reading.draft, options=options))
    return SheetReading(None if has_errors(findings) else reading.draft, reading.draft, findings)


def _no_rules(unknown: UnknownRulebook, school_year: str) -> Finding:
    return Finding(
        "ID-10",
        Severity.ERROR,
        unknown.vi,
        unknown.en,
        sheet=INFO,
        column="Năm học",
        found=school_year,
    )


def _subject_set(class_sheet: ClassSheet) -> Iterator[Finding]:
    """TT-14: a subject that the curriculum does not have at this level. Missing ones are columns that are missing."""
    level, grade = class_sheet.class_info.level, class_sheet.class_info.grade
    for result in class_sheet.records[0].year.subjects if class_sheet.records else ():
        if result.code not in BY_CODE or not taught_in(BY_CODE[result.code], grade):
            yield Finding(
                "TT-14",
                Severity.WARNING,
                f"Môn “{result.name}” không có trong chương trình cấp {level.value}. Hãy kiểm tra lại danh sách môn.",
                f"“{result.name}” is not in the curriculum of level {level.value}. Check the list of subjects.",
                sheet=TEACHERS,
                column=result.name,
                found=result.name,
                article="CTGDPT 2018 (Thông tư 32/2018/TT-BGDĐT)",
            )
