# SPDX-License-Identifier: Apache-2.0

"""The frame that units and booklets share: the data, outside it the places for signatures, and which document this is."""

from typing import Final
from uuid import UUID

from lxml import etree

from ledger.record.errors import Unreadable, Unwritable
from ledger.record.xml import parsing
from ledger.record.xml.nodes import Fields, Writer, refuse_namespaces
from ledger.record.xml.values import UUID_VERSION, uuid_from

SIGNER_SLOTS: Final = ("GVCN", "CBQL", "KY_PHAT_HANH")
"""The places for signatures, in the order of signing: homeroom teacher, principal, school seal."""

_MAY_SIGN: Final = frozenset({*SIGNER_SLOTS, "DANH_SACH_GVBM"})


def begun() -> tuple[etree._Element, Writer]:
    """Return a new document's root, and its data part to be filled."""
    root = etree.Element(parsing.ROOT)
    return root, Writer(root).group(parsing.DATA, Id=parsing.DATA_ID)


def finished(root: etree._Element) -> bytes:
    """Return the document in UTF-8, with an empty place for each signature."""
    slots = Writer(root).group(parsing.SIGNATURES)
    for slot in SIGNER_SLOTS:
        slots.group(slot)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def opened(data: bytes) -> Fields:
    """Return the parts of a document's data, or of the bare data element that a PDF carries.

    Raises `Hostile` for what no honest document contains, `Unreadable` for another frame than ours.
    """
    root = parsing.parse(data)
    element = parsing.data_of(root)
    if root.tag == parsing.ROOT:
        _look_at(root)
    refuse_namespaces(element)
    fields = Fields(element)
    if set(element.attrib) != {"Id"}:
        raise Unreadable("DU_LIEU_HOC_BA mang thuộc tính lạ.", "DU_LIEU_HOC_BA carries a foreign attribute.")
    return fields


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
