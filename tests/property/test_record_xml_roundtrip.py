# SPDX-License-Identifier: Apache-2.0

"""Whatever can be written is read back exactly; whatever cannot be read is refused in our own words."""

from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ledger.record.digest import record_digest
from ledger.record.errors import RecordError
from ledger.record.model import (
    ClassInfo,
    Person,
    Pupil,
    Record,
    School,
    Schooling,
    SecondarySubject,
    SecondaryYear,
    Terms,
)
from ledger.record.scales import Attainment, Award, Rating, Sex
from ledger.record.sheet import read_class
from ledger.record.spelling import clean, folded
from ledger.record.subjects import SUBJECTS, Level
from ledger.record.xml import data_element, read, write

VIETNAMESE = "aăâbcdđeêghiklmnoôơpqrstuưvxyàảãáạầẩẫấậ' -ĐẮỆữ<&>\"]"
TEXT = (st.text(VIETNAMESE, min_size=1, max_size=30) | st.text(min_size=1, max_size=30)).map(clean).filter(bool)
MAYBE = st.none() | TEXT
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.builds(
    lambda naive, zone: naive.replace(microsecond=0, tzinfo=zone),
    st.datetimes(datetime.fromisoformat("2000-01-02"), datetime.fromisoformat("2099-12-30")),
    ZONES,
)
PEOPLE = st.builds(Person, TEXT, MAYBE)
RATINGS = st.none() | st.sampled_from(Rating)
TERMS = st.builds(Terms, RATINGS, RATINGS, RATINGS)
MARKS = st.none() | st.sampled_from(Attainment) | st.integers(0, 100).map(lambda tenths: Decimal(tenths) / 10)
SCHOOLS = st.builds(School, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, MAYBE)
CLASSES = st.builds(
    ClassInfo,
    name=TEXT,
    level=st.sampled_from(Level),
    grade=st.integers(1, 12),
    school_year=st.integers(2000, 2098).map(lambda year: f"{year}-{year + 1}"),
    circular=TEXT,
    homeroom=PEOPLE,
    principal=PEOPLE,
    principal_title=TEXT,
)
PUPILS = st.builds(
    Pupil,
    code=TEXT,
    name=TEXT,
    birth_date=DAYS,
    sex=st.sampled_from(Sex),
    personal_id=MAYBE,
    nationality=TEXT,
    ethnicity=MAYBE,
    birthplace=MAYBE,
    hometown=MAYBE,
    address=MAYBE,
    father=MAYBE,
    mother=MAYBE,
    guardian=MAYBE,
    register_number=MAYBE,
)
RESULTS = st.builds(
    SecondarySubject,
    code=st.sampled_from([subject.code for subject in SUBJECTS]),
    name=TEXT,
    hk1=MARKS,
    hk2=MARKS,
    year=MARKS,
    comment=MAYBE,
    teacher=st.none() | PEOPLE,
    exempt=st.booleans(),
)
YEARS = st.builds(
    SecondaryYear,
    subjects=st.lists(RESULTS, max_size=13, unique_by=lambda result: result.code).map(tuple),
    conduct=TERMS,
    study=TERMS,
    absences_excused=st.integers(0, 300),
    absences_unexcused=st.integers(0, 300),
    promoted=st.booleans(),
    award=st.none() | st.sampled_from(Award),
    homeroom_comment=MAYBE,
    not_assessed=st.booleans(),
)
HISTORY = st.lists(st.builds(Schooling, TEXT, TEXT, TEXT, st.none() | DAYS), max_size=4).map(tuple)
RECORDS = st.builds(
    Record,
    SCHOOLS,
    CLASSES,
    PUPILS,
    YEARS,
    HISTORY,
)
UNITS = st.uuids(version=4)


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
    attachment = data_element(document)
    assert read(attachment) == unit
    assert record_digest(attachment) == record_digest(document)


@given(st.data(), RECORDS, UNITS, MOMENTS)
def test_a_damaged_document_is_read_as_itself_or_refused_in_our_own_words(data, record, unit_id, moment):
    document = write(record, unit_id=unit_id, created_at=moment, planned_issue_date=moment)
    at = data.draw(st.integers(0, len(document)))
    damage = data.draw(st.binary(max_size=6) | st.sampled_from([b"<!---->", b"<x/>", b"&a;", b"</", b"]]>", b"\x00"]))
    cut = data.draw(st.integers(0, 40))
    with suppress(RecordError):
        read(document[:at] + damage + document[at + cut :])


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail))
def test_any_bytes_are_answered_with_findings_as_a_workbook(data):
    reading = read_class(data, file="lop.xlsx")
    assert reading.class_sheet is None
    assert reading.findings


@given(st.text(max_size=60))
def test_cleaning_text_twice_changes_nothing_more(text):
    assert clean(clean(text)) == clean(text)
    assert folded(clean(text)) == folded(clean(clean(text)))
