# SPDX-License-Identifier: Apache-2.0

"""A school is told everything that a corrected sheet would change, and nothing that it would not."""

import typing
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal

import pytest

from ledger.record.check import CheckOptions, check_workbook
from ledger.record.differences import _HOLDERS, WORDS, Difference, differences
from ledger.record.model import Record
from ledger.record.scales import Award
from scripts.sample_class import make_workbook


@pytest.fixture(scope="module")
def record():
    data = make_workbook(grade=9, class_name="9A1", pupils=2, seed=7)
    reading = check_workbook(data, file="9A1.xlsx", options=CheckOptions(allow_synthetic_province=True))
    return reading.class_sheet.records[0]


def with_subject(record, number, **changes):
    subjects = list(record.year.subjects)
    subjects[number] = replace(subjects[number], **changes)
    return replace(record, year=replace(record.year, subjects=tuple(subjects)))


def parts_of(kind, seen):
    """Every dataclass that a record is made of."""
    if is_dataclass(kind) and kind not in seen:
        seen.add(kind)
        for hint in typing.get_type_hints(kind).values():
            parts_of(hint, seen)
    for inner in typing.get_args(kind):
        parts_of(inner, seen)
    return seen


def test_every_field_of_a_record_has_words():
    named = {f"{part.__name__}.{field.name}" for part in parts_of(Record, set()) for field in fields(part)}
    assert named == set(WORDS) | _HOLDERS


def test_a_record_does_not_differ_from_itself(record):
    assert differences(record, replace(record)) == ()


def test_a_mark_is_told_by_subject_and_term(record):
    found = differences(record, with_subject(record, 1, hk1=Decimal("4.5")))
    before = str(record.year.subjects[1].hk1).replace(".", ",")
    name = record.year.subjects[1].name
    assert found == (Difference(f"{name}: học kỳ I", f"{name}: semester I", before, "4,5"),)


def test_what_is_taken_away_is_told_too(record):
    found = differences(record, replace(record, pupil=replace(record.pupil, mother=None)))
    assert [(one.vi, one.after) for one in found] == [("Họ và tên mẹ", None)]


def test_a_title_and_a_flag_are_told(record):
    year = replace(record.year, award=Award.XUAT_SAC if record.year.award is not Award.XUAT_SAC else None)
    assert [one.vi for one in differences(record, replace(record, year=year))] == ["Danh hiệu"]
    year = replace(record.year, not_assessed=True)
    assert [(one.before, one.after) for one in differences(record, replace(record, year=year))] == [("Không", "Có")]


def test_a_line_of_the_schooling_history_is_told(record):
    line = replace(record.history[0], class_name="8A1", school_year="2024-2025")
    found = differences(record, replace(record, history=(line, *record.history)))
    assert len(found) == 3
    assert all("2024-2025" in one.vi for one in found)


def test_a_zero_is_told_like_any_other_number(record):
    year = replace(record.year, absences_excused=0)
    found = differences(replace(record, year=year), replace(record, year=replace(year, absences_excused=None)))
    assert [(one.vi, one.before, one.after) for one in found] == [("Nghỉ có phép", "0", None)]
    found = differences(replace(record, year=year), replace(record, year=replace(year, absences_excused=3)))
    assert [(one.before, one.after) for one in found] == [("0", "3")]


def test_a_promotion_that_is_taken_back_is_told(record):
    year = replace(record.year, promoted=False)
    found = differences(replace(record, year=year), replace(record, year=replace(year, promoted=None)))
    assert [(one.before, one.after) for one in found] == [("Không", None)]
