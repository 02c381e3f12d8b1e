# SPDX-License-Identifier: Apache-2.0

"""The published schema: what it accepts, what it refuses beside the reader, and where the two differ on purpose.

Each mutation is refused by the schema, by the reader, or by both, and the tables say by which. XSD 1.0 cannot say what
depends on the level or on another field, so those are the reader's; the reader is the more generous in what
docs/formats-record.md lists.
"""

import copy
import re

import pytest
from lxml import etree
from record_documents import KEPT, PRIMARY, ROOT, SCHEMA, changed, document, fits_schema

from ledger.record.errors import Unreadable
from ledger.record.scales import Achievement, Attainment, Overall, Rating, TraitLevel
from ledger.record.subjects import SUBJECTS, Level
from ledger.record.xml import data_element, read

XS = "{http://www.w3.org/2001/XMLSchema}"
SOURCE = (ROOT / "ledger/record/xml/hocba-0.xsd").read_bytes()
TREE = etree.fromstring(SOURCE)
SIGNATURE = "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#' Id='s'><SignedInfo/><Object><x xmlns='urn:x'/></Object></Signature>"


@pytest.mark.parametrize("name", KEPT)
def test_kept_documents_fit_whole_and_as_attachment(name):
    kept = KEPT[name].read_bytes()
    assert fits_schema(kept), SCHEMA.error_log
    assert fits_schema(data_element(kept)), SCHEMA.error_log


def test_a_signed_document_fits_whatever_its_signatures_hold():
    filled = "<CBQL><NGAY_KY>2026-05-28T09:30:00+07:00</NGAY_KY><SO_CCCD>099096091566</SO_CCCD>" + SIGNATURE + "</CBQL>"
    assert fits_schema(changed("<CBQL/>", filled)), SCHEMA.error_log


def at_primary(*change):
    return lambda: changed(*change, record=PRIMARY)


def at_secondary(*change):
    return lambda: changed(*change)


SCHEMA_AND_READER, SCHEMA_ALONE, READER_ALONE = (True, True), (True, False), (False, True)
MUTATIONS = {
    # What both see.
    "a required field gone": (SCHEMA_AND_READER, at_primary("<HO_VA_TEN>Giàng A Páo</HO_VA_TEN>", "")),
    "a required field empty": (SCHEMA_AND_READER, at_primary("<HO_VA_TEN>Giàng A Páo<", "<HO_VA_TEN><")),
    "an extra field": (SCHEMA_AND_READER, at_primary("<HO_VA_TEN>", "<BIET_DANH>Tí</BIET_DANH><HO_VA_TEN>")),
    "a field twice": (SCHEMA_AND_READER, at_primary("<HO_VA_TEN>", "<HO_VA_TEN>Lê An</HO_VA_TEN><HO_VA_TEN>")),
    "a tag in small letters": (SCHEMA_AND_READER, at_primary("HO_VA_TEN>", "ho_va_ten>", 2)),
    "a foreign attribute": (SCHEMA_AND_READER, at_primary("<HO_VA_TEN>", "<HO_VA_TEN lang='vi'>")),
    "a letter for a level": (SCHEMA_AND_READER, at_primary("<MUC_DAT_DUOC>Hoàn thành tốt", "<MUC_DAT_DUOC>T")),
    "a word of another scale for a subject": (
        SCHEMA_AND_READER,
        at_primary("<MUC_DAT_DUOC>Hoàn thành tốt", "<MUC_DAT_DUOC>Tốt"),
    ),
    "a word of another scale for a quality": (
        SCHEMA_AND_READER,
        at_primary("<PHAM_CHAT_CHAM_CHI>Đạt", "<PHAM_CHAT_CHAM_CHI>Khá"),
    ),
    "a test with decimals": (SCHEMA_AND_READER, at_primary("<DIEM_KIEM_TRA_DINH_KY>9<", "<DIEM_KIEM_TRA_DINH_KY>9.0<")),
    "a test of 11": (SCHEMA_AND_READER, at_primary("<DIEM_KIEM_TRA_DINH_KY>9<", "<DIEM_KIEM_TRA_DINH_KY>11<")),
    "a weight with a comma": (SCHEMA_AND_READER, at_primary("<CAN_NANG>22.5", "<CAN_NANG>22,5")),
    "a weight with five decimals": (SCHEMA_AND_READER, at_primary("<CAN_NANG>22.5", "<CAN_NANG>22.50001")),
    "a weight with its unit": (SCHEMA_AND_READER, at_primary("<CAN_NANG>22.5", "<CAN_NANG>22.5 kg")),
    "an unknown subject": (SCHEMA_AND_READER, at_primary(">TOAN<", ">PHEP_THUAT<")),
    "a subject twice": (SCHEMA_AND_READER, at_primary('Id="diem-TOAN"', 'Id="diem-TIENG_VIET"')),
    "two completed levels": (
        SCHEMA_AND_READER,
        at_secondary(
            "<DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_CO_SO>",
            "<DA_HOAN_THANH_CHUONG_TRINH_TIEU_HOC>1</DA_HOAN_THANH_CHUONG_TRINH_TIEU_HOC>"
            "<DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_CO_SO>",
        ),
    ),
    "a yes for a flag": (SCHEMA_AND_READER, at_secondary("<DUOC_LEN_LOP>1", "<DUOC_LEN_LOP>Có")),
    "a flag of profile 0 that says no": (SCHEMA_AND_READER, at_primary("<DUOC_MIEN>1", "<DUOC_MIEN>0")),
    "a mark with a comma": (SCHEMA_AND_READER, at_secondary("<CA_NAM>9.1<", "<CA_NAM>9,1<")),
    "a mark without a decimal": (SCHEMA_AND_READER, at_secondary("<CA_NAM>9.1<", "<CA_NAM>9<")),
    "a mark above 10": (SCHEMA_AND_READER, at_secondary("<CA_NAM>9.1<", "<CA_NAM>10.1<")),
    "a time without a zone": (SCHEMA_AND_READER, at_secondary("T09:30:00+07:00", "T09:30:00")),
    "a day with hyphens": (SCHEMA_AND_READER, at_secondary("<NGAY_SINH>11/03/2011", "<NGAY_SINH>11-03-2011")),
    "sex as a number": (SCHEMA_AND_READER, at_secondary("<GIOI_TINH>Nữ", "<GIOI_TINH>2")),
    "a level as a number": (SCHEMA_AND_READER, at_secondary("<MA_CAP_HOC>THCS", "<MA_CAP_HOC>2")),
    "a grade that does not exist": (SCHEMA_AND_READER, at_secondary("<MA_KHOI>9<", "<MA_KHOI>13<")),
    "a UUID that is no version 4": (SCHEMA_AND_READER, at_secondary("-42d3-", "-12d3-")),
    "another profile": (SCHEMA_AND_READER, at_secondary("<PHIEN_BAN>hocba/0", "<PHIEN_BAN>hocba/1")),
    "data under another Id": (SCHEMA_AND_READER, at_secondary('Id="data"', 'Id="d"')),
    "data after the signatures": (
        SCHEMA_AND_READER,
        lambda: re.sub(rb"(<DU_LIEU.*</DU_LIEU_HOC_BA>)(.*)(</HOC_BA>)", rb"\2\1\3", document()),
    ),
    "no list of signatures": (
        SCHEMA_AND_READER,
        lambda: document().replace(
            b"<DANH_SACH_THONG_TIN_KY><GVCN/><CBQL/><KY_PHAT_HANH/></DANH_SACH_THONG_TIN_KY>", b""
        ),
    ),
    "a signer slot twice": (SCHEMA_AND_READER, at_secondary("<CBQL/>", "<CBQL/><CBQL/>")),
    "an origin that goes without saying": (
        SCHEMA_AND_READER,
        at_primary("<TEN_NAM_HOC>", "<NGUON_GOC>digital</NGUON_GOC><TEN_NAM_HOC>"),
    ),
    "a school year that begins with a word": (SCHEMA_AND_READER, at_primary("<TEN_NAM_HOC>", "<TEN_NAM_HOC>Năm ")),
    "a year with a leading zero": (
        SCHEMA_AND_READER,
        at_primary("<NAM_HOC>2023</NAM_HOC>", "<NAM_HOC>02023</NAM_HOC>"),
    ),
    "absences with a sign": (
        SCHEMA_AND_READER,
        at_primary("<TONG_SO_BUOI_NGHI_CO_PHEP>", "<TONG_SO_BUOI_NGHI_CO_PHEP>+"),
    ),
    "a row's Id in small letters": (SCHEMA_AND_READER, at_primary('Id="diem-TOAN"', 'Id="diem-toan"')),
    "text between fields": (SCHEMA_AND_READER, at_secondary("<HO_VA_TEN>", "xin chào<HO_VA_TEN>")),
    # What the schema alone refuses: the reader takes it, and gives back what is written properly.
    "fields in another order": (
        SCHEMA_ALONE,
        at_primary(
            "<NOI_SINH>Thành phố Hải Phòng</NOI_SINH><QUE_QUAN>Tỉnh Lào Cai</QUE_QUAN>",
            "<QUE_QUAN>Tỉnh Lào Cai</QUE_QUAN><NOI_SINH>Thành phố Hải Phòng</NOI_SINH>",
        ),
    ),
    "slots in another order": (SCHEMA_ALONE, at_primary("<CBQL/><KY_PHAT_HANH/>", "<KY_PHAT_HANH/><CBQL/>")),
    "a slot left out": (SCHEMA_ALONE, at_primary("<CBQL/>", "")),
    "an empty element for null": (SCHEMA_ALONE, at_secondary("<TEN_XA_PHUONG>", "<TEN_QUAN_HUYEN/><TEN_XA_PHUONG>")),
    "absences in the corrected spelling": (SCHEMA_ALONE, at_primary("THONG_SO_BUOI", "TONG_SO_BUOI", 2)),
    "a competence in the corrected spelling": (SCHEMA_ALONE, at_primary("GIAO_TIEP_HOC_TAC", "GIAO_TIEP_HOP_TAC", 2)),
    # What the reader alone refuses, because it follows from the level or from another field.
    "weight gone at primary": (READER_ALONE, at_primary("<CAN_NANG>22.5</CAN_NANG>", "")),
    "register number gone at primary": (READER_ALONE, at_primary("<SO_SO_DANG_BO>17/2022</SO_SO_DANG_BO>", "")),
    "district gone while there were districts": (
        READER_ALONE,
        at_primary("<TEN_QUAN_HUYEN>Quận Ngô Quyền</TEN_QUAN_HUYEN>", ""),
    ),
    "a quality gone": (READER_ALONE, at_primary("<PHAM_CHAT_NHAN_AI>Tốt</PHAM_CHAT_NHAN_AI>", "")),
    "the level of a subject gone": (
        READER_ALONE,
        at_primary("<MUC_DAT_DUOC>Hoàn thành tốt</MUC_DAT_DUOC><DIEM_KIEM_TRA_DINH_KY>9<", "<DIEM_KIEM_TRA_DINH_KY>9<"),
    ),
    "the result of the year gone": (READER_ALONE, at_primary("<KET_QUA_XEP_LOAI>Hoàn thành</KET_QUA_XEP_LOAI>", "")),
    "a result of secondary at primary": (
        READER_ALONE,
        at_primary("<KET_QUA_XEP_LOAI>Hoàn thành<", "<KET_QUA_XEP_LOAI>Khá<"),
    ),
    "a mark of secondary at primary": (
        READER_ALONE,
        at_primary(
            "<MUC_DAT_DUOC>Hoàn thành tốt</MUC_DAT_DUOC><DIEM_KIEM_TRA_DINH_KY>9</DIEM_KIEM_TRA_DINH_KY>",
            "<CA_NAM>9.0</CA_NAM>",
        ),
    ),
    "words that contradict the flag": (
        READER_ALONE,
        at_primary("Hoàn thành chương trình lớp 2;", "Chưa hoàn thành chương trình lớp 2;"),
    ),
    "words about another grade": (READER_ALONE, at_primary("Được lên lớp 3.", "Được lên lớp 4.")),
    "a flag that contradicts the words": (
        READER_ALONE,
        at_primary("<DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC>1", "<DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC>0"),
    ),
    "primary completed in grade 2": (
        READER_ALONE,
        at_primary(
            "<NOI_DUNG_KHEN_THUONG>",
            "<DA_HOAN_THANH_CHUONG_TRINH_TIEU_HOC>1</DA_HOAN_THANH_CHUONG_TRINH_TIEU_HOC><NOI_DUNG_KHEN_THUONG>",
        ),
    ),
    "a title in other letters": (
        READER_ALONE,
        at_primary("<NOI_DUNG_KHEN_THUONG>", "<NOI_DUNG_KHEN_THUONG>Học sinh xuất sắc; "),
    ),
    "a title of secondary that does not exist": (
        READER_ALONE,
        at_secondary("<NOI_DUNG_KHEN_THUONG>Học sinh Xuất sắc", "<NOI_DUNG_KHEN_THUONG>Học sinh Tiên tiến"),
    ),
    "a weight of zero": (READER_ALONE, at_primary("<CAN_NANG>22.5", "<CAN_NANG>0")),
    "a date that does not exist": (READER_ALONE, at_primary("<NGAY_SINH>17/05/2016", "<NGAY_SINH>31/02/2016")),
    "a row under another subject's Id": (READER_ALONE, at_primary('Id="diem-TOAN"', 'Id="diem-TOAM"')),
    "letters and accents apart": (READER_ALONE, at_primary("Giàng A Páo", "Giàng A Pa\u0301o")),
    "an invisible space": (READER_ALONE, at_primary("Giàng A Páo", "Giàng\u200b A Páo")),
    "a year that contradicts itself": (READER_ALONE, at_primary("<NAM_HOC>2023</NAM_HOC>", "<NAM_HOC>2022</NAM_HOC>")),
}


@pytest.mark.parametrize(("refused_by", "make"), MUTATIONS.values(), ids=MUTATIONS)
def test_every_mutation_is_refused_by_whom_the_table_says(refused_by, make):
    by_schema, by_reader = refused_by
    assert fits_schema(make()) is not by_schema
    if by_reader:
        with pytest.raises(Unreadable):
            read(make())
    else:
        assert read(make()) in (read(document()), read(document(PRIMARY)))


def elements_of(kept):
    """Each element inside the data part, in a document of its own that may be changed."""
    for at in range(1, len(list(etree.fromstring(kept)[0].iter()))):
        root = etree.fromstring(kept)
        yield root, list(root[0].iter())[at]


def refused(root):
    """By whom a document is refused: schema, reader."""
    data = etree.tostring(root)
    try:
        read(data)
    except Unreadable:
        return (not fits_schema(data), True)
    return (not fits_schema(data), False)


# What may be missing although it is there in a kept document. At primary nothing that the ministry's table marks with X,
# but for the number, which may be still to come, and one line or row of several.
MAY_GO = {
    "th-2": """DIEM_KIEM_TRA_DINH_KY DIEM_TONG_KET HO_VA_TEN_CHA HO_VA_TEN_ME NGAY_TRANG_THAI_CHUYEN_DEN NHAN_XET
        NOI_DUNG_HOAN_THANH_CHUONG_TRINH NOI_DUNG_KHEN_THUONG NOI_DUNG_KHEN_THUONG_DOT_XUAT QUA_TRINH SO_CCCD
        SO_CCCD_GIAO_VIEN SO_CCCD_GIAO_VIEN_CHU_NHIEM TEN_GIAO_VIEN""",
    "thpt-12": """CA_NAM CHO_O_HIEN_NAY CHUNG_CHI CHUYEN_DE DANH_GIA_LAI DAN_TOC DIEM_TONG_KET HOC_KY_1 HOC_KY_2 HO_VA_TEN_CHA
        HO_VA_TEN_ME NGUON_GOC NHAN_XET NHAN_XET_GVCN NHAN_XET_SAU_HE NOI_SINH QUA_TRINH QUE_QUAN SAU_HE SO_CCCD
        SO_CCCD_GIAM_HIEU_KY_HOC_BA SO_CCCD_GIAO_VIEN SO_CCCD_GIAO_VIEN_CHU_NHIEM SO_SO_DANG_BO THANH_TICH_KHAC""",
}


# What the schema lets go besides, because another level does not have it or another field decides; the reader does not.
READERS_OWN = {
    "th-2": """CAN_NANG CHIEU_CAO CHO_O_HIEN_NAY DAN_TOC DUOC_MIEN KET_QUA_XEP_LOAI MUC_DAT_DUOC
        NANG_LUC_GIAI_QUYET_VAN_DE_SANG_TAO NANG_LUC_GIAO_TIEP_HOC_TAC NANG_LUC_KHOA_HOC NANG_LUC_NGON_NGU NANG_LUC_THAM_MI
        NANG_LUC_THE_CHAT NANG_LUC_TINH_TOAN NANG_LUC_TU_CHU_TU_HOC NHAN_XET_GVCN NHAN_XET_NANG_LUC_CHUNG
        NHAN_XET_NANG_LUC_DAC_THU NHAN_XET_PHAM_CHAT NOI_SINH PHAM_CHAT_CHAM_CHI PHAM_CHAT_NHAN_AI PHAM_CHAT_TRACH_NHIEM
        PHAM_CHAT_TRUNG_THUC PHAM_CHAT_YEU_NUOC QUE_QUAN SO_CCCD_GIAM_HIEU_KY_HOC_BA SO_SO_DANG_BO TEN_QUAN_HUYEN""",
    "thpt-12": "DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_PHO_THONG KET_QUA_XEP_LOAI",
}


@pytest.mark.parametrize("name", MAY_GO)
def test_nothing_can_be_left_out_but_what_is_optional(name):
    gone, gone_for_schema = set(), set()
    for root, element in elements_of(KEPT[name].read_bytes()):
        element.getparent().remove(element)
        by_schema, by_reader = refused(root)
        gone |= set() if by_reader else {element.tag}
        gone_for_schema |= set() if by_schema else {element.tag}
    assert gone == set(MAY_GO[name].split())
    assert gone_for_schema == gone | set(READERS_OWN[name].split())


@pytest.mark.parametrize("name", MAY_GO)
def test_nothing_can_stand_twice_stand_empty_or_carry_an_attribute(name):
    for root, element in elements_of(KEPT[name].read_bytes()):
        element.addnext(copy.deepcopy(element))
        # A year of the history may well be there twice; it is a list, and nothing in it is an Id.
        assert refused(root) == ((False, False) if element.tag == "QUA_TRINH" else (True, True)), element.tag
    for root, element in elements_of(KEPT[name].read_bytes()):
        if len(element) == 0:
            element.text = None
            assert refused(root)[0], element.tag
    for root, element in elements_of(KEPT[name].read_bytes()):
        element.set("GHI_CHU", "x")
        assert refused(root) == (True, True), element.tag


@pytest.mark.parametrize("name", MAY_GO)
def test_nothing_can_be_said_between_elements_or_inside_values(name):
    for root, element in elements_of(KEPT[name].read_bytes()):
        element.tail = "10,0"
        assert refused(root) == (True, True), element.tag
    for root, element in elements_of(KEPT[name].read_bytes()):
        etree.SubElement(element, "GHI_CHU").text = "10,0"
        assert refused(root) == (True, True), element.tag


def test_the_schema_fetches_nothing():
    assert not [element.tag for element in TREE.iter(f"{XS}import", f"{XS}include", f"{XS}redefine")]
    assert b"schemaLocation" not in SOURCE


def test_every_element_says_where_it_comes_from():
    sources = re.compile(r"CV 2088|QĐ 1789|TT 2[27]|NDC|profile 0|chữ ký")
    for element in TREE.iter(f"{XS}element"):
        if element.get("ref") is None:
            assert sources.search(element.findtext(f"{XS}annotation/{XS}documentation") or ""), element.get("name")


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "SubjectCode": [subject.code for subject in SUBJECTS],
        "Level": [level.value for level in Level],
        "Rating": [word.value for word in Rating],
        "Overall": [*dict.fromkeys(word.value for word in (*Overall, *Rating))],
        "Achievement": [word.value for word in Achievement],
        "TraitLevel": [word.value for word in TraitLevel],
    }.items(),
)
def test_the_words_of_the_schema_are_those_of_the_code(name, words):
    listed = TREE.findall(f"{XS}simpleType[@name='{name}']/{XS}restriction/{XS}enumeration")
    assert [each.get("value") for each in listed] == words
    assert all(
        word.value in TREE.find(f"{XS}simpleType[@name='Mark']//{XS}pattern").get("value") for word in Attainment
    )
