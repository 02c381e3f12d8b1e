# SPDX-License-Identifier: Apache-2.0

"""Parsing XML that a stranger sent, with everything switched off that a học bạ does not need.

What is refused, and what it would do:

* a DTD: entities that grow, or that read local files;
* another encoding than UTF-8, declared or used, with or without a byte-order mark: text that one reader sees and another
  does not, or a DTD that a search for its name would miss (a mark of UTF-8 itself is harmless, and some editors write it);
* depth, size, numbers and attributes beyond any học bạ: exhaustion;
* one Id twice, or a second data element: signature wrapping, where the signature covers one and the reader reads the other;
* whatever leads outside the file (XInclude, XSLT, stylesheets, references that do not begin with `#`): what is shown or
  signed would depend on somebody's server;
* `xml:base`, `xml:space`, `xml:lang` and `xml:id`, which some readers obey and others ignore;
* CDATA sections, comments, processing instructions: `Nguyễn<!---->Văn An` is read as `Nguyễn` by careless code,
  while the canonical form, and with it every signature, stays the same.
"""

import re
from typing import Final

from lxml import etree

from ledger.record.errors import Hostile, Unreadable

MAX_BYTES: Final = 4 * 1024 * 1024
"""A signed unit is some 60 kB; certificates and timestamps of a dozen signers stay far below this."""
MAX_DEPTH: Final = 40
MAX_ELEMENTS: Final = 20_000
MAX_TAGS: Final = 3 * MAX_ELEMENTS
"""So many `<` a document may hold; counted before parsing, as the parser would build the tree first."""
MAX_ATTRIBUTE: Final = 4096
"""Algorithm names are the longest attributes of an honest signature, at some 60 characters."""
ROOT: Final = "HOC_BA"
DATA: Final = "DU_LIEU_HOC_BA"
SIGNATURES: Final = "DANH_SACH_THONG_TIN_KY"
DATA_ID: Final = "data"

_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
"""`xsi:schemaLocation` names a schema on somebody's server; `xsi:type` and `xsi:nil` change what an element is."""
_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_LEAD_OUTSIDE: Final = (
    "{http://www.w3.org/2001/XInclude}",
    "{http://www.w3.org/1999/XSL/Transform}",
    f"{_DS}RetrievalMethod",
)
_ID_NAMES: Final = frozenset({"Id", "ID", "id"})
_PARSER_LIMITS: Final = frozenset(
    {
        etree.ErrorTypes.ERR_NAME_TOO_LONG,
        etree.ErrorTypes.ERR_RESOURCE_LIMIT,
    }
)
_DECLARATION: Final = re.compile(
    r"""<\?xml\s+version\s*=\s*["']1\.0["'](?:\s+encoding\s*=\s*["'](?P<encoding>[A-Za-z0-9._-]+)["'])?"""
    r"""(?:\s+standalone\s*=\s*["'](?:yes|no)["'])?\s*\?>"""
)


def parse(data: bytes) -> etree._Element:
    """Return the root of a document that is safe to walk. Raises `Hostile`, or `Unreadable` if it is no XML."""
    if len(data) > MAX_BYTES:
        raise Hostile(
            f"Tệp XML lớn quá {MAX_BYTES} byte, không thể là một học bạ.",
            f"The XML is larger than {MAX_BYTES} bytes; no học bạ is.",
        )
    _look_at_text(data)
    parser = etree.XMLParser(
        encoding="utf-8",
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
        if getattr(error, "code", None) in _PARSER_LIMITS:
            raise _too_much() from error
        raise Unreadable(
            "Tệp không phải là XML hợp lệ; có thể đã bị cắt cụt.",
            "This is not well-formed XML; it may be cut short.",
        ) from error
    _measure(root)
    _keeps_to_itself(root)
    _unique_ids(root)
    return root


def _look_at_text(data: bytes) -> None:
    """Refuse what can be told before parsing, and must be: encoding, DTD, CDATA, and numbers of tags."""
    if b"\0" in data:
        # Also what gives UTF-16 and UTF-32 away: their every ASCII letter comes with a zero byte.
        raise _wrong_encoding()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong_encoding() from error
    if text.startswith("<?xml"):
        declaration = _DECLARATION.match(text)
        if declaration is None or (declaration["encoding"] or "utf-8").lower() != "utf-8":
            raise _wrong_encoding()
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Hostile(
            "Tệp XML có khai báo DTD, học bạ số không dùng; tệp bị từ chối vì lý do an toàn.",
            "The XML declares a DTD, which no học bạ uses; it is refused for safety.",
        )
    if "<![CDATA[" in text:
        raise Hostile(
            "Tệp XML có đoạn CDATA, học bạ số không dùng; tệp bị từ chối vì lý do an toàn.",
            "The XML holds a CDATA section, which no học bạ uses; it is refused for safety.",
        )
    if text.count("<") > MAX_TAGS:
        raise _too_much()


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
        "Học bạ số phải dùng bảng mã UTF-8.",
        "A học bạ is encoded in UTF-8.",
    )


def _measure(root: etree._Element) -> None:
    depth = elements = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        elements += event == "start"
        if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
            raise _too_much()


def _too_much() -> Hostile:
    return Hostile(
        "Tệp XML lồng nhau quá sâu, có quá nhiều thẻ hoặc thuộc tính quá dài, không thể là một học bạ.",
        "The XML is nested too deeply, or has too many elements or too long an attribute, to be a học bạ.",
    )


def _keeps_to_itself(root: etree._Element) -> None:
    """Refuse what leads outside the document, or changes how it is read."""
    if [*root.itersiblings(), *root.itersiblings(preceding=True)]:
        raise Hostile(
            "Tệp XML có chú thích hoặc lệnh xử lý (ví dụ xml-stylesheet) ngoài phần học bạ; tệp bị từ chối vì lý do an toàn.",
            "The XML has a comment or a processing instruction (such as xml-stylesheet) around the học bạ; it is refused.",
        )
    if next(root.iter(etree.PI, etree.Comment), None) is not None:
        raise Hostile(
            "Tệp XML có chú thích hoặc lệnh xử lý (processing instruction); tệp bị từ chối vì lý do an toàn.",
            "The XML holds a comment or a processing instruction; it is refused for safety.",
        )
    for element in root.iter(etree.Element):
        leads_outside = element.tag.startswith(_LEAD_OUTSIDE) or (
            element.tag == f"{_DS}Reference" and not str(element.get("URI", "")).startswith("#")
        )
        if leads_outside or any(str(name).startswith((_XML, _XSI)) for name in element.attrib):
            raise Hostile(
                f"Thẻ {etree.QName(element).localname} trong tệp XML dẫn ra ngoài tệp hoặc đổi cách đọc tệp (XInclude, XSLT,"
                " tham chiếu ngoài, thuộc tính xml:…); tệp bị từ chối vì lý do an toàn.",
                f"The element {etree.QName(element).localname} leads outside the file or changes how it is read (XInclude,"
                " XSLT, external reference, xml:… attribute); it is refused for safety.",
            )
        if any(len(value) > MAX_ATTRIBUTE for value in element.attrib.values()):
            raise _too_much()


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
