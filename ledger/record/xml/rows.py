# SPDX-License-Identifier: Apache-2.0

"""BANG_DIEM, the table of subjects, as far as both circulars share it.

Each DIEM_TONG_KET carries an Id made of its subject's code, so that a subject teacher can sign exactly this row. What stands
between the subject's name and the teacher differs by level; `xml_primary` and `xml_secondary` fill it in.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from ledger.record.errors import Unreadable, Unwritable
from ledger.record.model import Person, PrimarySubject, SecondarySubject
from ledger.record.subjects import BY_CODE
from ledger.record.xml.frame import row_id
from ledger.record.xml.nodes import Fields, Writer
from ledger.record.xml.values import agree, said_from, said_text

TABLE: Final = "BANG_DIEM"
ROW: Final = "DIEM_TONG_KET"

_Subject = TypeVar("_Subject", PrimarySubject, SecondarySubject)


@dataclass(frozen=True, slots=True)
class Row:
    """What a row says at every level."""

    code: str
    name: str
    comment: str | None
    teacher: Person | None
    exempt: bool


def write_table(
    results: Writer, subjects: Iterable[_Subject], write_result: Callable[[Writer, _Subject], None]
) -> None:
    """Add the table; `write_result` adds to each row what the level has. Raises `Unwritable`."""
    table = results.group(TABLE)
    seen: set[str] = set()
    for subject in subjects:
        if subject.code not in BY_CODE or subject.code in seen:
            raise Unwritable(
                f"Mã môn học {subject.code} bị lặp hoặc không có trong hocba profile 0. Hãy sửa danh sách môn.",
                f"The subject code {subject.code} is repeated, or not in hocba profile 0. Correct the subjects.",
            )
        seen.add(subject.code)
        row = table.group(ROW, Id=row_id(subject.code))
        row.required("MA_MON_HOC", subject.code)
        row.required("TEN_MON_HOC", subject.name)
        write_result(row, subject)
        row.optional("DUOC_MIEN", said_text(subject.exempt))
        row.optional("NHAN_XET", subject.comment)
        row.optional("TEN_GIAO_VIEN", subject.teacher.name if subject.teacher else None)
        row.optional("SO_CCCD_GIAO_VIEN", subject.teacher.personal_id if subject.teacher else None)


def read_table(results: Fields, read_result: Callable[[Fields, Row], _Subject]) -> tuple[_Subject, ...]:
    """Take the table; `read_result` takes what the level has from each row. Raises `Unreadable`."""
    table = results.group(TABLE)
    subjects = []
    for identifier, fields in table.rows(ROW):
        code = fields.required("MA_MON_HOC")
        if code not in BY_CODE:
            raise Unreadable(
                f"Mã môn học “{code[:40]}” không có trong hocba profile 0.",
                f"The subject code “{code[:40]}” is not in hocba profile 0.",
            )
        agree("Id", identifier, row_id(code))
        teacher, teacher_id = fields.optional("TEN_GIAO_VIEN"), fields.optional("SO_CCCD_GIAO_VIEN")
        if teacher is None:
            agree("SO_CCCD_GIAO_VIEN", teacher_id, None)
        row = Row(
            code=code,
            name=fields.required("TEN_MON_HOC"),
            comment=fields.optional("NHAN_XET"),
            teacher=Person(teacher, teacher_id) if teacher else None,
            exempt=said_from(fields.optional("DUOC_MIEN")),
        )
        subjects.append(read_result(fields, row))
        fields.done()
    table.done()
    return tuple(subjects)
