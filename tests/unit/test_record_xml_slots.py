# SPDX-License-Identifier: Apache-2.0

"""Places for the signatures of subject teachers: laid out in advance, one per row, and nothing said by them."""

import pytest
from lxml import etree
from record_documents import KEPT, RECORD, RECORDS, SCHEMA, changed, document, fits_schema

from ledger.record.errors import Hostile, Unreadable
from ledger.record.xml import data_element, read

TEACHERS = "DANH_SACH_THONG_TIN_KY/DANH_SACH_GVBM"


TAUGHT = [name for name, record in RECORDS.items() if record.year.subjects]


@pytest.mark.parametrize("name", TAUGHT)
def test_a_place_for_each_row_in_its_order_before_all_others(name):
    record = RECORDS[name]
    laid_out = document(record, subject_slots=True)
    root = etree.fromstring(laid_out)
    assert [child.tag for child in root[1]] == ["DANH_SACH_GVBM", "GVCN", "CBQL", "KY_PHAT_HANH"]
    assert [place.get("Id") for place in root.find(TEACHERS)] == [f"GVBM-{row.code}" for row in record.year.subjects]
    assert all(len(place) == 0 for place in root.find(TEACHERS))
    assert fits_schema(laid_out), SCHEMA.error_log


@pytest.mark.parametrize("name", KEPT)
def test_the_data_and_with_it_the_digest_is_the_same(name):
    record = RECORDS[name]
    laid_out, plain = document(record, subject_slots=True), document(record)
    assert data_element(laid_out) == data_element(plain)
    assert read(laid_out) == read(plain)


def test_a_pupil_who_is_not_assessed_has_no_rows_and_so_no_places():
    (name,) = set(KEPT) - set(TAUGHT)
    assert document(RECORDS[name], subject_slots=True) == document(RECORDS[name])


def test_without_subject_teachers_nothing_is_laid_out_for_them():
    assert b"GVBM" not in document()


def test_a_filled_place_fits_the_schema():
    signature = b"<Signature xmlns='http://www.w3.org/2000/09/xmldsig#' Id='s'><SignedInfo/></Signature>"
    filled = b'<GVBM Id="GVBM-TOAN"><NGAY_KY>2026-05-28T09:30:00+07:00</NGAY_KY><SO_CCCD>099096091566</SO_CCCD>'
    laid_out = document(subject_slots=True)
    signed = laid_out.replace(b'<GVBM Id="GVBM-TOAN"/>', filled + signature + b"</GVBM>")
    assert signed != laid_out
    assert fits_schema(signed), SCHEMA.error_log


TOAN, ANOTHER = b'<GVBM Id="GVBM-TOAN"/>', b'<GVBM Id="GVBM-TNXH"/>'


@pytest.mark.parametrize(
    "place",
    [
        ANOTHER,
        TOAN + TOAN,
        b"<GVBM/>",
        b'<GVBM Id="GVBM-"/>',
        b'<GVBM Id="diem-TOAN2"/>',
        b'<GVCN Id="GVBM-TOAN"/>',
        b'<GVBM xmlns="urn:x" Id="GVBM-TOAN"/>',
    ],
    ids=["no such row", "one twice", "no Id", "no subject", "another Id", "another tag", "another namespace"],
)
def test_a_place_that_nobody_laid_out_is_refused(place):
    laid_out = document(subject_slots=True)
    assert TOAN in laid_out
    forged = laid_out.replace(TOAN, place)
    assert not fits_schema(forged) or place == ANOTHER  # XSD 1.0 does not know which rows there are.
    with pytest.raises((Unreadable, Hostile)):
        read(forged)


def test_two_lists_of_subject_teachers_are_refused():
    with pytest.raises(Unreadable):
        read(document(subject_slots=True).replace(b"<GVCN/>", b"<DANH_SACH_GVBM/><GVCN/>"))


def test_the_places_may_be_fewer_and_elsewhere_for_the_reader():
    """As with the other slots: what is missing was not signed, and the signing profile says who must."""
    moved = changed("<CBQL/>", '<CBQL/><DANH_SACH_GVBM><GVBM Id="GVBM-TOAN"/></DANH_SACH_GVBM>')
    assert not fits_schema(moved)
    assert read(moved).record == RECORD
