# SPDX-License-Identifier: Apache-2.0

"""Parsing XML that a stranger sent, with everything switched off that a học bạ does not need.

What is refused, and what it would do: a DTD (entities that grow, or that read local files); another encoding than UTF-8
(text that one reader sees and another does not); depth and size beyond any học bạ (exhaustion); one Id twice, or a second
data element (signature wrapping: the signature covers one, the reader reads the other); comments and processing
instructions inside the data (`Nguyễn<!---->Văn An` is read as `Nguyễn` by careless code, while the canonical form, and
with it every signature, stays the same).
"""

import re
from typing import Final

from lxml import etree

from ledger.record.errors import Hostile, Unreadable

MAX_BYTES: Final = 4 * 1024 * 1024
"""A signed unit is some 60 kB; certificates and timestamps of a dozen signers stay far below this."""
MAX_DEPTH: Final = 40
MAX_ELEMENTS: Final = 20_000
ROOT: Final = "HOC_BA"
DATA: Final = "DU_LIEU_HOC_BA"
SIGNATURES: Final = "DANH_SACH_THONG_TIN_KY"
DATA_ID: Final = "data"

_ID_NAMES: Final = frozenset({"Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id"})
_DECLARED: Final = re.compile(r"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)


def parse(data: bytes) -> etree._Element:
    """Return the root of a document that is safe to walk. Raises `Hostile`, or `Unreadable` if it is no XML."""
    if len(data) > MAX_BYTES:
        raise Hostile(
            f"Tệp XML lớn quá {MAX_BYTES} byte, không thể là một học bạ. Hãy kiểm tra lại tệp.",
            f"The XML is larger than {MAX_BYTES} bytes; no học bạ is. Check the file.",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _wrong_encoding() from error
    declared = _DECLARED.search(text[:200])
    if declared is not None and declared[1].lower() != "utf-8":
        raise _wrong_encoding()
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Hostile(
            "Tệp XML có khai báo DTD, học bạ số không dùng; tệp bị từ chối vì lý do an toàn.",
            "The XML declares a DTD, which no học bạ uses; it is refused for safety.",
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(
            "Tệp không phải là XML hợp lệ; có thể đã bị cắt cụt. Hãy tải lại tệp gốc.",
            "This is not well-formed XML; it may be cut short. Get the original file again.",
        ) from error
    _measure(root)
    _unique_ids(root)
    return root


def data_of(root: etree._Element) -> etree._Element:
    """Return the one `DU_LIEU_HOC_BA` of a document: the child of `HOC_BA`, or the root of an attachment."""
    everywhere = list(root.iter(f"{{*}}{DATA}"))
    where = [root] if root.tag == DATA else [child for child in root if child.tag == DATA]
    if root.tag not in {ROOT, DATA} or not where:
        raise Unreadable(
            "Tệp XML này không phải là học bạ số: thiếu thẻ HOC_BA hoặc DU_LIEU_HOC_BA.",
            "This XML is no học bạ: HOC_BA or DU_LIEU_HOC_BA is missing.",
        )
    if len(everywhere) != 1 or where[0].get("Id") != DATA_ID:
        raise Hostile(
            "Tệp XML có nhiều phần dữ liệu học bạ, hoặc phần dữ liệu mang Id lạ; tệp bị từ chối vì lý do an toàn.",
            "The XML has several data parts, or its data part has a foreign Id; it is refused for safety.",
        )
    return where[0]


def _wrong_encoding() -> Hostile:
    return Hostile(
        "Học bạ số phải dùng bảng mã UTF-8. Hãy xuất lại tệp XML bằng phần mềm của trường.",
        "A học bạ is encoded in UTF-8. Export the XML again from the school's software.",
    )


def _measure(root: etree._Element) -> None:
    depth = elements = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        elements += event == "start"
        if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
            raise Hostile(
                "Tệp XML lồng nhau quá sâu hoặc có quá nhiều thẻ, không thể là một học bạ.",
                "The XML is nested too deeply, or has too many elements, to be a học bạ.",
            )


def _unique_ids(root: etree._Element) -> None:
    seen: set[str] = set()
    for element in root.iter(etree.Element):
        for name in _ID_NAMES & set(element.attrib):
            value = element.attrib[name]
            if value in seen:
                raise Hostile(
                    f"Tệp XML dùng Id “{value}” hai lần, nên không rõ chữ ký ký vào phần nào; tệp bị từ chối.",
                    f"The XML uses the Id “{value}” twice, so what a signature covers is unclear; it is refused.",
                )
            seen.add(str(value))
