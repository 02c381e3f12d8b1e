# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from paper_sample import NOW, UNIT_ID

from ledger.paper.booklet_wording import from_booklet
from ledger.paper.content import HistoryRow
from ledger.paper.errors import NaiveTime
from ledger.record.booklet import bound
from ledger.record.errors import Unwritable
from ledger.record.model import ClassInfo, Person, PrimaryYear, Pupil, Record, School, Schooling, SecondaryYear, Terms
from ledger.record.subjects import Level

BOOKLET_ID = UUID("aaaaaaaa-1111-4222-8333-444444444444")


def year_of(grade, *, level=Level.THCS, promoted=True, pupil=None, history=(), **info):
    first = 2016 + grade
    teacher = Person("Phan Hoài Linh")
    if level is Level.TH:
        year = PrimaryYear((), {}, None, 0, 0, completed=promoted, promoted=promoted)
    else:
        year = SecondaryYear((), Terms(), Terms(), 0, 0, promoted=promoted)
    school = School("31", "Sở", "31312502", f"Trường năm {grade}", "Phường", "Hải Phòng", "Hải Phòng")
    about = {"name": f"{grade}A1", "level": level, "grade": grade, "school_year": f"{first}-{first + 1}"} | info
    person = Pupil("3124847293", f"Hân lớp {grade}", date(2011, 2, 9), None, "099311972604", "Việt Nam")
    class_info = ClassInfo(circular="22", homeroom=teacher, principal=Person(f"Hiệu trưởng {grade}"), **about)
    return Record(school, class_info, replace(person, **(pupil or {})), year, history)


def listed(*records):
    return [
        (record, UUID(int=UNIT_ID.int + record.class_info.grade), f"{record.class_info.grade:02x}" * 32)
        for record in records
    ]


def words(*records, **changes):
    return from_booklet(bound(listed(*records)), **({"booklet_id": BOOKLET_ID, "planned_issue_date": NOW} | changes))


def test_the_units_stand_in_the_order_of_years():
    content = words(year_of(6), year_of(7), year_of(8), year_of(9))
    assert [row.grade for row in content.units] == [6, 7, 8, 9]
    assert content.school_years == "2022-2026"
    assert content.units[0].manifest == ("06060606 06060606 06060606 06060606",) * 2


def test_the_pupil_and_the_school_are_those_of_the_newest_unit():
    content = words(year_of(6), year_of(9))
    assert (content.pupil, content.school, content.class_name) == ("Hân lớp 9", "Trường năm 9", "9A1")
    assert content.head == "Hiệu trưởng 9"


def test_the_history_is_told_once_over_all_years():
    before = Schooling("2022-2023", "6A1", "Trường năm 6")
    earlier = Schooling("2022-2023", "6B", "Trường cũ", date(2022, 9, 5))
    content = words(year_of(6, history=(earlier,)), year_of(7, history=(before,)))
    assert content.history == (
        HistoryRow("2022-2023", "6B", "Trường cũ", "05/09/2022"),
        HistoryRow("2022-2023", "6A1", "Trường năm 6"),
        HistoryRow("2023-2024", "7A1", "Trường năm 7"),
    )


@pytest.mark.parametrize(
    ("newest", "completion"),
    [
        (year_of(9), "Hoàn thành chương trình trung học cơ sở"),
        (year_of(9, promoted=False), "Chưa hoàn thành chương trình trung học cơ sở"),
        (year_of(9, promoted=None), None),
        (year_of(8), None),
        (year_of(12, level=Level.THPT), "Hoàn thành chương trình trung học phổ thông"),
        (year_of(5, level=Level.TH), "Hoàn thành chương trình tiểu học"),
        (year_of(4, level=Level.TH), None),
    ],
)
def test_the_level_is_completed_by_its_last_grade_alone(newest, completion):
    assert words(newest).completion == completion


@pytest.mark.parametrize(
    "records",
    [
        (),
        (year_of(6), year_of(7, pupil={"code": "other"})),
        (year_of(9), year_of(10, level=Level.THPT)),
        (year_of(6), year_of(7, school_year="2022-2023")),
        (year_of(7), year_of(6)),
    ],
    ids=["none", "two-pupils", "two-levels", "one-year-twice", "newest-first"],
)
def test_units_that_make_no_booklet_are_refused(records):
    with pytest.raises(Unwritable):
        words(*records)


def test_a_date_without_its_zone_is_refused():
    with pytest.raises(NaiveTime):
        words(year_of(9), planned_issue_date=NOW.replace(tzinfo=None))
