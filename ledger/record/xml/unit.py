# SPDX-License-Identifier: Apache-2.0

"""The ministry's XML, both ways: `write` a unit's document, `read` one back, and cut out what signatures cover.

The shape is that of CV 2088/BGDĐT-GDTH, its field table to the letter where it says something, misspelt tags included
(`THONG_SO_BUOI_NGHI_KHONG_PHEP`); the secondary level, for which no annex is published, follows Annex IV of HCMC's
QĐ 1789. What both leave open is *hocba profile 0*, written down in docs/formats-record.md and in hocba-0.xsd::

    HOC_BA
      DU_LIEU_HOC_BA Id="data"      all that is said; its exclusive C14N is what the record digest is of
        THONG_TIN_CHUNG             school, pupil, signers, dates
        QUA_TRINH_HOC_TAP           the schooling history
        TONG_KET                    results, and the marks table: DIEM_TONG_KET Id="diem-TOAN" per subject
      DANH_SACH_THONG_TIN_KY        filled by signers, outside the data they cover
        DANH_SACH_GVBM              if asked for: a GVBM Id="GVBM-TOAN" per subject, whose teacher signs that row
        GVCN, CBQL, KY_PHAT_HANH

Nothing here judges marks, and nothing here verifies a signature.

Example::

    document = write(record, unit_id=uuid4(), created_at=now, planned_issue_date=later)
    assert read(document).record == record
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from lxml import etree

from ledger.record.errors import Unreadable, Unwritable
from ledger.record.model import PrimaryYear, Record, SecondaryYear
from ledger.record.scales import Origin
from ledger.record.subjects import Level
from ledger.record.xml import frame as xml_frame
from ledger.record.xml import parsing
from ledger.record.xml import primary as xml_primary
from ledger.record.xml import secondary as xml_secondary
from ledger.record.xml.fields import is_foreign, lack, lacking
from ledger.record.xml.general import read_class, read_history, read_pupil, read_school, write_general, write_history
from ledger.record.xml.nodes import Fields
from ledger.record.xml.values import (
    agree,
    maybe_count_from,
    moment_from,
)

PROFILE: Final = "hocba/0"
"""What `PHIEN_BAN` says. Every profile ever released stays readable."""
SO_FAR: Final = "hocba/0-so-far"
"""What it says where the year is not over: the same, but for what is not there yet. Only confirmations in mid-year carry it, and
nobody who reads records takes it for one."""


@dataclass(frozen=True, slots=True)
class ReadUnit:
    """A unit's document, read."""

    unit_id: UUID
    record: Record
    created_at: datetime
    planned_issue_date: datetime
    replaces: UUID | None
    """The recalled unit whose place this one takes; its id is never used again."""
    profile: str


def write(
    record: Record,
    *,
    unit_id: UUID,
    created_at: datetime,
    planned_issue_date: datetime,
    replaces: UUID | None = None,
    subject_slots: bool = False,
    so_far: bool = False,
) -> bytes:
    """Return the whole document in UTF-8, its signer slots empty; `subject_slots` lays out one for each subject's teacher.

    With `so_far` it is the document of a year that is not over, in the profile `SO_FAR`.

    Both times must carry a zone; they are written in whole seconds. The same arguments give the same bytes. Raises
    `Unwritable` when the record lacks what the format demands.
    """
    for tag in lacking(record, so_far=so_far):
        raise Unwritable(*lack(tag))
    _refuse_contradictions(record)
    root, data = xml_frame.begun(so_far=so_far)
    general = data.group("THONG_TIN_CHUNG")
    xml_frame.write_ids(general, SO_FAR if so_far else PROFILE, record.class_info.circular, unit_id, replaces)
    general.optional("NGUON_GOC", None if record.origin is Origin.DIGITAL else record.origin.value)
    write_general(
        general,
        record.school,
        record.class_info,
        record.pupil,
        year=record.year,
        created_at=created_at,
        planned_issue_date=planned_issue_date,
    )
    write_history(data.group("QUA_TRINH_HOC_TAP"), record.history)
    results = data.group("TONG_KET")
    match record.year:
        case PrimaryYear():
            xml_primary.write_year(results, record.year, record.class_info)
        case SecondaryYear():
            xml_secondary.write_year(results, record.year, record.class_info)
    subjects = [subject.code for subject in record.year.subjects] if subject_slots else []
    return xml_frame.finished(root, subjects=subjects)


def read(data: bytes, *, so_far: bool = False) -> ReadUnit:
    """Read a whole document, or the bare data element that a PDF carries; with `so_far`, of a year that is not over.

    Raises `Hostile` for what no honest document contains, `Unreadable` for what is not in a profile we know. Signatures
    are neither needed nor looked at.
    """
    fields = xml_frame.opened(data, so_far=so_far)
    general, history, results = (fields.group(tag) for tag in ("THONG_TIN_CHUNG", "QUA_TRINH_HOC_TAP", "TONG_KET"))
    fields.done()
    profile = SO_FAR if so_far else PROFILE
    unit_id, replaces = xml_frame.read_ids(general, profile)
    created_at = moment_from(general.required("NGAY_TAO_HOC_BA"))
    planned = moment_from(general.required("NGAY_KY_PHAT_HANH_HOC_BA"))
    record = _read_record(general, history, results)
    for tag in lacking(record, so_far=so_far):
        raise Unreadable(*lack(tag), remedy=None)
    return ReadUnit(unit_id, record, created_at, planned, replaces, profile)


def data_element(data: bytes) -> bytes:
    """Return the exclusive C14N of `DU_LIEU_HOC_BA`: what signatures cover, what the PDF carries, what is digested.

    Takes a whole document or the bare element; adding signatures changes nothing in it.
    """
    element = parsing.data_of(parsing.parse(data))
    canonical: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return canonical


def _refuse_contradictions(record: Record) -> None:
    """Refuse what could be written, and would be read back as something else."""
    pupil, level = record.pupil, record.class_info.level
    if isinstance(record.year, PrimaryYear) is not (level is Level.TH):
        raise Unwritable(
            f"Kết quả năm học không thuộc cấp {level.value}. Hãy kiểm tra lại cấp học ở trang Thông tin.",
            f"These results are not those of level {level.value}. Check the level on the sheet Thông tin.",
        )
    if pupil.number_pending and (pupil.personal_id or is_foreign(pupil)):
        raise Unwritable(
            "Học sinh được ghi là chưa có số định danh, nhưng đã có số hoặc không mang quốc tịch Việt Nam."
            " Hãy kiểm tra lại trang Học sinh.",
            "The personal number is said to be pending, yet there is one, or the pupil is no citizen of Vietnam."
            " Check the sheet Học sinh.",
        )


def _read_record(general: Fields, history: Fields, results: Fields) -> Record:
    origin = general.optional("NGUON_GOC")
    # What is digital says nothing, so that there is one way to say it.
    agree("NGUON_GOC", origin, Origin.DIGITISED_PAPER.value if origin else None)
    school, info, pupil = read_school(general), read_class(general), read_pupil(general)
    absences = (
        maybe_count_from(general.of_year("TONG_SO_BUOI_NGHI_CO_PHEP")),
        # The official tag is misspelt; the corrected form is accepted from others, and never written.
        maybe_count_from(general.of_year("THONG_SO_BUOI_NGHI_KHONG_PHEP", "TONG_SO_BUOI_NGHI_KHONG_PHEP")),
    )
    year: PrimaryYear | SecondaryYear
    match info.level:
        case Level.TH:
            year = xml_primary.read_year(results, info, general, absences)
        case Level.THCS | Level.THPT:
            year = xml_secondary.read_year(results, info, absences)
    general.done()
    results.done()
    lines = tuple(read_history(history))
    return Record(school, info, pupil, year, lines, Origin.DIGITISED_PAPER if origin else Origin.DIGITAL)
