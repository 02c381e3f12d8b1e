# SPDX-License-Identifier: Apache-2.0

"""Holding a class, or one record, against the circular: does what the school wrote follow from what the school wrote.

Every result in a học bạ is computed by somebody, and every one is computed here again. In this order:

1. School, class and year (ID-08 to ID-10); which circular holds for the grade in that year, and whether the subjects
   are those of the grade (TH-09, TT-14). What is wrong for every pupil of a class is said once.
2. For each pupil: who it is (`ledger.record.rules.identity`), and duplicates within the class.
3. Primary (`ledger.record.rules.primary_check`): TH-01 to TH-04, levels, traits and tests are there and possible; TH-05, the
   overall result; TH-06, the award; TH-07 and TH-08, promotion and completion; TH-10 to TH-12, what else must be said.
4. Secondary (`ledger.record.rules.secondary_check`): TT-01, TT-15, TT-16, each mark is there and is one of its subject; TT-04
   and TT-05, the year's mark; TT-06 and TT-07, study, by the table or its one adjustment; TT-08, conduct; TT-13, nothing
   is missing that is not excused; then (`ledger.record.rules.secondary_outcome`) TT-12, re-assessment; TT-09 and TT-10,
   promotion; TT-11, the award.

Not here, because a record alone cannot tell: whether a unit's number or a pupil's year is taken already (ID-01 and ID-12
across the ledger are the store's), components of a mark (TT-02 and TT-03 are the gradebook reader's), and whatever is
about signing (SG).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ledger.record.errors import UnknownRulebook
from ledger.record.findings import Finding, Severity, has_errors
from ledger.record.model import ClassInfo, ClassSheet, Place, PrimaryYear, Record, SecondaryYear
from ledger.record.rules.identity import class_findings, duplicate_findings, pupil_findings
from ledger.record.rules.primary_check import PrimaryCheck
from ledger.record.rules.rulebook import RULEBOOKS, PrimaryRulebook, Rulebook, SecondaryRulebook, rulebook_for
from ledger.record.rules.secondary_check import SecondaryCheck
from ledger.record.rules.subject_set import subject_set_findings
from ledger.record.rules.unrounded_year import softened
from ledger.record.scales import Origin
from ledger.record.sheets.class_info import CIRCULAR
from ledger.record.sheets.class_sheet import SheetReading, read_class
from ledger.record.sheets.tables import INFO, TERM_2, YEAR
from ledger.record.subjects import Level


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What a deployment may decide about the rules."""

    allow_synthetic_province: bool = False
    """Personal numbers that begin with 099 draw no warning. Only for sample data: they belong to nobody."""
    rulebooks: Sequence[Rulebook] = RULEBOOKS
    """The circulars to judge by."""
    semester_2_begins: tuple[int, int] = (1, 18)
    """Month and day, in the second calendar year of a school year, by which semester I has ended (QĐ 2308/QĐ-BGDĐT: before
    18/01). Who arrives from then on may lack the results of semester I."""


DEFAULT = CheckOptions()


def check(class_sheet: ClassSheet, *, options: CheckOptions = DEFAULT) -> list[Finding]:
    """Return everything the rules have to say about a class, pupil by pupil in the order of its list."""
    pairs = list(zip(class_sheet.records, class_sheet.places, strict=True))
    shared = [_shared(record, options) for record, _ in pairs]
    if not pairs:
        findings = list(class_findings(class_sheet.school, class_sheet.class_info))
    else:
        findings = [finding for finding in shared[0] if all(finding in of_one for of_one in shared)]
    findings += duplicate_findings(class_sheet)
    whole_class = set(findings)
    for (record, place), of_one in zip(pairs, shared, strict=True):
        findings += [_about(record, place, finding) for finding in of_one if finding not in whole_class]
        findings += _own(record, place, options, year_computed=class_sheet.year_computed)
    return findings


def check_record(record: Record, place: Place | None = None, *, options: CheckOptions = DEFAULT) -> list[Finding]:
    """Return everything the rules have to say about one record that stands by itself."""
    place = place or Place()
    shared = [_about(record, place, finding) for finding in _shared(record, options)]
    return [*shared, *_own(record, place, options, year_computed=False)]


def check_workbook(data: bytes, *, file: str, options: CheckOptions = DEFAULT) -> SheetReading:
    """Read a workbook and check it; all findings together, and a class only if none of them is an error."""
    reading = read_class(data, file=file, rulebooks=options.rulebooks)
    if reading.draft is None:
        return reading
    subjects: dict[tuple[str | None, str | None], str] = {
        (record.pupil.code, result.name): result.code
        for record in reading.draft.records
        for result in record.year.subjects
    }
    judged: Iterable[Finding] = check(reading.draft, options=options)
    rules = _rules_for(reading.draft.class_info, options)
    if isinstance(rules, SecondaryRulebook):
        judged = softened(judged, reading.computed, subjects, rules)
    findings = (*reading.findings, *judged)
    return replace(reading, class_sheet=None if has_errors(findings) else reading.draft, findings=findings)


def _shared(record: Record, options: CheckOptions) -> list[Finding]:
    """Return what may be wrong for a whole class at once: school, class, year, circular, set of subjects."""
    info = record.class_info
    findings = list(class_findings(record.school, info))
    findings += _rules_in_force(record, options)
    if isinstance(record.year, PrimaryYear) is not (info.level is Level.TH):
        findings.append(_other_form(info))
    elif _rules_for(info, options) is not None:
        # A grade that the circular had not reached took the subjects of an older curriculum.
        findings += subject_set_findings(record.year, info)
    return list(dict.fromkeys(findings))


def _own(record: Record, place: Place, options: CheckOptions, *, year_computed: bool) -> Iterator[Finding]:
    """Yield what is wrong with one pupil."""
    yield from pupil_findings(record, place, allow_synthetic_province=options.allow_synthetic_province)
    rules = _rules_for(record.class_info, options)
    if isinstance(rules, SecondaryRulebook) and isinstance(record.year, SecondaryYear):
        late = _late_arrival(record, options)
        sheet = TERM_2 if year_computed else YEAR
        yield from SecondaryCheck(record, record.year, place, rules, year_sheet=sheet, late=late).findings()
    elif isinstance(rules, PrimaryRulebook) and isinstance(record.year, PrimaryYear):
        yield from PrimaryCheck(record, record.year, place, rules).findings()


def _rules_for(info: ClassInfo, options: CheckOptions) -> Rulebook | None:
    """Return the rules that the results of a class are judged by; `None` where there are none or they came later."""
    if info.first_year is None or info.grade not in info.level.grades:
        return None
    try:
        rules = rulebook_for(info.level, info.first_year, options.rulebooks, grade=info.grade)
    except UnknownRulebook:
        return None
    return rules if rules.reaches(info.grade, info.first_year) else None


def _rules_in_force(record: Record, options: CheckOptions) -> Iterator[Finding]:
    """Say where no rules are known, or those that are had not reached the grade yet: results were not checked then.

    A paper học bạ of an old year may well be older than every circular we know. In which year a circular reached which
    grade is from memory, so that alone never blocks.
    """
    info = record.class_info
    if info.first_year is None:
        return
    try:
        rules = rulebook_for(info.level, info.first_year, options.rulebooks, grade=info.grade)
    except UnknownRulebook as unknown:
        if record.origin is Origin.DIGITAL:
            yield _year_finding(Severity.ERROR, info, unknown.vi, unknown.en)
        else:
            yield _year_finding(
                Severity.WARNING,
                info,
                f"Chưa có bộ quy tắc cho năm học {info.school_year}, nên kết quả số hóa từ học bạ giấy chưa được kiểm tra. Hãy"
                " đối chiếu kỹ với bản giấy.",
                f"No rules are known for {info.school_year}, so the results copied from paper were not checked."
                " Compare them with the paper carefully.",
            )
        return
    number = rules.circular.partition("/TT")[0]
    if number not in info.circular and record.origin is Origin.DIGITAL:
        yield Finding(
            "SH-05",
            Severity.ERROR,
            f"“{info.circular}” không phải là thông tư đánh giá của cấp {info.level.value}, năm học {info.school_year}. Hãy ghi"
            f" {rules.circular}.",
            f"“{info.circular}” is not the circular by which level {info.level.value} is assessed in {info.school_year}. Write"
            f" {rules.circular}.",
            sheet=INFO,
            column=CIRCULAR.name,
            found=info.circular,
            expected=rules.circular,
        )
    if info.grade in info.level.grades and not rules.reaches(info.grade, info.first_year):
        yield _year_finding(
            Severity.WARNING,
            info,
            f"Năm học {info.school_year}, khối {info.grade} có thể chưa theo Thông tư {rules.circular}, nên kết quả chưa được"
            " kiểm tra. Hãy kiểm tra lại năm học và khối, và tự đối chiếu kết quả.",
            f"In {info.school_year}, grade {info.grade} was probably not under Circular {rules.circular} yet, so results"
            " were not checked. Check year and grade, and compare the results yourselves.",
        )


def _late_arrival(record: Record, options: CheckOptions) -> date | None:
    """Return the day on which the pupil came, if semester I was over by then."""
    arrived, first_year = record.arrived, record.class_info.first_year
    if arrived is None or first_year is None:
        return None
    return arrived if arrived >= date(first_year + 1, *options.semester_2_begins) else None


def _about(record: Record, place: Place, finding: Finding) -> Finding:
    row = place.rows.get(finding.sheet) if finding.sheet else None
    return replace(finding, pupil=record.pupil.code, stt=place.stt, row=row)


def _year_finding(severity: Severity, info: ClassInfo, *words: str) -> Finding:
    message_vi, message_en = words
    return Finding("ID-10", severity, message_vi, message_en, sheet=INFO, column="Năm học", found=info.school_year)


def _other_form(info: ClassInfo) -> Finding:
    primary = info.level is Level.TH
    circular = "27/2020/TT-BGDĐT" if primary else "22/2021/TT-BGDĐT"
    return Finding(
        "ID-09",
        Severity.ERROR,
        f"Kết quả ghi theo mẫu của cấp học khác với cấp {info.level.value}. Hãy sửa cấp học, hoặc nhập lại theo mẫu của Thông tư"
        f" {circular}.",
        f"The results have the form of another level than {info.level.value}. Correct the level, or enter them again in the"
        f" form of Circular {circular}.",
        sheet=INFO,
        column="Cấp học",
        found=info.level.value,
        expected=circular,
    )
