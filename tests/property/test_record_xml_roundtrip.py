# SPDX-License-Identifier: Apache-2.0

"""Whatever can be written is read back exactly; whatever cannot be read is refused in our own words."""

from contextlib import suppress
from pathlib import Path

from any_record import MOMENTS, RECORDS, UNITS
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ledger.record.digest import record_digest
from ledger.record.errors import RecordError
from ledger.record.sheets.class_sheet import read_class
from ledger.record.spelling import clean, folded
from ledger.record.xml import data_element, read, write

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parents[2] / "ledger/record/xml/hocba-0.xsd"))
CORRECTED = {
    "THONG_SO_BUOI_NGHI_KHONG_PHEP": "TONG_SO_BUOI_NGHI_KHONG_PHEP",
    "NANG_LUC_GIAO_TIEP_HOC_TAC": "NANG_LUC_GIAO_TIEP_HOP_TAC",
}


@given(RECORDS, UNITS, MOMENTS, MOMENTS, st.none() | UNITS)
def test_what_is_written_is_read_back_and_written_again_the_same(record, unit_id, created_at, planned, replaces):
    if replaces == unit_id:
        replaces = None
    arguments = {"unit_id": unit_id, "created_at": created_at, "planned_issue_date": planned, "replaces": replaces}
    document = write(record, **arguments)
    unit = read(document)
    assert unit.record == record
    assert (unit.unit_id, unit.created_at, unit.planned_issue_date, unit.replaces) == (
        unit_id,
        created_at,
        planned,
        replaces,
    )
    assert write(unit.record, **arguments) == document
    assert SCHEMA.validate(etree.fromstring(document)), SCHEMA.error_log
    attachment = data_element(document)
    assert read(attachment) == unit
    assert record_digest(attachment) == record_digest(document)


@given(RECORDS, UNITS, MOMENTS)
def test_the_same_in_the_clothes_of_others_is_read_the_same(record, unit_id, moment):
    """White space between elements, corrected spellings, ISO days, a byte-order mark, fields in another order."""
    document = write(record, unit_id=unit_id, created_at=moment, planned_issue_date=moment)
    root = etree.fromstring(document)
    for element in root.iter():
        if element.tag in {"NGAY_SINH", "NGAY_TRANG_THAI_CHUYEN_DEN"}:
            element.text = "-".join(reversed(element.text.split("/")))
        element.tag = CORRECTED.get(element.tag, element.tag)
    for group in root[0]:
        group[:] = sorted(group, key=lambda child: child.tag) if group.tag != "QUA_TRINH_HOC_TAP" else group[:]
    other = b"\xef\xbb\xbf" + etree.tostring(root, encoding="UTF-8", pretty_print=True)
    assert read(other) == read(document)
    assert record_digest(other) != record_digest(document)


@given(st.data(), RECORDS, UNITS, MOMENTS)
def test_a_damaged_document_is_read_as_itself_or_refused_in_our_own_words(data, record, unit_id, moment):
    document = write(record, unit_id=unit_id, created_at=moment, planned_issue_date=moment)
    at = data.draw(st.integers(0, len(document)))
    damage = data.draw(st.binary(max_size=6) | st.sampled_from([b"<!---->", b"<x/>", b"&a;", b"</", b"]]>", b"\x00"]))
    cut = data.draw(st.integers(0, 40))
    with suppress(RecordError):
        unit = read(document[:at] + damage + document[at + cut :])
        # What could be read can be written again, and says the same.
        arguments = {
            "unit_id": unit.unit_id,
            "created_at": unit.created_at,
            "planned_issue_date": unit.planned_issue_date,
        }
        assert read(_written(unit.record, replaces=unit.replaces, **arguments)) == unit


def _written(record, **arguments):
    """The document; that a record which was read is refused by the writer would be a mistake, so it is no `RecordError`."""
    try:
        return write(record, **arguments)
    except RecordError as refusal:
        raise AssertionError from refusal


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail))
def test_any_bytes_are_answered_with_findings_as_a_workbook(data):
    reading = read_class(data, file="lop.xlsx")
    assert reading.class_sheet is None
    assert reading.findings


@given(st.text(max_size=60))
def test_cleaning_text_twice_changes_nothing_more(text):
    assert clean(clean(text)) == clean(text)
    assert folded(clean(text)) == folded(clean(clean(text)))
