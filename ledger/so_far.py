# SPDX-License-Identifier: Apache-2.0

"""What a year has come to so far: one pupil's row of a class sheet that is not finished, and that nobody could import yet.

A pupil who leaves in January has the marks of semester I at most. To the rules of a whole year that is an error, so no record can
be begun; the old school confirms what there is all the same (QĐ 1789/QĐ-SGDĐT, Điều 22.2). What is not there yet is left out. An
error is whatever could make a confirmation say something wrong:

1. The sheet cannot be read, or says two things; or it is another school's, of another year or level, or has no such pupil.
2. A cell of this pupil cannot be read, or contradicts another.
3. Who the pupil is does not stand fast: the ID rules, as for an import.

What other pupils lack or have wrong is nobody's business here, and no rule of the year is asked.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final
from uuid import UUID

from ledger.errors import CannotTransfer
from ledger.record.findings import Finding, Severity
from ledger.record.model import ClassSheet, Place, Record
from ledger.record.rules.identity import class_findings, duplicate_findings, pupil_findings
from ledger.record.sheets.class_sheet import SheetReading, read_class
from ledger.record.sheets.tables import CODE, INFO

_MISSING: Final = frozenset({"SH-03", "SH-10", "TT-16"})
"""A sheet, a teacher or a part of an average that is not there."""
_COLUMN: Final = "SH-04"


@dataclass(frozen=True)
class SoFar:
    """What was drawn of a pupil whose year is not begun in the ledger."""

    id: UUID
    """What the confirmation calls the record; no unit ever has it."""
    school_code: str
    source_sha256: str
    """The stored record so far, `ledger.record.xml` with `so_far`."""
    until: dt.datetime


@dataclass(frozen=True)
class Asked:
    """Whose row is wanted."""

    pupil_code: str
    school_code: str
    school_year: str
    level: str


def record_so_far(sheet: bytes, asked: Asked, *, file: str) -> Record:
    """What `sheet` says of one pupil. Raises `CannotTransfer` with everything that is wrong, as the module says.

    `file` is what messages call it.
    """
    reading = read_class(sheet, file=file)
    draft = reading.draft
    if draft is None:
        raise _refused(_told(one) for one in reading.findings if one.severity is Severity.ERROR)
    if wrong := list(_of_another(draft, asked)):
        raise _refused(wrong)
    rows = [pair for pair in zip(draft.records, draft.places, strict=True) if pair[0].pupil.code == asked.pupil_code]
    if not rows:
        raise _refused([_no_such_pupil(asked, file)])
    record, place = rows[0]
    if errors := list(_errors(reading, draft, record, place)):
        raise _refused(map(_told, errors))
    return record


def _errors(reading: SheetReading, draft: ClassSheet, record: Record, place: Place) -> Iterator[Finding]:
    # Warnings about personal numbers are not asked for, so it does not matter which of them sample data would draw.
    of_rules = chain(
        class_findings(record.school, record.class_info),
        pupil_findings(record, place, allow_synthetic_province=True),
        duplicate_findings(draft),
    )
    # A column may be missing because its heading is misspelt, and then marks that are there would be left out.
    misread = {one.sheet for one in reading.findings if one.rule == _COLUMN and one.found is not None}
    for finding in chain(reading.findings, of_rules):
        of_class = finding.pupil is None and (finding.row is None or finding.sheet == INFO)
        if (
            finding.severity is Severity.ERROR
            and not _not_there_yet(finding, misread)
            and (of_class or _about(finding, record))
        ):
            yield finding


def _about(finding: Finding, record: Record) -> bool:
    # Of two rows with one number the later is reported, and nobody knows which of them is right.
    shared = finding.rule == "ID-12" and finding.found in (record.pupil.code, record.pupil.personal_id)
    return shared or finding.pupil == record.pupil.code


def _not_there_yet(finding: Finding, misread: set[str | None]) -> bool:
    if finding.rule == _COLUMN:
        return finding.found is None and finding.column != CODE.name and finding.sheet not in misread
    return finding.rule in _MISSING and finding.found is None


def _of_another(draft: ClassSheet, asked: Asked) -> Iterator[tuple[str, str]]:
    info = draft.class_info
    for vi, en, said, wanted in (
        ("trường", "school", draft.school.code, asked.school_code),
        ("năm học", "school year", info.school_year, asked.school_year),
        ("cấp", "level", info.level.value, asked.level),
    ):
        if said != wanted:
            yield f"bảng lớp là của {vi} {said}, không phải {wanted}", f"the sheet is of {en} {said}, not {wanted}"


def _no_such_pupil(asked: Asked, file: str) -> tuple[str, str]:
    return (
        f"tệp {file} không có học sinh mã {asked.pupil_code}. Hãy kiểm tra mã định danh và lớp",
        f"{file} has no pupil {asked.pupil_code}. Check the personal number and the class",
    )


def _told(finding: Finding) -> tuple[str, str]:
    place = ", ".join(str(part) for part in (finding.sheet, finding.column) if part)
    vi, en = (message.rstrip(".") for message in (finding.message_vi, finding.message_en))
    return (f"{vi} ({place})", f"{en} ({place})") if place else (vi, en)


def _refused(wrong: Iterable[tuple[str, str]]) -> CannotTransfer:
    told = list(wrong)
    return CannotTransfer(
        f"Chưa lập được bản xác nhận từ bảng lớp: {'; '.join(vi for vi, _ in told)}. Chưa ghi gì cả.",
        f"No confirmation could be drawn from the sheet: {'; '.join(en for _, en in told)}. Nothing was stored.",
    )
