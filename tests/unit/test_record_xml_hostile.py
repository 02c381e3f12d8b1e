# SPDX-License-Identifier: Apache-2.0

"""XML that was made to hurt, and XML that is merely not ours: every one is refused, by name, in words."""

import re
from uuid import uuid1

import pytest
from record_documents import PRIMARY, RECORD, UNIT, changed, document, with_class

from ledger.record.digest import record_digest
from ledger.record.errors import Hostile, RecordError, Unreadable
from ledger.record.xml import PROFILE, read
from ledger.record.xml.parsing import MAX_BYTES, MAX_ELEMENTS, MAX_TAGS

SECOND = "<DU_LIEU_HOC_BA Id='other'/>"
DS = "http://www.w3.org/2000/09/xmldsig#"
LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
NAME = RECORD.pupil.name


def in_slot(inside):
    return changed("<GVCN/>", f"<GVCN>{inside}</GVCN>")


def signed(inside):
    return in_slot(f"<ds:Signature xmlns:ds='{DS}'>{inside}</ds:Signature>")


def before_root(inside):
    return changed("<HOC_BA>", f"{inside}<HOC_BA>")


def says_what_to_do(refusal):
    return "Hãy " in refusal.vi and refusal.en != refusal.vi and re.search(r"\. [A-Z][a-z]+ .*\.$", refusal.en)


def moved():
    """The data part, as it is, carried into a signature's Object: nothing stands where it stood."""
    head, _, rest = document().partition(b"<DU_LIEU_HOC_BA")
    data, _, tail = rest.partition(b"</DU_LIEU_HOC_BA>")
    whole = b"<DU_LIEU_HOC_BA" + data + b"</DU_LIEU_HOC_BA>"
    return head + tail.replace(b"<GVCN/>", b"<GVCN><Object>" + whole + b"</Object></GVCN>", 1)


def wrapped():
    """A forged data part in its place, and the signed one inside a signature's Object, each with its own Id."""
    head, _, rest = document().partition(b"<DU_LIEU_HOC_BA")
    data, _, tail = rest.partition(b"</DU_LIEU_HOC_BA>")
    whole = b"<DU_LIEU_HOC_BA" + data + b"</DU_LIEU_HOC_BA>"
    forged = whole.replace(b'Id="data"', b'Id="data"').replace(NAME.encode(), "Kẻ Giả".encode())
    genuine = whole.replace(b'Id="data"', b'Id="data2"').replace(b'Id="diem-', b'Id="x-')
    return head + forged + tail.replace(b"<GVCN/>", b"<GVCN><Object>" + genuine + b"</Object></GVCN>", 1)


def declared(encoding, far=""):
    return changed("<?xml version='1.0' encoding='UTF-8'?>", f"<?xml version='1.0'{far} encoding='{encoding}'?>")


def ascii_with_dtd(encoding):
    """Every letter beyond ASCII as a reference, so that the bytes of UTF-16 also pass for UTF-8."""
    text = document().decode().replace("UTF-8", "UTF-16").replace("<HOC_BA>", "<!DOCTYPE x [<!ENTITY a 'b'>]><HOC_BA>")
    return text.encode("ascii", "xmlcharrefreplace").decode().encode(encoding)


HOSTILE = {
    "a DTD": lambda: before_root("<!DOCTYPE x [<!ENTITY a 'b'>]>"),
    "an external entity": lambda: before_root("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"),
    "an external DTD": lambda: before_root("<!DOCTYPE x SYSTEM 'https://example.net/x.dtd'>"),
    "an external parameter entity": lambda: before_root("<!DOCTYPE x [<!ENTITY % a SYSTEM 'http://127.0.0.1/'> %a;]>"),
    "a billion laughs": lambda: before_root(f"<!DOCTYPE x [<!ENTITY l0 'ha'>{LAUGHS}]>").replace(
        b"<CA_NAM>", b"<CA_NAM>&l9;"
    ),
    "quadratic entities": lambda: before_root(f"<!DOCTYPE x [<!ENTITY a '{'a' * 50_000}'>]>").replace(
        b"<CA_NAM>", b"<CA_NAM>" + b"&a;" * 10_000
    ),
    "a stylesheet": lambda: before_root('<?xml-stylesheet href="https://example.net/10.xsl"?>'),
    "a comment before the root": lambda: before_root("<!-- 10,0 -->"),
    "a comment after the root": lambda: document() + b"<!-- 10,0 -->",
    "an inclusion": lambda: in_slot("<x:include xmlns:x='http://www.w3.org/2001/XInclude' href='file:///etc/passwd'/>"),
    "an inclusion in the data": lambda: changed(
        NAME, "<x:include xmlns:x='http://www.w3.org/2001/XInclude' href='/etc/passwd' parse='text'/>"
    ),
    "a transformation by stylesheet": lambda: signed(
        "<ds:Transform Algorithm='http://www.w3.org/TR/1999/REC-xslt-19991116'>"
        "<x:stylesheet xmlns:x='http://www.w3.org/1999/XSL/Transform'/></ds:Transform>"
    ),
    "a reference to a server": lambda: signed("<ds:Reference URI='https://example.net/x.xml'/>"),
    "a reference to a file": lambda: signed("<ds:Reference URI='file:///etc/passwd'/>"),
    "a reference to the whole document": lambda: signed("<ds:Reference URI=''/>"),
    "a reference to nothing": lambda: signed("<ds:Reference/>"),
    "a key from a server": lambda: signed("<ds:KeyInfo><ds:RetrievalMethod URI='https://example.net/k'/></ds:KeyInfo>"),
    "a schema from a server": lambda: changed(
        "<HOC_BA>",
        "<HOC_BA xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:noNamespaceSchemaLocation='https://example.net/x.xsd'>",
    ),
    "an element declared nil": lambda: changed(
        "<HO_VA_TEN>", "<HO_VA_TEN xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'>"
    ),
    "xml:base": lambda: changed("<DANH_SACH_THONG_TIN_KY>", "<DANH_SACH_THONG_TIN_KY xml:base='https://example.net/'>"),
    "xml:base in the data": lambda: changed("<HO_VA_TEN>", "<HO_VA_TEN xml:base='https://example.net/'>"),
    "xml:space": lambda: changed("<HO_VA_TEN>", "<HO_VA_TEN xml:space='preserve'>"),
    "xml:lang": lambda: changed("<HO_VA_TEN>", "<HO_VA_TEN xml:lang='vi'>"),
    "xml:id": lambda: changed("<HO_VA_TEN>", "<HO_VA_TEN xml:id='x'>"),
    "CDATA in the data": lambda: changed(NAME, f"<![CDATA[{NAME}]]>"),
    "CDATA in a slot": lambda: in_slot("<![CDATA[10,0]]>"),
    "latin-1, declared": lambda: declared("ISO-8859-1"),
    "latin-1, declared far behind": lambda: declared("ISO-8859-1", far=" " * 5_000),
    "latin-1, declared behind a mark of UTF-8": lambda: b"\xef\xbb\xbf" + declared("ISO-8859-1"),
    "UTF-7, declared": lambda: declared("UTF-7"),
    "UTF-7, declared far behind": lambda: declared("UTF-7", far="\n" * 5_000),
    "UTF-16, declared": lambda: declared("UTF-16"),
    "UTF-16 with a mark": lambda: document().decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "UTF-16 without a mark, little end first": lambda: (
        document().decode().replace("UTF-8", "UTF-16").encode("utf-16-le")
    ),
    "UTF-16 without a mark, big end first": lambda: document().decode().replace("UTF-8", "UTF-16").encode("utf-16-be"),
    "a DTD hidden in UTF-16, little end first": lambda: ascii_with_dtd("utf-16-le"),
    "a DTD hidden in UTF-16, big end first": lambda: ascii_with_dtd("utf-16-be"),
    "a DTD hidden in UTF-32": lambda: ascii_with_dtd("utf-32-be"),
    "bytes that are no UTF-8": lambda: document().replace("Đạt".encode(), b"\xff\xfe"),
    "an over-long spelling": lambda: document().replace(b"<CA_NAM>", b"<CA_NAM>\xc0\xbc", 1),
    "surrogates in UTF-8": lambda: document().replace(b"<CA_NAM>", b"<CA_NAM>\xed\xa0\x80", 1),
    "XML 1.1": lambda: changed("version='1.0'", "version='1.1'"),
    "a zero byte": lambda: changed(NAME, NAME + "\0"),
    "a zero byte behind the end": lambda: document() + b"\0",
    "too large": lambda: b"<HOC_BA>" + b" " * MAX_BYTES + b"</HOC_BA>",
    "too deep": lambda: in_slot("<x>" * 60 + "</x>" * 60),
    "deeper than the parser goes": lambda: in_slot("<x>" * 1_000 + "</x>" * 1_000),
    "a hundred thousand levels": lambda: in_slot("<x>" * 100_000 + "</x>" * 100_000),
    "a hundred thousand levels in the data": lambda: changed(NAME, "<x>" * 100_000 + "</x>" * 100_000),
    "too many elements": lambda: in_slot("<x/>" * (MAX_ELEMENTS + 1)),
    "more tags than any document has, and no XML": lambda: b"<" * (MAX_TAGS + 1),
    "a huge attribute": lambda: signed(f"<ds:Object Id='{'a' * 1_000_000}'/>"),
    "a huge name": lambda: in_slot(f"<{'a' * 100_000}/>"),
    "an Id twice": lambda: changed("<GVCN/>", "<GVCN Id='data'/>"),
    "an Id twice, in another spelling": lambda: changed("<GVCN/>", "<GVCN><x ID='data'/></GVCN>"),
    "a row's Id twice": lambda: in_slot("<x Id='diem-TOAN'/>"),
    "a second data part in a signer slot": lambda: in_slot(SECOND),
    "a second data part in an Object": lambda: signed(f"<ds:Object>{SECOND}</ds:Object>"),
    "a second data part beside": lambda: changed("<DANH_SACH", f"{SECOND}<DANH_SACH"),
    "a second data part inside the first": lambda: changed("<TONG_KET>", f"{SECOND}<TONG_KET>"),
    "a second data part in a namespace": lambda: in_slot("<DU_LIEU_HOC_BA xmlns='urn:x'/>"),
    "a forged data part, the signed one in an Object": wrapped,
    "a data part with another Id": lambda: changed('Id="data"', 'Id="datA"'),
    "a comment inside a value": lambda: changed(NAME, f"{NAME}<!-- --> Giả"),
    "a comment between elements": lambda: changed("<HO_VA_TEN>", "<!-- --><HO_VA_TEN>"),
    "a processing instruction": lambda: changed("<HO_VA_TEN>", "<?x y?><HO_VA_TEN>"),
    "a processing instruction in a slot": lambda: in_slot("<?x y?>"),
    "a comment in a slot": lambda: in_slot("<!-- 10,0 -->"),
    "a comment in a signature": lambda: signed("<!-- 10,0 -->"),
    "an element inside a value": lambda: changed(NAME, f"{NAME}<b/>"),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_hostile_documents_are_refused(make):
    with pytest.raises(Hostile) as refusal:
        read(make())
    assert says_what_to_do(refusal.value)


UNREADABLE = {
    "nothing": lambda: b"",
    "no XML": lambda: b"%PDF-1.7",
    "cut short": lambda: document()[:-20],
    "something else": lambda: b"<HOC_SINH/>",
    "no data": lambda: b"<HOC_BA><DANH_SACH_THONG_TIN_KY/></HOC_BA>",
    "data moved into an Object": moved,
    "data in a namespace": lambda: changed("<HOC_BA>", "<HOC_BA xmlns='urn:x'>"),
    "a namespace declared in the data": lambda: changed("<HO_VA_TEN>", "<HO_VA_TEN xmlns:x='urn:x'>"),
    "a namespace declared on the data": lambda: changed(
        '<DU_LIEU_HOC_BA Id="data"', '<DU_LIEU_HOC_BA xmlns:x="urn:x" Id="data"'
    ),
    "a value in a namespace": lambda: changed("<NOI_SINH>", "<NOI_SINH xmlns='urn:x'>"),
    "an entity that nobody declared": lambda: changed(NAME, "&ten;"),
    "a reference to the zero character": lambda: changed(NAME, "&#0;"),
    "a value with an invisible space": lambda: changed(NAME, NAME + "&#x200B;"),
    "a value with accents apart": lambda: changed(NAME, "Nguye&#x302;&#x303;n"),
    "a value with a line break": lambda: changed(NAME, NAME + "\n"),
    "no signer slots": lambda: document().split(b"<DANH_SACH")[0] + b"</HOC_BA>",
    "a signer slot twice": lambda: changed("<GVCN/>", "<GVCN/><GVCN/>"),
    "a foreign signer slot": lambda: changed("<GVCN/>", "<PHU_HUYNH/>"),
    "signer slots before the data": lambda: changed("<DU_LIEU", "<DANH_SACH_THONG_TIN_KY/><DU_LIEU"),
    "a later profile": lambda: changed(f"<PHIEN_BAN>{PROFILE}", "<PHIEN_BAN>hocba/999"),
    "an unknown element": lambda: changed("<HO_VA_TEN>", "<BIET_DANH>Tí</BIET_DANH><HO_VA_TEN>"),
    "a leaf twice": lambda: changed("<HO_VA_TEN>", "<HO_VA_TEN>Lê An</HO_VA_TEN><HO_VA_TEN>"),
    "both spellings": lambda: changed(
        "<NOI_SINH>", "<TONG_SO_BUOI_NGHI_KHONG_PHEP>1</TONG_SO_BUOI_NGHI_KHONG_PHEP><NOI_SINH>"
    ),
    "a required element gone": lambda: changed(f"<HO_VA_TEN>{NAME}</HO_VA_TEN>", ""),
    "a required element empty": lambda: changed(f"<HO_VA_TEN>{NAME}</HO_VA_TEN>", "<HO_VA_TEN/>"),
    "an attribute": lambda: changed("<HO_VA_TEN>", "<HO_VA_TEN lang='vi'>"),
    "an attribute on the data": lambda: changed('<DU_LIEU_HOC_BA Id="data"', '<DU_LIEU_HOC_BA Id="data" lang="vi"'),
    "an Id on a year of the history": lambda: changed("<QUA_TRINH>", "<QUA_TRINH Id='x'>"),
    "text between elements": lambda: changed("<HO_VA_TEN>", "xin chào<HO_VA_TEN>"),
    "text at the head of a group": lambda: changed("<BANG_DIEM>", "<BANG_DIEM>10,0"),
    "text at the end of a group": lambda: changed("</BANG_DIEM>", "10,0</BANG_DIEM>"),
    "text at the end of the data": lambda: changed("</DU_LIEU_HOC_BA>", "10,0</DU_LIEU_HOC_BA>"),
    "a mark above 10": lambda: changed("<CA_NAM>9.1<", "<CA_NAM>10.1<"),
    "a mark with two decimals": lambda: changed("<CA_NAM>9.1<", "<CA_NAM>9.10<"),
    "a mark with a comma": lambda: changed("<CA_NAM>9.1<", "<CA_NAM>9,1<"),
    "a mark in other digits": lambda: changed("<CA_NAM>9.1<", "<CA_NAM>٩.١<"),
    "a bare letter": lambda: changed("<CA_NAM>Đạt<", "<CA_NAM>Đ<"),
    "an unknown subject": lambda: changed(
        'Id="diem-TOAN"><MA_MON_HOC>TOAN<', 'Id="diem-PHEP_THUAT"><MA_MON_HOC>PHEP_THUAT<'
    ),
    "an attribute on a row": lambda: changed('Id="diem-TOAN"', 'Id="diem-TOAN" lang="vi"'),
    "a row under another subject's Id": lambda: changed(">TOAN<", ">TIN_HOC<"),
    "a row without an Id": lambda: changed(' Id="diem-TOAN"', ""),
    "a teacher's number without a teacher": lambda: changed("<TEN_GIAO_VIEN>Trần Xuân Minh</TEN_GIAO_VIEN>", ""),
    "a UUID of another version": lambda: changed(str(UNIT), str(uuid1())),
    "a UUID in braces": lambda: changed(str(UNIT), f"{{{UNIT}}}"),
    "a document that replaces itself": lambda: changed(
        "<TEN_NAM_HOC>", f"<MA_TRA_CUU_UUID_BI_THAY_THE>{UNIT}</MA_TRA_CUU_UUID_BI_THAY_THE><TEN_NAM_HOC>"
    ),
    "a time without a zone": lambda: changed("2026-05-28T09:30:00+07:00", "2026-05-28T09:30:00"),
    "a time with fractions": lambda: changed("2026-05-28T09:30:00+07:00", "2026-05-28T09:30:00.5+07:00"),
    "a time before the calendar": lambda: changed("2026-05-28T09:30:00+07:00", "0001-01-01T00:00:00+14:00"),
    "a time after the calendar": lambda: changed("2026-05-28T09:30:00+07:00", "9999-12-31T23:59:59-12:00"),
    "a date that does not exist": lambda: changed(RECORD.pupil.birth_date.strftime("%d/%m/%Y"), "31/02/2011"),
    "a date by weeks": lambda: changed(RECORD.pupil.birth_date.strftime("%d/%m/%Y"), "2011-W10-5"),
    "a result that contradicts itself": lambda: changed("<KET_QUA_XEP_LOAI>Tốt", "<KET_QUA_XEP_LOAI>Khá"),
    "a promotion that contradicts itself": lambda: changed("<DUOC_LEN_LOP>1", "<DUOC_LEN_LOP>0"),
    "a year that contradicts itself": lambda: changed("<NAM_HOC>2025<", "<NAM_HOC>2024<"),
    "negative absences": lambda: changed("<TONG_SO_BUOI_NGHI_CO_PHEP>0", "<TONG_SO_BUOI_NGHI_CO_PHEP>-1"),
    "absences with a leading zero": lambda: changed("<TONG_SO_BUOI_NGHI_CO_PHEP>0", "<TONG_SO_BUOI_NGHI_CO_PHEP>00"),
    "grade 13": lambda: changed("<MA_KHOI>8<", "<MA_KHOI>13<", record=with_class(grade=8)),
    "a grade completed without promotion": lambda: changed(
        "<DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC>1", "<DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC>0"
    ),
    "a level completed without promotion": lambda: changed(
        "<DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_CO_SO>1", "<DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_CO_SO>0"
    ),
    "an origin that goes without saying": lambda: changed(
        "<TEN_NAM_HOC>", "<NGUON_GOC>digital</NGUON_GOC><TEN_NAM_HOC>"
    ),
    "a flag that goes without saying": lambda: changed("<SO_CCCD>", "<HO_TEN_MOT_TU>0</HO_TEN_MOT_TU><SO_CCCD>"),
    "a title that is none": lambda: changed(
        "<NOI_DUNG_KHEN_THUONG>Học sinh Xuất sắc", "<NOI_DUNG_KHEN_THUONG>Học sinh Tiên tiến"
    ),
    "results of secondary under primary": lambda: changed("<MA_CAP_HOC>THCS", "<MA_CAP_HOC>TH"),
    "results of primary under secondary": lambda: changed("<MA_CAP_HOC>TH<", "<MA_CAP_HOC>THCS<", record=PRIMARY),
}


@pytest.mark.parametrize("make", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_not_in_the_profile_is_refused(make):
    with pytest.raises(Unreadable) as refusal:
        read(make())
    assert not isinstance(refusal.value, Hostile)
    assert says_what_to_do(refusal.value)


# An element inside a value is seen by who reads values; the canonical form has it too, so that it cannot hide.
NO_DIGEST = {name: make for name, make in HOSTILE.items() if name != "an element inside a value"}


@pytest.mark.parametrize("make", NO_DIGEST.values(), ids=NO_DIGEST)
def test_nothing_hostile_gets_a_digest(make):
    with pytest.raises(RecordError):
        record_digest(make())


def test_a_hundred_megabytes_are_refused_before_anything_looks_inside():
    """Whoever looked would complain of the zero bytes; what is complained of is the size."""
    with pytest.raises(Hostile, match=f"larger than {MAX_BYTES} bytes"):
        read(bytes(100 * 1024 * 1024))
