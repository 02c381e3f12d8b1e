# SPDX-License-Identifier: Apache-2.0

"""The frame that units and booklets share: the data, outside it the places for signatures, and which document this is."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from lxml import etree

from ledger.record.errors import Unreadable, Unwritable
from ledger.record.xml import parsing
from ledger.record.xml.nodes import Fields, Writer, refuse_namespaces
from ledger.record.xml.values import UUID_VERSION, uuid_from

SIGNER_SLOTS: Final = ("GVCN", "CBQL", "KY_PHAT_HANH")
"""The places for signatures, in the order of signing: homeroom teacher, principal, school seal."""

SUBJECT_TEACHERS: Final = "DANH_SACH_GVBM"
"""Before them, where the profile hears subject teachers: a GVBM for each row of the marks table, told apart by its Id."""
SUBJECT_TEACHER: Final = "GVBM"

_MAY_SIGN: Final = frozenset({*SIGNER_SLOTS, SUBJECT_TEACHERS})


def begun(*, so_far: bool = False) -> tuple[etree._Element, Writer]:
    """Return a new document's root, and its data part to be filled; `so_far` as for `Writer`."""
    root = etree.Element(parsing.ROOT)
    return root, Writer(root, so_far=so_far).group(parsing.DATA, Id=parsing.DATA_ID)


def finished(root: etree._Element, *, subjects: Iterable[str] = ()) -> bytes:
    """Return the document in UTF-8, with an empty place for each signature; `subjects` are the codes that have one each."""
    slots = Writer(root).group(parsing.SIGNATURES)
    codes = list(subjects)
    teachers = slots.group(SUBJECT_TEACHERS) if codes else None
    for code in codes:
        assert teachers is not None  # noqa: S101 - made if there is a code
        teachers.group(SUBJECT_TEACHER, Id=subject_slot(code))
    for slot in SIGNER_SLOTS:
        slots.group(slot)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def opened(data: bytes, *, so_far: bool = False) -> Fields:
    """Return the parts of a document's data, or of the bare data element that a PDF carries.

    Raises `Hostile` for what no honest document contains, `Unreadable` for another frame than ours.
    """
    root = parsing.parse(data)
    element = parsing.data_of(root)
    if root.tag == parsing.ROOT:
        _look_at(root)
    refuse_namespaces(element)
    fields = Fields(element, so_far=so_far)
    if set(element.attrib) != {"Id"}:
        raise Unreadable("DU_LIEU_HOC_BA mang thuộc tính lạ.", "DU_LIEU_HOC_BA carries a foreign attribute.")
    return fields


def subject_slot(code: str) -> str:
    """The Id of the place where the teacher of a subject signs."""
    return f"{SUBJECT_TEACHER}-{code}"


def row_id(code: str) -> str:
    """The Id of a subject's row, which its teacher signs."""
    return f"diem-{code}"


def write_ids(general: Writer, profile: str, circular: str, document_id: UUID, replaces: UUID | None) -> None:
    """Write what THONG_TIN_CHUNG begins with. Raises `Unwritable` for an id that cannot be a new one."""
    if document_id.version != UUID_VERSION or replaces == document_id:
        raise Unwritable(
            "Mã tra cứu học bạ phải là UUID v4 mới, không dùng lại mã đã thu hồi. Hãy tạo mã mới.",
            "The unit id must be a new UUID v4, never one that was recalled. Make a new one.",
        )
    general.required("PHIEN_BAN", profile)
    general.required("THONG_TU", circular)
    general.required("MA_TRA_CUU_UUID", str(document_id))
    general.optional("MA_TRA_CUU_UUID_BI_THAY_THE", str(replaces) if replaces else None)


def read_ids(general: Fields, expected: str) -> tuple[UUID, UUID | None]:
    """Return the document's id and that of the recalled one whose place it takes; `Unreadable` for another profile."""
    profile = general.required("PHIEN_BAN")
    if profile != expected:
        raise Unreadable(
            f"Học bạ dùng phiên bản cấu trúc “{profile}” mà chương trình này chưa biết.",
            f"The document is in profile “{profile}”, which this program does not know.",
            remedy=("Hãy cập nhật chương trình.", "Update the program."),
        )
    document_id = uuid_from(general.required("MA_TRA_CUU_UUID"))
    written = general.optional("MA_TRA_CUU_UUID_BI_THAY_THE")
    replaces = uuid_from(written) if written else None
    if replaces == document_id:
        raise Unreadable(
            "Học bạ ghi là thay thế chính nó: một mã tra cứu đã thu hồi không bao giờ được dùng lại.",
            "The document says that it replaces itself; the id of a recalled unit is never used again.",
        )
    return document_id, replaces


def _look_at(root: etree._Element) -> None:
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
    for teachers in root[1].findall(SUBJECT_TEACHERS):
        _look_at_teachers(teachers, rows={str(element.get("Id")) for element in root[0].iter("DIEM_TONG_KET")})


def _look_at_teachers(teachers: etree._Element, *, rows: set[str]) -> None:
    """Refuse a place for a subject that the record does not have, and two for one."""
    ids = [str(place.get("Id")) for place in teachers]
    expected = {subject_slot(row.removeprefix("diem-")) for row in rows}
    if len(set(ids)) != len(ids) or not set(ids) <= expected or {place.tag for place in teachers} - {SUBJECT_TEACHER}:
        raise Unreadable(
            "DANH_SACH_GVBM có chỗ ký của môn không có trong học bạ, hoặc bị lặp.",
            "DANH_SACH_GVBM has a place for a subject that is not in the record, or one twice.",
        )
