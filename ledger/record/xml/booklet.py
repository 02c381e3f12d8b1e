# SPDX-License-Identifier: Apache-2.0

"""The XML of a booklet, both ways: the same frame as a unit's, so that it is signed, digested and attached in the same way.

The ministry has no format for it. Where it says what a unit says it uses the ministry's words and order; the list of units is
profile `hocba-booklet/0` of ours, written down in docs/formats-record.md::

    HOC_BA
      DU_LIEU_HOC_BA Id="data"
        THONG_TIN_CHUNG             school and pupil as of the newest year, without absences and results
        QUA_TRINH_HOC_TAP           the schooling history of all years
        DANH_SACH_DON_VI            a DON_VI for each yearly unit, oldest first
      DANH_SACH_THONG_TIN_KY
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ledger.record.booklet import Booklet, BookletLine
from ledger.record.errors import Unreadable
from ledger.record.subjects import Level
from ledger.record.xml import frame as xml_frame
from ledger.record.xml import primary, secondary
from ledger.record.xml.general import (
    read_class,
    read_history,
    read_pupil,
    read_school,
    write_general,
    write_history,
)
from ledger.record.xml.nodes import Fields
from ledger.record.xml.values import (
    agree,
    flag_from,
    flag_text,
    grade_from,
    grade_text,
    misread,
    moment_from,
    uuid_from,
)

PROFILE: Final = "hocba-booklet/0"
"""What `PHIEN_BAN` says. Every profile ever released stays readable."""


COMPLETED: Final = {Level.TH: primary.COMPLETED_LEVEL, **secondary.COMPLETED_LEVEL}
"""What says that a level was completed, in the ministry's words; here it stands at the end of THONG_TIN_CHUNG."""


@dataclass(frozen=True, slots=True)
class ReadBooklet:
    """A booklet's document, read."""

    booklet_id: UUID
    booklet: Booklet
    created_at: datetime
    planned_issue_date: datetime
    replaces: UUID | None


def write(
    booklet: Booklet,
    *,
    booklet_id: UUID,
    created_at: datetime,
    planned_issue_date: datetime,
    replaces: UUID | None = None,
) -> bytes:
    """Return the whole document in UTF-8, its signer slots empty; see `ledger.record.xml.write`."""
    root, data = xml_frame.begun()
    general = data.group("THONG_TIN_CHUNG")
    xml_frame.write_ids(general, PROFILE, booklet.class_info.circular, booklet_id, replaces)
    write_general(
        general,
        booklet.school,
        booklet.class_info,
        booklet.pupil,
        year=None,
        created_at=created_at,
        planned_issue_date=planned_issue_date,
    )
    general.optional(COMPLETED[booklet.class_info.level], flag_text(booklet.completed))
    write_history(data.group("QUA_TRINH_HOC_TAP"), booklet.history)
    units = data.group("DANH_SACH_DON_VI")
    for line in booklet.units:
        unit = units.group("DON_VI")
        unit.required("TEN_NAM_HOC", line.school_year)
        unit.required("MA_KHOI", grade_text(line.grade))
        unit.required("TEN_LOP", line.class_name)
        unit.required("MA_TRUONG", line.school_code)
        unit.required("TEN_TRUONG", line.school_name)
        unit.required("MA_TRA_CUU_UUID", str(line.unit_id))
        unit.required("SHA256_BAN_KE", line.manifest_sha256)
    return xml_frame.finished(root)


def read(data: bytes) -> ReadBooklet:
    """Read a whole document, or the bare data element that a PDF carries. Raises as `ledger.record.xml.read` does."""
    fields = xml_frame.opened(data)
    general, history, units = (
        fields.group(tag) for tag in ("THONG_TIN_CHUNG", "QUA_TRINH_HOC_TAP", "DANH_SACH_DON_VI")
    )
    fields.done()
    booklet_id, replaces = xml_frame.read_ids(general, PROFILE)
    created_at = moment_from(general.required("NGAY_TAO_HOC_BA"))
    planned = moment_from(general.required("NGAY_KY_PHAT_HANH_HOC_BA"))
    school, info, pupil = read_school(general), read_class(general), read_pupil(general)
    completed = flag_from(general.optional(COMPLETED[info.level]))
    if not info.is_final:
        agree(COMPLETED[info.level], flag_text(completed), None)
    general.done()
    booklet = Booklet(school, info, pupil, tuple(read_history(history)), _read_units(units, booklet_id), completed)
    newest = booklet.units[-1]
    agree("TEN_NAM_HOC", info.school_year, newest.school_year)
    agree("MA_TRUONG", school.code, newest.school_code)
    return ReadBooklet(booklet_id, booklet, created_at, planned, replaces)


def _read_units(units: Fields, booklet_id: UUID) -> tuple[BookletLine, ...]:
    lines = []
    for unit in units.groups("DON_VI"):
        line = BookletLine(
            school_year=unit.required("TEN_NAM_HOC"),
            grade=grade_from(unit.required("MA_KHOI")),
            class_name=unit.required("TEN_LOP"),
            school_code=unit.required("MA_TRUONG"),
            school_name=unit.required("TEN_TRUONG"),
            unit_id=uuid_from(unit.required("MA_TRA_CUU_UUID")),
            manifest_sha256=unit.required("SHA256_BAN_KE"),
        )
        unit.done()
        if not re.fullmatch(r"[0-9a-f]{64}", line.manifest_sha256):
            raise misread(line.manifest_sha256)
        lines.append(line)
    units.done()
    years = [line.school_year for line in lines]
    ids = {line.unit_id for line in lines}
    if not lines or years != sorted(set(years)) or len(ids) != len(lines) or booklet_id in ids:
        raise Unreadable(
            "Sổ học bạ phải ghi mỗi năm học một học bạ, theo thứ tự năm học, mỗi mã tra cứu một lần.",
            "A booklet lists one record for each school year, oldest first, and each id once.",
        )
    return tuple(lines)
