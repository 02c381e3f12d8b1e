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
      DANH_SACH_THONG_TIN_KY        GVCN, CBQL, KY_PHAT_HANH: filled by signers, outside the data they cover

Nothing here judges marks, and nothing here verifies a signature.

Example::

    document = write(record, unit_id=uuid4(), created_at=now, planned_issue_date=later)
    assert read(document).record == record
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from lxml import etree

from ledger.record import parsing, xml_primary, xml_secondary
from ledger.record.errors import Unreadable, Unwritable
from ledger.record.model import ClassInfo, Person, PrimaryYear, Pupil, Record, School, Schooling, SecondaryYear
from ledger.record.scales import Origin, Sex
from ledger.record.subjects import Level
from ledger.record.xml_fields import is_foreign, lack, lacking
from ledger.record.xml_nodes import Fields, Writer, refuse_namespaces
from ledger.record.xml_values import (
    UUID_VERSION,
    agree,
    count_from,
    count_text,
    day_from,
    day_text,
    grade_from,
    grade_text,
    measure_text,
    moment_from,
    moment_text,
    one_of,
    said_from,
    said_text,
    uuid_from,
    word,
)

PROFILE: Final = "hocba/0"
"""What `PHIEN_BAN` says. Every profile ever released stays readable."""
SIGNER_SLOTS: Final = ("GVCN", "CBQL", "KY_PHAT_HANH")
"""The places for signatures, in the order of signing: homeroom teacher, principal, school seal."""

_MAY_SIGN: Final = frozenset({*SIGNER_SLOTS, "DANH_SACH_GVBM"})


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
    record: Record, *, unit_id: UUID, created_at: datetime, planned_issue_date: datetime, replaces: UUID | None = None
) -> bytes:
    """Return the whole document in UTF-8, its signer slots empty.

    Both times must carry a zone; they are written in whole seconds. The same arguments give the same bytes. Raises
    `Unwritable` when the record lacks what the format demands.
    """
    if unit_id.version != UUID_VERSION or replaces == unit_id:
        raise Unwritable(
            "Mã tra cứu học bạ phải là UUID v4 mới, không dùng lại mã đã thu hồi. Hãy tạo mã mới.",
            "The unit id must be a new UUID v4, never one that was recalled. Make a new one.",
        )
    for tag in lacking(record):
        raise Unwritable(*lack(tag))
    _refuse_contradictions(record)
    root = etree.Element(parsing.ROOT)
    data = Writer(root).group(parsing.DATA, Id=parsing.DATA_ID)
    general = data.group("THONG_TIN_CHUNG")
    general.required("PHIEN_BAN", PROFILE)
    general.required("THONG_TU", record.class_info.circular)
    general.required("MA_TRA_CUU_UUID", str(unit_id))
    general.optional("MA_TRA_CUU_UUID_BI_THAY_THE", str(replaces) if replaces else None)
    general.optional("NGUON_GOC", None if record.origin is Origin.DIGITAL else record.origin.value)
    _write_general(general, record, created_at, planned_issue_date)
    history = data.group("QUA_TRINH_HOC_TAP")
    for line in record.history:
        year = history.group("QUA_TRINH")
        year.required("NAM_HOC", line.school_year)
        year.required("TEN_LOP", line.class_name)
        year.required("TEN_TRUONG", line.school_name)
        year.optional("NGAY_TRANG_THAI_CHUYEN_DEN", day_text(line.arrived))
    results = data.group("TONG_KET")
    match record.year:
        case PrimaryYear():
            xml_primary.write_year(results, record.year, record.class_info)
        case SecondaryYear():
            xml_secondary.write_year(results, record.year, record.class_info)
    slots = Writer(root).group(parsing.SIGNATURES)
    for slot in SIGNER_SLOTS:
        slots.group(slot)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def read(data: bytes) -> ReadUnit:
    """Read a whole document, or the bare data element that a PDF carries.

    Raises `Hostile` for what no honest document contains, `Unreadable` for what is not in a profile we know. Signatures
    are neither needed nor looked at.
    """
    root = parsing.parse(data)
    element = parsing.data_of(root)
    if root.tag == parsing.ROOT:
        _look_at_frame(root)
    refuse_namespaces(element)
    fields = Fields(element)
    if set(element.attrib) != {"Id"}:
        raise Unreadable("DU_LIEU_HOC_BA mang thuộc tính lạ.", "DU_LIEU_HOC_BA carries a foreign attribute.")
    general, history, results = (fields.group(tag) for tag in ("THONG_TIN_CHUNG", "QUA_TRINH_HOC_TAP", "TONG_KET"))
    fields.done()
    profile = general.required("PHIEN_BAN")
    if profile != PROFILE:
        raise Unreadable(
            f"Học bạ dùng phiên bản cấu trúc “{profile}” mà chương trình này chưa biết. Hãy cập nhật chương trình.",
            f"The document is in profile “{profile}”, which this program does not know. Update the program.",
        )
    unit_id = uuid_from(general.required("MA_TRA_CUU_UUID"))
    replaces = general.optional("MA_TRA_CUU_UUID_BI_THAY_THE")
    if replaces is not None and uuid_from(replaces) == unit_id:
        raise Unreadable(
            "Học bạ ghi là thay thế chính nó: một mã tra cứu đã thu hồi không bao giờ được dùng lại.",
            "The document says that it replaces itself; the id of a recalled unit is never used again.",
        )
    created_at = moment_from(general.required("NGAY_TAO_HOC_BA"))
    planned = moment_from(general.required("NGAY_KY_PHAT_HANH_HOC_BA"))
    record = _read_record(general, history, results)
    for tag in lacking(record):
        raise Unreadable(*lack(tag))
    return ReadUnit(unit_id, record, created_at, planned, uuid_from(replaces) if replaces else None, profile)


def data_element(data: bytes) -> bytes:
    """Return the exclusive C14N of `DU_LIEU_HOC_BA`: what signatures cover, what the PDF carries, what is digested.

    Takes a whole document or the bare element; adding signatures changes nothing in it.
    """
    element = parsing.data_of(parsing.parse(data))
    canonical: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return canonical


def _look_at_frame(root: etree._Element) -> None:
    tags = [child.tag for child in root]
    if tags != [parsing.DATA, parsing.SIGNATURES]:
        raise Unreadable(
            "HOC_BA phải gồm đúng DU_LIEU_HOC_BA rồi DANH_SACH_THONG_TIN_KY.",
            "HOC_BA must consist of DU_LIEU_HOC_BA and then DANH_SACH_THONG_TIN_KY.",
        )
    slots = [child.tag for child in root[1]]
    if len(set(slots)) != len(slots) or not set(slots) <= _MAY_SIGN:
        raise Unreadable(
            "DANH_SACH_THONG_TIN_KY có chỗ ký lạ hoặc bị lặp.",
            "DANH_SACH_THONG_TIN_KY has a signer slot that is unknown or repeated.",
        )


def _write_general(general: Writer, record: Record, created_at: datetime, planned_issue_date: datetime) -> None:
    school, info, pupil, year = record.school, record.class_info, record.pupil, record.year
    bodily = year if isinstance(year, PrimaryYear) else None
    general.required("TEN_NAM_HOC", info.school_year)
    general.required("MA_SO_GIAO_DUC", school.authority_code)
    general.required("TEN_SO_GD", school.authority_name)
    general.required("MA_TRUONG", school.code)
    general.required("TEN_TRUONG", school.name)
    general.optional("TEN_QUAN_HUYEN", school.district)
    general.required("TEN_XA_PHUONG", school.ward)
    general.required("TEN_TINH_THANH_PHO", school.province)
    general.required("MA_CAP_HOC", info.level.value)
    general.optional("SO_SO_DANG_BO", pupil.register_number)
    general.required("HO_VA_TEN", pupil.name)
    general.optional("HO_TEN_MOT_TU", said_text(pupil.single_name))
    general.optional("SO_CCCD", pupil.personal_id)
    general.optional("SO_HO_CHIEU", pupil.passport)
    general.required("MA_HOC_SINH", pupil.code)
    general.required("GIOI_TINH", word(pupil.sex))
    general.required("NGAY_SINH", day_text(pupil.birth_date))
    general.optional("CAN_NANG", measure_text(bodily.weight, "Cân nặng") if bodily else None)
    general.optional("CHIEU_CAO", measure_text(bodily.height, "Chiều cao") if bodily else None)
    general.required("TONG_SO_BUOI_NGHI_CO_PHEP", count_text(year.absences_excused))
    general.required("THONG_SO_BUOI_NGHI_KHONG_PHEP", count_text(year.absences_unexcused))
    general.optional("NOI_SINH", pupil.birthplace)
    general.optional("QUE_QUAN", pupil.hometown)
    general.optional("CHO_O_HIEN_NAY", pupil.address)
    general.optional("DAN_TOC", pupil.ethnicity)
    general.required("QUOC_TICH", pupil.nationality)
    general.optional("HO_VA_TEN_CHA", pupil.father)
    general.optional("HO_VA_TEN_ME", pupil.mother)
    general.optional("HO_VA_TEN_NGUOI_GIAM_HO", pupil.guardian)
    general.required("TEN_GIAM_HIEU_KY_HOC_BA", info.principal.name)
    general.optional("SO_CCCD_GIAM_HIEU_KY_HOC_BA", info.principal.personal_id)
    general.required("DIA_DANH_PHAT_HANH_HOC_BA", school.place)
    general.required("NGAY_TAO_HOC_BA", moment_text(created_at))
    general.required("NGAY_KY_PHAT_HANH_HOC_BA", moment_text(planned_issue_date))
    general.required("CHUC_VU_GIAM_HIEU_KY_HOC_BA", info.principal_title)
    general.required("TEN_GIAO_VIEN_CHU_NHIEM", info.homeroom.name)
    general.optional("SO_CCCD_GIAO_VIEN_CHU_NHIEM", info.homeroom.personal_id)
    general.required("MA_KHOI", grade_text(info.grade))
    general.required("TEN_LOP", info.name)
    general.required("NAM_HOC", str(info.first_year) if info.first_year is not None else None)


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
    school, info, pupil = _read_school(general), _read_class(general), _read_pupil(general)
    absences = (
        count_from(general.required("TONG_SO_BUOI_NGHI_CO_PHEP")),
        # The official tag is misspelt; the corrected form is accepted from others, and never written.
        count_from(general.required("THONG_SO_BUOI_NGHI_KHONG_PHEP", "TONG_SO_BUOI_NGHI_KHONG_PHEP")),
    )
    year: PrimaryYear | SecondaryYear
    match info.level:
        case Level.TH:
            year = xml_primary.read_year(results, info, general, absences)
        case Level.THCS | Level.THPT:
            year = xml_secondary.read_year(results, info, absences)
    general.done()
    results.done()
    lines = tuple(_read_history(history))
    return Record(school, info, pupil, year, lines, Origin.DIGITISED_PAPER if origin else Origin.DIGITAL)


def _read_school(general: Fields) -> School:
    return School(
        authority_code=general.required("MA_SO_GIAO_DUC"),
        authority_name=general.required("TEN_SO_GD"),
        code=general.required("MA_TRUONG"),
        name=general.required("TEN_TRUONG"),
        ward=general.required("TEN_XA_PHUONG"),
        province=general.required("TEN_TINH_THANH_PHO"),
        place=general.required("DIA_DANH_PHAT_HANH_HOC_BA"),
        district=general.optional("TEN_QUAN_HUYEN"),
    )


def _read_class(general: Fields) -> ClassInfo:
    info = ClassInfo(
        name=general.required("TEN_LOP"),
        level=one_of(Level, general.required("MA_CAP_HOC")),
        grade=grade_from(general.required("MA_KHOI")),
        school_year=general.required("TEN_NAM_HOC"),
        circular=general.required("THONG_TU"),
        homeroom=Person(general.required("TEN_GIAO_VIEN_CHU_NHIEM"), general.optional("SO_CCCD_GIAO_VIEN_CHU_NHIEM")),
        principal=Person(general.required("TEN_GIAM_HIEU_KY_HOC_BA"), general.optional("SO_CCCD_GIAM_HIEU_KY_HOC_BA")),
        principal_title=general.required("CHUC_VU_GIAM_HIEU_KY_HOC_BA"),
    )
    agree("NAM_HOC", general.required("NAM_HOC"), str(info.first_year))
    return info


def _read_pupil(general: Fields) -> Pupil:
    pupil = Pupil(
        code=general.required("MA_HOC_SINH"),
        name=general.required("HO_VA_TEN"),
        birth_date=day_from(general.required("NGAY_SINH")),
        sex=one_of(Sex, general.required("GIOI_TINH")),
        personal_id=general.optional("SO_CCCD"),
        nationality=general.required("QUOC_TICH"),
        ethnicity=general.optional("DAN_TOC"),
        birthplace=general.optional("NOI_SINH"),
        hometown=general.optional("QUE_QUAN"),
        address=general.optional("CHO_O_HIEN_NAY"),
        father=general.optional("HO_VA_TEN_CHA"),
        mother=general.optional("HO_VA_TEN_ME"),
        guardian=general.optional("HO_VA_TEN_NGUOI_GIAM_HO"),
        register_number=general.optional("SO_SO_DANG_BO"),
        passport=general.optional("SO_HO_CHIEU"),
        single_name=said_from(general.optional("HO_TEN_MOT_TU")),
    )
    # A citizen has a number, or waits for one.
    return replace(pupil, number_pending=pupil.personal_id is None and not is_foreign(pupil))


def _read_history(history: Fields) -> list[Schooling]:
    lines = []
    for year in history.groups("QUA_TRINH"):
        arrived = year.optional("NGAY_TRANG_THAI_CHUYEN_DEN")
        line = Schooling(
            school_year=year.required("NAM_HOC"),
            class_name=year.required("TEN_LOP"),
            school_name=year.required("TEN_TRUONG"),
            arrived=day_from(arrived) if arrived else None,
        )
        year.done()
        lines.append(line)
    history.done()
    return lines
