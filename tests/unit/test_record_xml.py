# SPDX-License-Identifier: Apache-2.0

"""The ministry's XML: what is written, what is read back, and what is refused."""

import hashlib
import unicodedata
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid1

import pytest
import xmlsec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from ledger.record.check import check_workbook
from ledger.record.digest import record_digest
from ledger.record.errors import Hostile, RecordError, Unreadable, Unwritable
from ledger.record.parsing import MAX_BYTES
from ledger.record.xml import PROFILE, data_element, read, write
from scripts.sample_class import make_workbook

UNIT = UUID("123e4567-e89b-42d3-a456-556642440000")
OLD = UUID("7b4de9a2-1c55-4a6f-9c1e-0a5f3d2b1c00")
CREATED = datetime(2026, 5, 20, 1, 2, 3, tzinfo=UTC)
PLANNED = datetime(2026, 5, 28, 9, 30, tzinfo=timezone(timedelta(hours=7)))
RECORDS = check_workbook(make_workbook(), file="9A1").class_sheet.records
RECORD = RECORDS[1]
DS = "{http://www.w3.org/2000/09/xmldsig#}"


def document(record=RECORD, **changes):
    arguments = {"unit_id": UNIT, "created_at": CREATED, "planned_issue_date": PLANNED}
    return write(record, **(arguments | changes))


def changed(old, new, count=1):
    text = document().decode()
    assert old in text
    return text.replace(old, new, count).encode()


def test_every_record_of_a_class_comes_back_as_it_was():
    for record in RECORDS:
        unit = read(document(record))
        assert (unit.record, unit.unit_id, unit.created_at, unit.planned_issue_date) == (record, UNIT, CREATED, PLANNED)
        assert (unit.replaces, unit.profile) == (None, PROFILE)


def test_writing_what_was_read_gives_the_same_bytes():
    unit = read(document(replaces=OLD))
    again = write(
        unit.record,
        unit_id=unit.unit_id,
        created_at=unit.created_at,
        planned_issue_date=unit.planned_issue_date,
        replaces=unit.replaces,
    )
    assert again == document(replaces=OLD)


def test_a_document_of_profile_0_stays_readable_for_good():
    """The file is never written again: documents like it carry signatures."""
    kept = (Path(__file__).parents[1] / "vectors/record/hocba-0.xml").read_bytes()
    unit = read(kept)
    arguments = {
        "created_at": unit.created_at,
        "planned_issue_date": unit.planned_issue_date,
        "replaces": unit.replaces,
    }
    assert write(unit.record, unit_id=unit.unit_id, **arguments) == kept
    assert record_digest(kept).hex() == "6aebf59ec534289c12fb567efdea8ec61b0caf65df4ef9391c9449f871c7edde"


def test_the_ministrys_tags_stand_to_the_letter():
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


def test_a_null_is_an_absent_element():
    data = etree.fromstring(document())[0]
    assert data.find(".//TEN_QUAN_HUYEN") is None
    assert data.find(".//HO_VA_TEN_NGUOI_GIAM_HO") is None
    assert not [element.tag for element in data.iter() if len(element) == 0 and not element.text]


def test_the_last_grade_says_that_the_level_is_completed():
    assert etree.fromstring(document()).findtext(".//DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_CO_SO") == "1"
    eighth = check_workbook(make_workbook(grade=8, class_name="8A1"), file="8A1").class_sheet.records[1]
    assert etree.fromstring(document(eighth)).find(".//DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_CO_SO") is None


def test_the_attachment_reads_and_digests_like_the_document():
    attachment = data_element(document())
    assert attachment.startswith(b'<DU_LIEU_HOC_BA Id="data">')
    assert read(attachment) == read(document())
    assert record_digest(attachment) == record_digest(document()) == hashlib.sha256(attachment).digest()


def test_the_digest_is_that_of_another_implementation_and_outlives_signatures():
    """xmlsec computes the same digest for `#data`, and a signature in its slot leaves it as it was."""
    root = etree.fromstring(document())
    slot = root.find(".//KY_PHAT_HANH")
    signature = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
    slot.append(signature)
    reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri="#data")
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM)
    xmlsec.tree.add_ids(root, ["Id"])
    context.sign(signature)
    signed = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    assert b64decode(root.findtext(f".//{DS}DigestValue")) == record_digest(document()) == record_digest(signed)
    assert read(signed) == read(document())


def test_a_namespace_on_the_frame_does_not_reach_the_digest():
    framed = changed("<HOC_BA>", '<HOC_BA xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:x="urn:x">')
    assert record_digest(framed) == record_digest(document())


def test_one_letter_changes_the_digest():
    assert record_digest(changed(RECORD.pupil.name, RECORD.pupil.name + "h")) != record_digest(document())


def test_the_corrected_spelling_and_iso_dates_of_others_are_read():
    other = changed("THONG_SO_BUOI_NGHI_KHONG_PHEP", "TONG_SO_BUOI_NGHI_KHONG_PHEP", 2)
    assert read(other).record == RECORD
    birth = RECORD.pupil.birth_date
    for written in (birth.isoformat(), f"{birth.isoformat()}T00:00:00+07:00"):
        assert read(changed(birth.strftime("%d/%m/%Y"), written)).record == RECORD


def pupil(**changes):
    return replace(RECORD, pupil=replace(RECORD.pupil, **changes))


@pytest.mark.parametrize(
    "record",
    [
        pupil(name="Nguyễn <b>&amp;\"'</b> ]]> An"),
        pupil(mother="Ê Đê & Con"),
        pupil(personal_id=None, nationality="Hàn Quốc", ethnicity=None),
        replace(RECORD, history=()),
        replace(RECORD, history=(replace(RECORD.history[0], arrived=date(2025, 9, 5)),) * 2),
        replace(RECORD, school=replace(RECORD.school, district="Quận Hải An")),
        replace(
            RECORD,
            year=replace(
                RECORD.year, subjects=(replace(RECORD.year.subjects[0], teacher=None, exempt=True, hk1=None),)
            ),
        ),
    ],
)
def test_what_looks_like_markup_or_is_missing_survives(record):
    assert read(document(record)).record == record


@pytest.mark.parametrize(
    "record",
    [
        pupil(name=""),
        pupil(name="Nguyễn  An"),
        pupil(name=unicodedata.normalize("NFD", "Nguyễn An")),
        pupil(name="Nguyễn\u200bAn"),
        pupil(name="Nguyễn\x00An"),
        pupil(mother=" Lê An"),
        pupil(birth_date=None),
        pupil(sex=None),
        replace(RECORD, year=replace(RECORD.year, promoted=None)),
        replace(RECORD, year=replace(RECORD.year, absences_excused=None)),
        replace(RECORD, year=replace(RECORD.year, absences_excused=-1)),
        replace(RECORD, school=replace(RECORD.school, ward="")),
        replace(RECORD, class_info=replace(RECORD.class_info, school_year="năm nay")),
        replace(RECORD, year=replace(RECORD.year, subjects=(replace(RECORD.year.subjects[0], code="PHEP_THUAT"),))),
        replace(RECORD, year=replace(RECORD.year, subjects=(RECORD.year.subjects[0], RECORD.year.subjects[0]))),
        *(
            replace(RECORD, year=replace(RECORD.year, subjects=(replace(RECORD.year.subjects[0], hk1=Decimal(mark)),)))
            for mark in ("10.1", "-0.1", "7.25", "NaN", "Infinity", "1E+5000")
        ),
    ],
)
def test_an_incomplete_or_unclean_record_is_not_written(record):
    with pytest.raises(Unwritable) as refusal:
        document(record)
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


SECOND = "<DU_LIEU_HOC_BA Id='other'/>"
HOSTILE = {
    "a DTD": lambda: changed("<HOC_BA>", "<!DOCTYPE x [<!ENTITY a 'b'>]><HOC_BA>"),
    "an external entity": lambda: changed("<HOC_BA>", "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><HOC_BA>"),
    "another encoding, declared": lambda: changed("encoding='UTF-8'", "encoding='ISO-8859-1'"),
    "another encoding, used": lambda: document().decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "bytes that are no UTF-8": lambda: document().replace("Đạt".encode(), b"\xff\xfe"),
    "too large": lambda: b"<HOC_BA>" + b" " * MAX_BYTES + b"</HOC_BA>",
    "too deep": lambda: changed("<GVCN/>", "<GVCN>" + "<x>" * 60 + "</x>" * 60 + "</GVCN>"),
    "too many elements": lambda: changed("<GVCN/>", "<GVCN>" + "<x/>" * 30_000 + "</GVCN>"),
    "an Id twice": lambda: changed("<GVCN/>", "<GVCN Id='data'/>"),
    "an Id twice, in another spelling": lambda: changed("<GVCN/>", "<GVCN><x xml:id='data'/></GVCN>"),
    "a second data part in a signer slot": lambda: changed("<GVCN/>", f"<GVCN>{SECOND}</GVCN>"),
    "a second data part beside": lambda: changed("<DANH_SACH", f"{SECOND}<DANH_SACH"),
    "a second data part in a namespace": lambda: changed("<GVCN/>", "<GVCN><DU_LIEU_HOC_BA xmlns='urn:x'/></GVCN>"),
    "a data part with another Id": lambda: changed('Id="data"', 'Id="datA"'),
    "a comment inside a value": lambda: changed(RECORD.pupil.name, f"{RECORD.pupil.name}<!-- --> Giả"),
    "a comment between elements": lambda: changed("<HO_VA_TEN>", "<!-- --><HO_VA_TEN>"),
    "a processing instruction": lambda: changed("<HO_VA_TEN>", "<?x y?><HO_VA_TEN>"),
    "an element inside a value": lambda: changed(RECORD.pupil.name, f"{RECORD.pupil.name}<b/>"),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_documents_are_refused(make):
    with pytest.raises(Hostile) as refusal:
        read(make())
    assert refusal.value.vi != refusal.value.en


UNREADABLE = {
    "nothing": lambda: b"",
    "no XML": lambda: b"%PDF-1.7",
    "cut short": lambda: document()[:-20],
    "something else": lambda: b"<HOC_SINH/>",
    "no data": lambda: b"<HOC_BA><DANH_SACH_THONG_TIN_KY/></HOC_BA>",
    "data in a namespace": lambda: changed("<HOC_BA>", "<HOC_BA xmlns='urn:x'>"),
    "no signer slots": lambda: document().split(b"<DANH_SACH")[0] + b"</HOC_BA>",
    "a signer slot twice": lambda: changed("<GVCN/>", "<GVCN/><GVCN/>"),
    "a foreign signer slot": lambda: changed("<GVCN/>", "<PHU_HUYNH/>"),
    "a later profile": lambda: changed(f"<PHIEN_BAN>{PROFILE}", "<PHIEN_BAN>hocba/999"),
    "an unknown element": lambda: changed("<HO_VA_TEN>", "<BIET_DANH>Tí</BIET_DANH><HO_VA_TEN>"),
    "a leaf twice": lambda: changed("<HO_VA_TEN>", "<HO_VA_TEN>Lê An</HO_VA_TEN><HO_VA_TEN>"),
    "both spellings": lambda: changed(
        "<NOI_SINH>", "<TONG_SO_BUOI_NGHI_KHONG_PHEP>1</TONG_SO_BUOI_NGHI_KHONG_PHEP><NOI_SINH>"
    ),
    "a required element gone": lambda: changed(f"<HO_VA_TEN>{RECORD.pupil.name}</HO_VA_TEN>", ""),
    "an attribute": lambda: changed("<HO_VA_TEN>", "<HO_VA_TEN lang='vi'>"),
    "an attribute on the data": lambda: changed('<DU_LIEU_HOC_BA Id="data"', '<DU_LIEU_HOC_BA Id="data" lang="vi"'),
    "text between elements": lambda: changed("<HO_VA_TEN>", "xin chào<HO_VA_TEN>"),
    "a mark above 10": lambda: changed("<CA_NAM>9.1<", "<CA_NAM>10.1<"),
    "a mark with two decimals": lambda: changed("<CA_NAM>9.1<", "<CA_NAM>9.10<"),
    "a mark with a comma": lambda: changed("<CA_NAM>9.1<", "<CA_NAM>9,1<"),
    "a bare letter": lambda: changed("<CA_NAM>Đạt<", "<CA_NAM>Đ<"),
    "an unknown subject": lambda: changed(">TOAN<", ">PHEP_THUAT<"),
    "a row under another subject's Id": lambda: changed(">TOAN<", ">TIN_HOC<"),
    "a UUID of another version": lambda: changed(str(UNIT), str(uuid1())),
    "a UUID in braces": lambda: changed(str(UNIT), f"{{{UNIT}}}"),
    "a time without a zone": lambda: changed("2026-05-28T09:30:00+07:00", "2026-05-28T09:30:00"),
    "a date that does not exist": lambda: changed(RECORD.pupil.birth_date.strftime("%d/%m/%Y"), "31/02/2011"),
    "a result that contradicts itself": lambda: changed("<KET_QUA_XEP_LOAI>Tốt", "<KET_QUA_XEP_LOAI>Khá"),
    "a promotion that contradicts itself": lambda: changed("<DUOC_LEN_LOP>1", "<DUOC_LEN_LOP>0"),
    "a year that contradicts itself": lambda: changed("<NAM_HOC>2025<", "<NAM_HOC>2024<"),
    "negative absences": lambda: changed("<TONG_SO_BUOI_NGHI_CO_PHEP>0", "<TONG_SO_BUOI_NGHI_CO_PHEP>-1"),
}


@pytest.mark.parametrize("make", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_not_in_the_profile_is_refused(make):
    with pytest.raises(Unreadable) as refusal:
        read(make())
    assert not isinstance(refusal.value, Hostile)
    assert refusal.value.vi != refusal.value.en


@pytest.mark.parametrize("make", [*HOSTILE.values()][:13])
def test_nothing_hostile_gets_a_digest(make):
    with pytest.raises(RecordError):
        record_digest(make())
