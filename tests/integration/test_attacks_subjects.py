# SPDX-License-Identifier: Apache-2.0

"""Subject teachers' signatures: each covers its own row of its own pupil, whatever is done to the file around it."""

import copy

import attacked_school as world
import pytest
import taught_record as taught
from lxml import etree
from taught_record import OTHERS, SLOTS, judged, laid_out, place, rewritten, said_unsigned, signed

from ledger.record import xml as record_xml
from ledger.record.digest import record_digest
from ledger.record.errors import RecordError
from ledger.record.xml import data_element
from ledger.unit import Slot
from signer.errors import AlreadySigned, NotLaidOut
from signer.xml import VIETNAM_TIME, prepare_slot, sign_slot
from signer.xml_signature import Said, signature_of, signed_info_of, value_text
from verifier_api.examination import examine
from verifier_api.verdict import Outcome

DS = "{http://www.w3.org/2000/09/xmldsig#}"
TOAN, OTHER = "GVBM-TOAN", "GVBM-NGU_VAN"


def test_everybody_signs_and_each_is_found_in_the_order_of_the_document():
    found = judged(taught.genuine())
    assert tuple(found) == taught.EVERYBODY
    assert {one.outcome for one in found.values()} == {Outcome.PASSED}
    assert said_unsigned(taught.genuine()) is None


def test_an_examination_names_the_subjects_and_every_signature():
    seen = examine(taught.genuine(), taught.anchors())
    assert seen.claimed_subjects == taught.SUBJECTS
    assert [one.field for one in seen.signatures] == list(taught.EVERYBODY)
    assert {str(Slot.parse(one.field)) for one in seen.signatures} == set(taught.EVERYBODY)
    assert seen.changed_after is None


def test_the_record_digest_is_that_of_the_record_without_places():
    unit = record_xml.read(taught.genuine())
    plain = record_xml.write(
        unit.record, unit_id=unit.unit_id, created_at=unit.created_at, planned_issue_date=unit.planned_issue_date
    )
    assert record_digest(taught.genuine()) == record_digest(plain)


def test_subject_teachers_sign_in_any_order():
    document = signed(laid_out(), OTHER, TOAN)
    assert {field: one.outcome for field, one in judged(document).items()} == {
        OTHER: Outcome.PASSED,
        TOAN: Outcome.PASSED,
    }


def test_a_changed_mark_breaks_its_own_row_and_those_who_signed_the_whole():
    def change(root):
        row = next(each for each in root[0].iter("DIEM_TONG_KET") if each.get("Id") == "diem-TOAN")
        row.find("CA_NAM").text = "1.0"

    broken = {
        field for field, one in judged(rewritten(taught.genuine(), change)).items() if one.outcome is Outcome.FAILED
    }
    assert broken == {TOAN, *OTHERS}


# What a signature in such a place may not be. The key is the teacher's own, and signs whatever is asked.


def signed_over(document, slot, covered, *, unit_id="same"):
    """A signature in a slot over something else than belongs there, made with the genuine key."""

    def change(root):
        key = taught.key_for(slot)
        unit = root[0].findtext("THONG_TIN_CHUNG/MA_TRA_CUU_UUID") if unit_id == "same" else unit_id
        said = Said(
            f"sig-{slot}", covered(root), key.who, world.now().astimezone(VIETNAM_TIME).isoformat(), unit, False
        )
        signature = signature_of(said)
        signature.find(f"{DS}SignatureValue").text = value_text(key.sign(signed_info_of(signature)), key.who.algorithm)
        etree.SubElement(place(root, slot), "NGAY_KY").text = said.signing_time
        place(root, slot).append(signature)

    return rewritten(document, change)


def row(root, code):
    return next(each for each in root[0].iter("DIEM_TONG_KET") if each.get("Id") == f"diem-{code}")


def test_what_the_next_tests_build_is_genuine_if_the_row_is():
    assert judged(signed_over(laid_out(), TOAN, lambda root: row(root, "TOAN")))[TOAN].outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "covered",
    [lambda root: row(root, "NGU_VAN"), lambda root: root[0]],
    ids=["another row", "the whole record"],
)
def test_a_signature_over_something_else_than_its_row(covered):
    found = judged(signed_over(laid_out(), TOAN, covered))[TOAN]
    assert (found.outcome, found.intact) == (Outcome.FAILED, False)


def test_a_signature_over_nothing_but_its_own_time():
    def change(root):
        info = place(root, TOAN).find(f"{DS}Signature/{DS}SignedInfo")
        first, second = info.findall(f"{DS}Reference")
        info.replace(first, copy.deepcopy(second))
        key = taught.key_for(TOAN)
        value = value_text(key.sign(signed_info_of(info.getparent())), key.who.algorithm)
        info.getparent().find(f"{DS}SignatureValue").text = value

    found = judged(rewritten(signed(laid_out(), TOAN), change))[TOAN]
    assert found.outcome is Outcome.FAILED


@pytest.mark.parametrize("unit", [None, "123e4567-e89b-42d3-a456-556642440000"], ids=["no unit", "another unit"])
def test_a_signature_that_does_not_name_this_unit(unit):
    found = judged(signed_over(laid_out(), TOAN, lambda root: row(root, "TOAN"), unit_id=unit))[TOAN]
    assert (found.outcome, found.reason) == (Outcome.FAILED, "the signature does not name this unit")


def test_the_same_row_of_another_pupil():
    """Every mark and word of the row is the same; the signature is another pupil's."""
    one, other = laid_out(), signed(laid_out(), TOAN)
    assert data_element(one) != data_element(other)

    def change(root):
        place(root, TOAN).extend(list(place(etree.fromstring(other), TOAN)))

    found = judged(rewritten(one, change))[TOAN]
    assert (found.outcome, found.reason) == (Outcome.FAILED, "the signature does not name this unit")


def test_a_signature_moved_to_the_place_of_another_subject():
    def change(root):
        here, there = place(root, TOAN), place(root, OTHER)
        there.extend(list(here))

    found = judged(rewritten(signed(laid_out(), TOAN), change))
    assert (list(found), found[OTHER].outcome) == ([OTHER], Outcome.FAILED)


def test_two_places_that_swapped_their_names():
    def change(root):
        here, there = place(root, TOAN), place(root, OTHER)
        here.set("Id", OTHER)
        there.set("Id", TOAN)

    found = judged(rewritten(signed(laid_out(), TOAN, OTHER), change))
    assert {one.outcome for one in found.values()} == {Outcome.FAILED}


def test_a_signature_moved_to_the_homeroom_teachers_place():
    def change(root):
        place(root, "GVCN").extend(list(place(root, TOAN)))

    found = judged(rewritten(signed(laid_out(), TOAN), change))
    assert (list(found), found["GVCN"].outcome) == (["GVCN"], Outcome.FAILED)


def test_the_homeroom_teachers_signature_in_a_subjects_place():
    def change(root):
        place(root, TOAN).extend(list(place(root, "GVCN")))

    found = judged(rewritten(signed(laid_out(), "GVCN"), change))
    assert (list(found), found[TOAN].outcome) == ([TOAN], Outcome.FAILED)


# What stands around them.


def two_with_one_id(root):
    place(root, TOAN).addnext(copy.deepcopy(place(root, TOAN)))


def a_place_for_a_subject_that_nobody_learned(root):
    etree.SubElement(root.find(f"{SLOTS}/DANH_SACH_GVBM"), "GVBM", Id="GVBM-TIENG_VIET")


def a_place_outside_the_list(root):
    root.find(SLOTS).append(place(root, TOAN))


def a_place_inside_another(root):
    place(root, OTHER).append(place(root, TOAN))


def a_note_in_a_place(root):
    etree.SubElement(place(root, TOAN), "GHI_CHU").text = "10,0"


def a_note_beside_the_places(root):
    etree.SubElement(root.find(f"{SLOTS}/DANH_SACH_GVBM"), "GHI_CHU").text = "10,0"


def text_in_the_list(root):
    root.find(f"{SLOTS}/DANH_SACH_GVBM").text = "10,0"


def text_behind_a_place(root):
    place(root, TOAN).tail = "10,0"


def an_attribute_on_a_place(root):
    place(root, TOAN).set("MON_HOC", "10,0")


def an_attribute_on_the_list(root):
    root.find(f"{SLOTS}/DANH_SACH_GVBM").set("Id", "x")


def another_time(root):
    place(root, TOAN).find("NGAY_KY").text = "2020-01-01T08:00:00+07:00"


def another_number(root):
    place(root, TOAN).find("SO_CCCD").text = "099199009999"


def more_in_the_key_info(root):
    info = place(root, TOAN).find(f"{DS}Signature/{DS}KeyInfo")
    etree.SubElement(info, f"{DS}KeyName").text = "10,0"


def text_in_the_signature(root):
    place(root, TOAN).find(f"{DS}Signature/{DS}SignatureValue").tail = "10,0"


AROUND = [
    a_place_outside_the_list, a_place_inside_another, a_note_in_a_place, a_note_beside_the_places, text_in_the_list,
    text_behind_a_place, an_attribute_on_a_place, an_attribute_on_the_list, another_time, another_number,
    more_in_the_key_info, text_in_the_signature,
]  # fmt: skip


@pytest.mark.parametrize("change", AROUND, ids=[change.__name__.replace("_", " ") for change in AROUND])
def test_written_around_the_signatures(change):
    assert said_unsigned(rewritten(taught.genuine(), change)) is not None


@pytest.mark.parametrize("change", [two_with_one_id, a_place_for_a_subject_that_nobody_learned])
def test_a_place_that_nobody_laid_out_is_not_even_read(change):
    with pytest.raises(RecordError):
        record_xml.read(rewritten(taught.genuine(), change))


def test_a_claim_without_a_signature():
    def change(root):
        place(root, TOAN).remove(place(root, TOAN).find(f"{DS}Signature"))

    assert said_unsigned(rewritten(taught.genuine(), change)) is not None


# The signer refuses what is not laid out.


def prepared(document, slot=TOAN):
    return prepare_slot(document, slot=slot, who=taught.key_for(slot).who, signing_time=world.now())


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.replace(b'<GVBM Id="GVBM-TOAN"/>', b""),
        lambda x: x.replace(b'<GVBM Id="GVBM-TOAN"/>', b'<GVBM Id="GVBM-TOAN"/>' * 2),
        lambda x: x.replace(b'Id="diem-TOAN"', b'Id="diem-TOAN2"'),
        lambda x: x.replace(b'Id="diem-NGU_VAN"', b'Id="diem-TOAN"'),
        lambda x: x.replace(b">NGU_VAN<", b">TOAN<"),
        lambda x: x.replace(b">TOAN<", b">NGU_VAN<"),
        lambda x: x.replace(b"MA_TRA_CUU_UUID>", b"MA_TRA_CUU>"),
        lambda x: x.replace(b"<GVCN/>", b'<GVCN Id="diem-TOAN"/>'),
    ],
    ids=["no place", "two places", "no row", "two rows", "two of one code", "a row of another", "no unit", "Id twice"],
)
def test_what_is_not_laid_out_for_a_subject_is_refused(change):
    document = laid_out()
    assert change(document) != document
    with pytest.raises(NotLaidOut):
        prepared(change(document))


def test_a_subject_that_the_record_does_not_have_is_refused():
    with pytest.raises(NotLaidOut):
        prepared(laid_out(), "GVBM-TIENG_VIET")


def test_nobody_signs_a_subject_twice():
    with pytest.raises(AlreadySigned):
        sign_slot(signed(laid_out(), TOAN), slot=TOAN, key=taught.key_for(TOAN), signing_time=world.now())


def test_without_places_no_subject_is_signed():
    plain = record_xml.write(
        world.SHEET.records[0],
        unit_id=record_xml.read(laid_out()).unit_id,
        created_at=world.now(),
        planned_issue_date=world.now(),
    )
    with pytest.raises(NotLaidOut):
        prepared(plain)
