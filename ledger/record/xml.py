# SPDX-License-Identifier: Apache-2.0

"""The ministry's XML, both ways: `write` a unit's document, `read` one back, and cut out what signatures cover.

The shape is that of CV 2088/BGDĐT-GDTH, its field table to the letter where it says something, misspelt tags included
(`THONG_SO_BUOI_NGHI_KHONG_PHEP`); the secondary level, for which no annex is published, follows Annex IV of HCMC's
QĐ 1789. What both leave open is *hocba profile 0*, written down in docs/formats-record.md::

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

from ledger.record import parsing
from ledger.record.errors import Unreadable, Unwritable
from ledger.record.model import (
    ClassInfo,
    Person,
    PrimaryYear,
    Pupil,
    Record,
    School,
    Schooling,
    SecondarySubject,
    SecondaryYear,
    Terms,
)
from ledger.record.scales import Award, Rating, Sex
from ledger.record.subjects import BY_CODE, Level
from ledger.record.xml_nodes import (
    UUID_VERSION,
    Fields,
    Writer,
    agree,
    count_from,
    count_text,
    day_from,
    day_text,
    flag_from,
    flag_text,
    mark_from,
    mark_text,
    moment_from,
    moment_text,
    one_of,
    uuid_from,
)

PROFILE: Final = "hocba/0"
"""What `PHIEN_BAN` says. Every profile ever released stays readable."""
SIGNER_SLOTS: Final = ("GVCN", "CBQL", "KY_PHAT_HANH")
"""The places for signatures, in the order of signing: homeroom teacher, principal, school seal."""

_MAY_SIGN: Final = frozenset({*SIGNER_SLOTS, "DANH_SACH_GVBM"})
_COMPLETED: Final = {
    Level.TH: "DA_HOAN_THANH_CHUONG_TRINH_TIEU_HOC",
    Level.THCS: "DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_CO_SO",
    Level.THPT: "DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_PHO_THONG",
}


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
    root = etree.Element(parsing.ROOT)
    data = Writer(root).group(parsing.DATA, Id=parsing.DATA_ID)
    general = data.group("THONG_TIN_CHUNG")
    general.required("PHIEN_BAN", PROFILE)
    general.required("THONG_TU", record.class_info.circular)
    general.required("MA_TRA_CUU_UUID", str(unit_id))
    general.optional("MA_TRA_CUU_UUID_BI_THAY_THE", str(replaces) if replaces else None)
    _write_general(general, record, created_at, planned_issue_date)
    history = data.group("QUA_TRINH_HOC_TAP")
    for line in record.history:
        year = history.group("QUA_TRINH")
        year.required("NAM_HOC", line.school_year)
        year.required("TEN_LOP", line.class_name)
        year.required("TEN_TRUONG", line.school_name)
        year.optional("NGAY_TRANG_THAI_CHUYEN_DEN", day_text(line.arrived))
    _write_results(data.group("TONG_KET"), record)
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
    created_at = moment_from(general.required("NGAY_TAO_HOC_BA"))
    planned = moment_from(general.required("NGAY_KY_PHAT_HANH_HOC_BA"))
    school, class_info, pupil, absences = _read_general(general)
    year = _read_results(results, class_info, absences)
    record = Record(school, class_info, pupil, year, tuple(_read_history(history)))
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
    general.optional("SO_CCCD", pupil.personal_id)
    general.required("MA_HOC_SINH", pupil.code)
    general.required("GIOI_TINH", pupil.sex.value if pupil.sex else None)
    general.required("NGAY_SINH", day_text(pupil.birth_date))
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
    general.required("MA_KHOI", str(info.grade))
    general.required("TEN_LOP", info.name)
    general.required("NAM_HOC", str(info.first_year) if info.first_year is not None else None)


def _read_general(general: Fields) -> tuple[School, ClassInfo, Pupil, tuple[int, int]]:
    school = School(
        authority_code=general.required("MA_SO_GIAO_DUC"),
        authority_name=general.required("TEN_SO_GD"),
        code=general.required("MA_TRUONG"),
        name=general.required("TEN_TRUONG"),
        ward=general.required("TEN_XA_PHUONG"),
        province=general.required("TEN_TINH_THANH_PHO"),
        place=general.required("DIA_DANH_PHAT_HANH_HOC_BA"),
        district=general.optional("TEN_QUAN_HUYEN"),
    )
    info = ClassInfo(
        name=general.required("TEN_LOP"),
        level=one_of(Level, general.required("MA_CAP_HOC")),
        grade=count_from(general.required("MA_KHOI")),
        school_year=general.required("TEN_NAM_HOC"),
        circular=general.required("THONG_TU"),
        homeroom=Person(general.required("TEN_GIAO_VIEN_CHU_NHIEM"), general.optional("SO_CCCD_GIAO_VIEN_CHU_NHIEM")),
        principal=Person(general.required("TEN_GIAM_HIEU_KY_HOC_BA"), general.optional("SO_CCCD_GIAM_HIEU_KY_HOC_BA")),
        principal_title=general.required("CHUC_VU_GIAM_HIEU_KY_HOC_BA"),
    )
    agree("NAM_HOC", general.required("NAM_HOC"), str(info.first_year))
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
    )
    absences = (
        count_from(general.required("TONG_SO_BUOI_NGHI_CO_PHEP")),
        # The official tag is misspelt; the corrected form is accepted from others, and never written.
        count_from(general.required("THONG_SO_BUOI_NGHI_KHONG_PHEP", "TONG_SO_BUOI_NGHI_KHONG_PHEP")),
    )
    general.done()
    return school, info, pupil, absences


def _write_results(results: Writer, record: Record) -> None:
    year, info = record.year, record.class_info
    if isinstance(year, PrimaryYear):
        raise Unwritable("Chưa lập được XML tiểu học.", "Primary XML cannot be written yet.")
    results.optional("KET_QUA_XEP_LOAI", year.study.year.value if year.study.year else None)
    results.required("DUOC_LEN_LOP", flag_text(year.promoted))
    results.required("DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC", flag_text(year.promoted))
    results.optional(_COMPLETED[info.level], flag_text(year.promoted) if info.is_final else None)
    results.optional("NOI_DUNG_KHEN_THUONG", year.award.value if year.award else None)
    results.optional("NHAN_XET_GVCN", year.homeroom_comment)
    results.optional("CO_KHUYET_TAT_KHONG_DANH_GIA", "1" if year.not_assessed else None)
    for tag, terms in (("KET_QUA_HOC_TAP", year.study), ("KET_QUA_REN_LUYEN", year.conduct)):
        group = results.group(tag)
        group.optional("HOC_KY_1", terms.hk1.value if terms.hk1 else None)
        group.optional("HOC_KY_2", terms.hk2.value if terms.hk2 else None)
        group.optional("CA_NAM", terms.year.value if terms.year else None)
    table = results.group("BANG_DIEM")
    codes = [subject.code for subject in year.subjects]
    for subject in year.subjects:
        if subject.code not in BY_CODE or codes.count(subject.code) > 1:
            raise Unwritable(
                f"Mã môn học {subject.code} bị lặp hoặc không có trong hocba profile 0. Hãy sửa danh sách môn.",
                f"The subject code {subject.code} is repeated, or not in hocba profile 0. Correct the subjects.",
            )
        row = table.group("DIEM_TONG_KET", Id=f"diem-{subject.code}")
        row.required("MA_MON_HOC", subject.code)
        row.required("TEN_MON_HOC", subject.name)
        row.optional("HOC_KY_1", mark_text(subject.hk1))
        row.optional("HOC_KY_2", mark_text(subject.hk2))
        row.optional("CA_NAM", mark_text(subject.year))
        row.optional("DUOC_MIEN", "1" if subject.exempt else None)
        row.optional("NHAN_XET", subject.comment)
        row.optional("TEN_GIAO_VIEN", subject.teacher.name if subject.teacher else None)
        row.optional("SO_CCCD_GIAO_VIEN", subject.teacher.personal_id if subject.teacher else None)


def _read_results(results: Fields, info: ClassInfo, absences: tuple[int, int]) -> SecondaryYear:
    study, conduct = (_terms(results.group(tag)) for tag in ("KET_QUA_HOC_TAP", "KET_QUA_REN_LUYEN"))
    promoted = results.required("DUOC_LEN_LOP")
    award = results.optional("NOI_DUNG_KHEN_THUONG")
    year = SecondaryYear(
        subjects=(),
        conduct=conduct,
        study=study,
        absences_excused=absences[0],
        absences_unexcused=absences[1],
        promoted=flag_from(promoted),
        award=one_of(Award, award) if award else None,
        homeroom_comment=results.optional("NHAN_XET_GVCN"),
        not_assessed=bool(flag_from(results.optional("CO_KHUYET_TAT_KHONG_DANH_GIA"))),
    )
    # The ministry's table says some things twice; where it does, both must say the same.
    agree("KET_QUA_XEP_LOAI", results.optional("KET_QUA_XEP_LOAI"), study.year.value if study.year else None)
    agree("DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC", results.required("DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC"), promoted)
    completed = _COMPLETED[info.level]
    agree(completed, results.optional(completed), promoted if info.is_final else None)
    table = results.group("BANG_DIEM")
    subjects = tuple(_subject(identifier, row) for identifier, row in table.groups("DIEM_TONG_KET"))
    table.done()
    results.done()
    return replace(year, subjects=subjects)


def _subject(identifier: str | None, row: Fields) -> SecondarySubject:
    code = row.required("MA_MON_HOC")
    if code not in BY_CODE:
        raise Unreadable(
            f"Mã môn học “{code[:40]}” không có trong hocba profile 0.",
            f"The subject code “{code[:40]}” is not in hocba profile 0.",
        )
    agree("Id", identifier, f"diem-{code}")
    teacher, teacher_id = row.optional("TEN_GIAO_VIEN"), row.optional("SO_CCCD_GIAO_VIEN")
    if teacher is None:
        agree("SO_CCCD_GIAO_VIEN", teacher_id, None)
    result = SecondarySubject(
        code=code,
        name=row.required("TEN_MON_HOC"),
        hk1=mark_from(row.optional("HOC_KY_1")),
        hk2=mark_from(row.optional("HOC_KY_2")),
        year=mark_from(row.optional("CA_NAM")),
        comment=row.optional("NHAN_XET"),
        teacher=Person(teacher, teacher_id) if teacher else None,
        exempt=bool(flag_from(row.optional("DUOC_MIEN"))),
    )
    row.done()
    return result


def _terms(group: Fields) -> Terms:
    written = [group.optional(tag) for tag in ("HOC_KY_1", "HOC_KY_2", "CA_NAM")]
    group.done()
    return Terms(*(one_of(Rating, text) if text else None for text in written))


def _read_history(history: Fields) -> list[Schooling]:
    lines = []
    for _, year in history.groups("QUA_TRINH"):
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
