# SPDX-License-Identifier: Apache-2.0

"""The ministry's XML: what is written and read back, at each level, and what cannot be written."""

import re
import unicodedata
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid1

import pytest
from lxml import etree
from record_documents import (
    CREATED,
    KEPT,
    OLD,
    PLANNED,
    PRIMARY,
    RECORD,
    RECORDS,
    UNIT,
    changed,
    document,
    with_class,
    with_first_subject,
    with_pupil,
    with_year,
)

from ledger.record.digest import record_digest
from ledger.record.errors import Unwritable
from ledger.record.scales import Achievement, Origin, PrimaryAward, Trait
from ledger.record.subjects import Level
from ledger.record.xml import PROFILE, read, write

DIGESTS = {
    "thcs-9": "6aebf59ec534289c12fb567efdea8ec61b0caf65df4ef9391c9449f871c7edde",
    "thpt-12": "03c401ee2cd26ca970c8905791893de3d2ad565f5b86310a16fef73871513aba",
    "th-2": "be39acb6a495b8d4cc7d371952781e0940d12b0b4d4d2ed9ccd5077a8faf1253",
    "th-3": "eb237fa445bc7a2fada67d2fc23a577e0722d21cebc44cbdfe03e73b4fa39b6a",
    "th-5": "c53cabb873bd84888a4f6e3b377d2d214b381aae114869fde1430f52c291968b",
}
# CV 2088/BGDĐT-GDTH, Annex 1.1, typed off: every tag in the table's order; `*` after those that it marks with X.
TABLE = {
    "THONG_TIN_CHUNG": """PHIEN_BAN* THONG_TU* MA_TRA_CUU_UUID* TEN_NAM_HOC* MA_SO_GIAO_DUC* TEN_SO_GD* MA_TRUONG* TEN_TRUONG*
        TEN_QUAN_HUYEN* TEN_XA_PHUONG* TEN_TINH_THANH_PHO* MA_CAP_HOC* SO_SO_DANG_BO* HO_VA_TEN* SO_CCCD* MA_HOC_SINH*
        GIOI_TINH* NGAY_SINH* CAN_NANG* CHIEU_CAO* TONG_SO_BUOI_NGHI_CO_PHEP* THONG_SO_BUOI_NGHI_KHONG_PHEP* NOI_SINH*
        QUE_QUAN* CHO_O_HIEN_NAY* DAN_TOC* QUOC_TICH* HO_VA_TEN_CHA HO_VA_TEN_ME* HO_VA_TEN_NGUOI_GIAM_HO
        TEN_GIAM_HIEU_KY_HOC_BA* SO_CCCD_GIAM_HIEU_KY_HOC_BA* DIA_DANH_PHAT_HANH_HOC_BA* NGAY_TAO_HOC_BA*
        NGAY_KY_PHAT_HANH_HOC_BA* CHUC_VU_GIAM_HIEU_KY_HOC_BA* TEN_GIAO_VIEN_CHU_NHIEM SO_CCCD_GIAO_VIEN_CHU_NHIEM MA_KHOI*
        TEN_LOP* NAM_HOC*""",
    "TONG_KET": """KET_QUA_XEP_LOAI* DUOC_LEN_LOP* NOI_DUNG_HOAN_THANH_CHUONG_TRINH DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC*
        DA_HOAN_THANH_CHUONG_TRINH_TIEU_HOC NOI_DUNG_KHEN_THUONG NOI_DUNG_KHEN_THUONG_DOT_XUAT NHAN_XET_GVCN*""",
    "DIEM_TONG_KET": "MA_MON_HOC* TEN_MON_HOC* MUC_DAT_DUOC* DIEM_KIEM_TRA_DINH_KY",
    "DANH_GIA_NANG_LUC_PHAM_CHAT": """NANG_LUC_TU_CHU_TU_HOC* NANG_LUC_GIAO_TIEP_HOC_TAC* NANG_LUC_GIAI_QUYET_VAN_DE_SANG_TAO*
        NANG_LUC_NGON_NGU* NANG_LUC_TINH_TOAN* NANG_LUC_KHOA_HOC* NANG_LUC_CONG_NGHE NANG_LUC_TIN_HOC NANG_LUC_THAM_MI*
        NANG_LUC_THE_CHAT* PHAM_CHAT_YEU_NUOC* PHAM_CHAT_NHAN_AI* PHAM_CHAT_CHAM_CHI* PHAM_CHAT_TRUNG_THUC*
        PHAM_CHAT_TRACH_NHIEM* NHAN_XET_PHAM_CHAT* NHAN_XET_NANG_LUC_CHUNG* NHAN_XET_NANG_LUC_DAC_THU*""",
}
TAGS = {group: tags.split() for group, tags in TABLE.items()}


@pytest.mark.parametrize("name", KEPT)
def test_a_document_of_profile_0_stays_readable_for_good(name):
    kept = KEPT[name].read_bytes()
    unit = read(kept)
    arguments = {
        "created_at": unit.created_at,
        "planned_issue_date": unit.planned_issue_date,
        "replaces": unit.replaces,
    }
    assert write(unit.record, unit_id=unit.unit_id, **arguments) == kept
    assert record_digest(kept).hex() == DIGESTS[name]
    assert unit.profile == PROFILE


def test_a_document_says_who_made_it_when_and_in_whose_place():
    unit = read(document(replaces=OLD))
    assert (unit.unit_id, unit.created_at, unit.planned_issue_date, unit.replaces) == (UNIT, CREATED, PLANNED, OLD)
    assert read(document()).replaces is None


@pytest.mark.parametrize("group", TAGS)
def test_the_fields_of_the_ministrys_table_stand_to_the_letter_and_in_its_order(group):
    """Over all primary documents together, because no pupil has every field."""
    table = [tag.rstrip("*") for tag in TAGS[group]]
    met = set()
    for name in ("th-2", "th-3", "th-5"):
        for element in etree.fromstring(KEPT[name].read_bytes()).iter(group):
            written = [child.tag for child in element if child.tag in table]
            assert written == [tag for tag in table if tag in written]
            met.update(written)
    assert met == set(table)


def test_a_document_of_primary_leaves_out_no_field_with_a_cross():
    root = etree.fromstring(document(PRIMARY))
    crossed = {tag.rstrip("*") for tags in TAGS.values() for tag in tags if tag.endswith("*")}
    assert crossed <= {element.tag for element in root.iter()}


def test_the_ministrys_tags_stand_to_the_letter_at_secondary():
    root = etree.fromstring(document())
    assert [child.tag for child in root] == ["DU_LIEU_HOC_BA", "DANH_SACH_THONG_TIN_KY"]
    assert [child.tag for child in root[0]] == ["THONG_TIN_CHUNG", "QUA_TRINH_HOC_TAP", "TONG_KET"]
    assert [child.tag for child in root[1]] == ["GVCN", "CBQL", "KY_PHAT_HANH"]
    assert root.findtext(".//THONG_SO_BUOI_NGHI_KHONG_PHEP") == "0"
    assert root.findtext(".//MA_TRA_CUU_UUID") == str(UNIT)
    assert root.findtext(".//NGAY_KY_PHAT_HANH_HOC_BA") == "2026-05-28T09:30:00+07:00"
    assert root.findtext(".//NGAY_TAO_HOC_BA") == "2026-05-20T08:02:03+07:00"
    assert root.findtext(".//TEN_NAM_HOC") == "2025-2026"
    assert root.findtext(".//DIEM_TONG_KET[@Id='diem-TOAN']/CA_NAM") == "9.1"
    assert root.findtext(".//DIEM_TONG_KET[@Id='diem-NGHE_THUAT']/CA_NAM") == "Đạt"


def test_what_secondary_gained_has_its_own_tags():
    root = etree.fromstring(KEPT["thpt-12"].read_bytes())
    assert root.findtext(".//NGUON_GOC") == "digitised_paper"
    assert root.findtext(".//DIEM_TONG_KET[@Id='diem-TOAN']/DANH_GIA_LAI") == "5.5"
    assert root.findtext(".//DIEM_TONG_KET[@Id='diem-TOAN']/CHUYEN_DE") == "1"
    assert root.findtext(".//KET_QUA_HOC_TAP/SAU_HE") == root.findtext(".//KET_QUA_REN_LUYEN/SAU_HE") == "Đạt"
    assert root.findtext(".//NHAN_XET_SAU_HE") == RECORDS["thpt-12"].year.summer_comment
    assert root.findtext(".//CHUNG_CHI") == RECORDS["thpt-12"].year.certificates
    assert root.findtext(".//THANH_TICH_KHAC") == RECORDS["thpt-12"].year.other_awards


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_null_is_an_absent_element(record):
    data = etree.fromstring(document(record))[0]
    empty = {element.tag for element in data.iter() if len(element) == 0 and not element.text}
    # A pupil who is not assessed has both tables, and nothing in them.
    assert empty == ({"BANG_DIEM", "DANH_GIA_NANG_LUC_PHAM_CHAT"} if record.year.not_assessed else set())


def test_the_last_grade_says_that_the_level_is_completed():
    lower = "DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_CO_SO"
    assert etree.fromstring(document()).findtext(f".//{lower}") == "1"
    assert etree.fromstring(document(with_class(grade=8))).find(f".//{lower}") is None
    upper = "DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_PHO_THONG"
    assert etree.fromstring(KEPT["thpt-12"].read_bytes()).findtext(f".//{upper}") == "1"
    assert etree.fromstring(KEPT["th-5"].read_bytes()).findtext(".//DA_HOAN_THANH_CHUONG_TRINH_TIEU_HOC") == "0"
    assert etree.fromstring(document(PRIMARY)).find(".//DA_HOAN_THANH_CHUONG_TRINH_TIEU_HOC") is None


@pytest.mark.parametrize(
    ("grade", "completed", "promoted", "words"),
    [
        (2, True, True, "Hoàn thành chương trình lớp 2; Được lên lớp 3."),
        (2, False, True, "Chưa hoàn thành chương trình lớp 2; Được lên lớp 3."),
        (2, False, False, "Chưa hoàn thành chương trình lớp 2; Chưa được lên lớp."),
        (5, True, True, "Hoàn thành chương trình tiểu học."),
        (5, False, False, "Chưa hoàn thành chương trình tiểu học."),
    ],
)
def test_completion_is_said_in_the_words_of_the_form(grade, completed, promoted, words):
    record = with_class(with_year(PRIMARY, completed=completed, promoted=promoted), grade=grade)
    written = document(record)
    assert etree.fromstring(written).findtext(".//NOI_DUNG_HOAN_THANH_CHUONG_TRINH") == words
    assert read(written).record == record


@pytest.mark.parametrize(
    ("award", "others", "text"),
    [
        (None, None, None),
        (PrimaryAward.XUAT_SAC, None, "Học sinh Xuất sắc"),
        (None, "Giấy khen", "Giấy khen"),
        (PrimaryAward.XUAT_SAC, "Giấy khen; cờ đỏ", "Học sinh Xuất sắc; Giấy khen; cờ đỏ"),
        (None, "Giấy khen; Học sinh Xuất sắc môn Toán", "Giấy khen; Học sinh Xuất sắc môn Toán"),
        (None, "Học sinh Xuất sắc môn Toán", "Học sinh Xuất sắc môn Toán"),
    ],
)
def test_title_and_other_awards_share_a_field_and_come_apart_again(award, others, text):
    record = with_year(PRIMARY, award=award, other_awards=others)
    written = document(record)
    assert etree.fromstring(written).findtext(".//NOI_DUNG_KHEN_THUONG") == text
    assert read(written).record == record


@pytest.mark.parametrize(
    ("measure", "text"),
    [("22.50", "22.5"), ("100", "100"), ("1E+2", "100"), ("0.0001", "0.0001"), ("999.9999", "999.9999")],
)
def test_weight_and_height_have_a_point_and_only_the_decimals_they_need(measure, text):
    record = with_year(PRIMARY, weight=Decimal(measure), height=Decimal(measure))
    root = etree.fromstring(document(record))
    assert root.findtext(".//CAN_NANG") == root.findtext(".//CHIEU_CAO") == text
    assert read(document(record)).record == record


SURVIVES = {
    "what looks like markup": with_pupil(name="Nguyễn <b>&amp;\"'</b> ]]> An"),
    "an ampersand": with_pupil(mother="Ê Đê & Con"),
    "a foreigner without number": with_pupil(personal_id=None, nationality="Hàn Quốc", ethnicity=None),
    "a foreigner with passport": with_pupil(personal_id=None, nationality="Hàn Quốc", passport="M12345678"),
    "a number that is still to come": with_pupil(personal_id=None, number_pending=True),
    "a name of one word": with_pupil(name="Páo", single_name=True),
    "no history": replace(RECORD, history=()),
    "a day of arrival": replace(RECORD, history=(replace(RECORD.history[0], arrived=date(2025, 9, 5)),) * 2),
    "a district": replace(RECORD, school=replace(RECORD.school, district="Quận Hải An")),
    "paper, digitised": replace(RECORD, origin=Origin.DIGITISED_PAPER),
    "no teacher, excused": with_first_subject(teacher=None, exempt=True, hk1=None),
    "a zero with a sign": with_first_subject(hk1=Decimal("-0")),
    "nothing but the title": with_year(PRIMARY, award=PrimaryAward.TIEU_BIEU, other_awards=None),
    "no district any more": replace(
        with_class(PRIMARY, school_year="2025-2026"), school=replace(PRIMARY.school, district=None)
    ),
    "a father alone": with_pupil(PRIMARY, mother=None, guardian=None),
    "a guardian for a mother": with_pupil(PRIMARY, mother=None, guardian="Giàng A Của"),
    "a primary pupil whose number is to come": with_pupil(PRIMARY, personal_id=None, number_pending=True),
    "a primary foreigner": with_pupil(
        PRIMARY, personal_id=None, nationality="Lào", ethnicity=None, hometown=None, passport="P1"
    ),
    "a subject nobody reached, excused": with_first_subject(PRIMARY, level=None, test=None, exempt=True),
    "a test of zero": with_first_subject(PRIMARY, test=0),
}


@pytest.mark.parametrize("record", SURVIVES.values(), ids=SURVIVES)
def test_what_is_unusual_survives(record):
    assert read(document(record)).record == record


def test_a_number_that_is_to_come_is_told_from_nationality():
    """There is no tag for it: a citizen without a number waits for one."""
    assert b"PENDING" not in document(with_pupil(personal_id=None, number_pending=True))
    assert read(document(with_pupil(personal_id=None, number_pending=True))).record.pupil.number_pending
    assert not read(document(with_pupil(personal_id=None, nationality="Lào"))).record.pupil.number_pending


def lacking(record):
    """The record once for each compulsory field that a `Record` can lack, by the tag that it then has not."""
    of_pupil = {
        "SO_CCCD": "personal_id",
        "GIOI_TINH": "sex",
        "NGAY_SINH": "birth_date",
        "SO_SO_DANG_BO": "register_number",
        "NOI_SINH": "birthplace",
        "QUE_QUAN": "hometown",
        "CHO_O_HIEN_NAY": "address",
        "DAN_TOC": "ethnicity",
    }
    of_year = {
        "CAN_NANG": "weight",
        "CHIEU_CAO": "height",
        "TONG_SO_BUOI_NGHI_CO_PHEP": "absences_excused",
        "THONG_SO_BUOI_NGHI_KHONG_PHEP": "absences_unexcused",
        "KET_QUA_XEP_LOAI": "overall",
        "DUOC_LEN_LOP": "promoted",
        "DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC": "completed",
        "NHAN_XET_GVCN": "homeroom_comment",
        "NHAN_XET_PHAM_CHAT": "quality_comment",
        "NHAN_XET_NANG_LUC_CHUNG": "general_comment",
        "NHAN_XET_NANG_LUC_DAC_THU": "specific_comment",
    }
    traits = record.year.traits
    return {
        **{tag: with_pupil(record, **{name: None}) for tag, name in of_pupil.items()},
        **{tag: with_year(record, **{name: None}) for tag, name in of_year.items()},
        **{
            trait.value: with_year(record, traits={each: level for each, level in traits.items() if each is not trait})
            for trait in Trait
            if not trait.optional
        },
        "SO_CCCD_GIAM_HIEU_KY_HOC_BA": with_class(
            record, principal=replace(record.class_info.principal, personal_id=None)
        ),
        "TEN_QUAN_HUYEN": replace(record, school=replace(record.school, district=None)),
        "QUA_TRINH": replace(record, history=()),
        "DIEM_TONG_KET": with_year(record, subjects=()),
        "MUC_DAT_DUOC": with_first_subject(record, level=None),
    }


@pytest.mark.parametrize(("tag", "record"), lacking(PRIMARY).items(), ids=lacking(PRIMARY))
def test_a_compulsory_field_that_is_missing_at_primary_is_named_with_where_to_enter_it(tag, record):
    with pytest.raises(Unwritable, match=rf"\({tag}\)") as refusal:
        document(record)
    where = r"(Học sinh|Thông tin|Kết quả|Môn học|Phẩm chất năng lực|Quá trình học tập)"
    assert re.search(rf"Hãy bổ sung ở trang {where} ", refusal.value.vi)


@pytest.mark.parametrize(
    ("tag", "record"),
    {
        "SO_CCCD": with_pupil(personal_id=None),
        "GIOI_TINH": with_pupil(sex=None),
        "NGAY_SINH": with_pupil(birth_date=None),
        "TONG_SO_BUOI_NGHI_CO_PHEP": with_year(absences_excused=None),
        "THONG_SO_BUOI_NGHI_KHONG_PHEP": with_year(absences_unexcused=None),
        "DUOC_LEN_LOP": with_year(promoted=None),
    }.items(),
)
def test_a_compulsory_field_that_is_missing_at_secondary_is_named(tag, record):
    with pytest.raises(Unwritable, match=rf"\({tag}\)"):
        document(record)


def test_the_last_school_year_with_districts_was_that_of_2024():
    without = replace(PRIMARY, school=replace(PRIMARY.school, district=None))
    with pytest.raises(Unwritable, match=r"\(TEN_QUAN_HUYEN\)"):
        document(with_class(without, school_year="2024-2025"))
    assert read(document(with_class(without, school_year="2025-2026"))).record.school.district is None


def test_who_is_not_assessed_lacks_nothing_that_assessment_gives():
    assert RECORDS["th-3"].year.not_assessed
    assert RECORDS["th-3"].year.overall is None


IMPOSSIBLE = {
    "an empty name": with_pupil(name=""),
    "two spaces": with_pupil(name="Nguyễn  An"),
    "letters and accents apart": with_pupil(name=unicodedata.normalize("NFD", "Nguyễn An")),
    "an invisible space": with_pupil(name="Nguyễn\u200bAn"),
    "a zero byte": with_pupil(name="Nguyễn\x00An"),
    "a leading space": with_pupil(mother=" Lê An"),
    "negative absences": with_year(absences_excused=-1),
    "an empty ward": replace(RECORD, school=replace(RECORD.school, ward="")),
    "a year without digits": with_class(school_year="năm nay"),
    "a grade that does not exist": with_class(grade=13),
    "an unknown subject": with_first_subject(code="PHEP_THUAT"),
    "a subject twice": with_year(subjects=(RECORD.year.subjects[0],) * 2),
    **{
        f"a mark of {mark}": with_first_subject(hk1=Decimal(mark))
        for mark in ("10.1", "-0.1", "7.25", "NaN", "Infinity", "1E+5000")
    },
    "a mark of 7.25 after the summer": with_first_subject(reassessed=Decimal("7.25")),
    "results of primary at lower secondary": with_class(PRIMARY, level=Level.THCS),
    "results of secondary at primary": with_class(level=Level.TH),
    "a pending number that is there": with_pupil(number_pending=True),
    "a pending number of a foreigner": with_pupil(personal_id=None, nationality="Lào", number_pending=True),
    "an unknown subject at primary": with_first_subject(PRIMARY, code="PHEP_THUAT"),
    "a test of 11": with_first_subject(PRIMARY, test=11),
    "a negative test": with_first_subject(PRIMARY, test=-1),
    **{
        f"a weight of {weight}": with_year(PRIMARY, weight=Decimal(weight))
        for weight in ("0", "-20", "1000", "20.00001", "NaN", "Infinity", "1E+9000", "1E-9000")
    },
    "a title among the other awards": with_year(PRIMARY, award=None, other_awards="Học sinh Xuất sắc"),
    "a title before other awards": with_year(PRIMARY, award=None, other_awards="Học sinh Xuất sắc; Giấy khen"),
    "a title in other letters": with_year(PRIMARY, award=None, other_awards="Học Sinh xuất sắc;Giấy khen"),
    "a title twice": with_year(PRIMARY, award=PrimaryAward.TIEU_BIEU, other_awards="Học sinh Xuất sắc"),
    "other awards that are empty": with_year(PRIMARY, award=PrimaryAward.XUAT_SAC, other_awards=""),
}


@pytest.mark.parametrize("record", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_contradictory_or_unclean_record_is_not_written(record):
    with pytest.raises(Unwritable) as refusal:
        document(record)
    assert "Hãy " in refusal.value.vi
    assert refusal.value.vi != refusal.value.en


@pytest.mark.parametrize(
    "changes",
    [{"unit_id": uuid1()}, {"replaces": UNIT}, {"created_at": CREATED.replace(tzinfo=None)}],
    ids=["no version 4", "replaces itself", "no time zone"],
)
def test_an_impossible_identity_is_not_written(changes):
    with pytest.raises(Unwritable):
        document(**changes)


def test_fractions_of_a_second_are_cut():
    assert document(created_at=CREATED.replace(microsecond=999_999)) == document()


BIRTH = RECORD.pupil.birth_date.isoformat()
ALLOWED = {
    "the corrected spelling of absences": changed("THONG_SO_BUOI_NGHI_KHONG_PHEP", "TONG_SO_BUOI_NGHI_KHONG_PHEP", 2),
    "a day in ISO 8601": changed(RECORD.pupil.birth_date.strftime("%d/%m/%Y"), BIRTH),
    "a day with a time": changed(RECORD.pupil.birth_date.strftime("%d/%m/%Y"), f"{BIRTH}T00:00:00+07:00"),
    "a time in another zone": changed("2026-05-28T09:30:00+07:00", "2026-05-28T02:30:00Z"),
    "a byte-order mark": b"\xef\xbb\xbf" + document(),
    "no declaration": document().split(b"\n", 1)[1],
    "an empty element for an absent one": changed("<TEN_XA_PHUONG>", "<TEN_QUAN_HUYEN/><TEN_XA_PHUONG>"),
    "white space between elements": etree.tostring(etree.fromstring(document()), pretty_print=True, encoding="UTF-8"),
    "a namespace on the frame": changed("<HOC_BA>", '<HOC_BA xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'),
    "an upper-case UUID": changed(str(UNIT), str(UNIT).upper()),
}


@pytest.mark.parametrize("data", ALLOWED.values(), ids=ALLOWED)
def test_what_others_may_write_otherwise_is_read(data):
    assert read(data) == read(document())


ALLOWED_AT_PRIMARY = {
    "the corrected spelling of a competence": ("NANG_LUC_GIAO_TIEP_HOC_TAC", "NANG_LUC_GIAO_TIEP_HOP_TAC", 2),
    "a zero after the point": (">22.5<", ">22.50<", 1),
    "completion in flags alone": (
        "<NOI_DUNG_HOAN_THANH_CHUONG_TRINH>Hoàn thành chương trình lớp 2; Được lên lớp 3.</NOI_DUNG_HOAN_THANH_CHUONG_TRINH>",
        "",
        1,
    ),
}


@pytest.mark.parametrize("change", ALLOWED_AT_PRIMARY.values(), ids=ALLOWED_AT_PRIMARY)
def test_what_others_may_write_otherwise_at_primary_is_read(change):
    assert read(changed(*change, record=PRIMARY)).record == PRIMARY


def test_a_level_is_a_word_of_its_own_scale():
    """`Hoàn thành` stands on two scales; what was reached in a subject is read on that of subjects."""
    assert read(document(PRIMARY)).record.year.subjects[2].level is Achievement.HOAN_THANH
