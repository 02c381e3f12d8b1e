# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from paper_sample import NOW, QR_URL, RECORD_XML, text_of

from ledger.paper.content import HistoryRow, Line, MarkRow
from ledger.paper.errors import NaiveTime, NoForm
from ledger.paper.moments import place_and_date
from ledger.paper.render import render_unit
from ledger.paper.wording import from_record, shown_mark
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
from ledger.record.subjects import Level

UNIT_ID = UUID("9b2c1f7e-4a53-4d8e-8c11-2f6a7b3d9e10")


def record(*, info=None, pupil=None, year=None, **changes):
    base = Record(
        school=School(
            "31", "Sở Giáo dục và Đào tạo Hải Phòng", "31312502", "Trường THCS Lạch Tray Mẫu", "Phường Gia Viên",
            "Thành phố Hải Phòng", "Hải Phòng",
        ),
        class_info=ClassInfo(
            "9A1", Level.THCS, 9, "2025-2026", "22/2021/TT-BGDĐT", Person("Phan Hoài Linh"), Person("Vũ Thị Mai"),
        ),
        pupil=Pupil("3124847293", "H'Hen Niê", date(2011, 2, 9), Sex.NU, "099311972604", "Việt Nam", father="Y Blơ"),
        year=SecondaryYear(
            (
                SecondarySubject("TOAN", "Toán", Decimal(8), Decimal("7.9"), Decimal("7.9"), "Tốt.", Person("Lê An")),
                SecondarySubject("GDTC", "Giáo dục thể chất", *[None] * 5, exempt=True),
            ),
            Terms(Rating.KHA, Rating.TOT, Rating.TOT), Terms(Rating.KHA, None, Rating.CHUA_DAT), 2, 0, promoted=True,
        ),
    )  # fmt: skip
    return replace(
        base,
        class_info=replace(base.class_info, **(info or {})),
        pupil=replace(base.pupil, **(pupil or {})),
        year=replace(base.year, **(year or {})),
        **changes,
    )


def paper(content=None, issued=NOW):
    return from_record(content or record(), unit_id=UNIT_ID, planned_issue_date=issued)


def outcome(content):
    return {line.label: line.value for line in paper(content).outcome}


@pytest.mark.parametrize(
    ("mark", "shown"),
    [
        (None, None),
        (Decimal(0), "0,0"),
        (Decimal(8), "8,0"),
        (Decimal("7.9"), "7,9"),
        (Decimal(10), "10"),
        (Decimal("10.0"), "10"),
        (Decimal("1E+1"), "10"),
        (Attainment.DAT, "Đạt"),
        (Attainment.CHUA_DAT, "Chưa đạt"),
    ],
)
def test_marks_are_written_as_vietnamese_writes_numbers(mark, shown):
    assert shown_mark(mark) == shown


def test_a_mark_with_too_many_decimals_is_shown_as_it_is_and_not_rounded():
    assert shown_mark(Decimal("7.95")) == "7,95"


def test_who_and_where():
    content = paper()
    assert content.pupil == "H'Hen Niê"
    assert content.level_title == "Trung học cơ sở"
    assert content.school_location == "Phường Gia Viên, Thành phố Hải Phòng"
    assert content.place_and_date == "Hải Phòng, ngày 28 tháng 5 năm 2026"
    assert (content.head, content.head_position, content.homeroom_teacher) == (
        "Vũ Thị Mai",
        "Hiệu trưởng",
        "Phan Hoài Linh",
    )
    assert Line("Ngày, tháng, năm sinh", "09/02/2011", wide=False) in content.identity
    assert Line("Họ và tên mẹ", None) in content.identity
    assert all(line.label != "Người giám hộ" for line in content.identity)


def test_a_district_stands_between_ward_and_province():
    school = replace(record().school, district="Quận Ngô Quyền")
    assert paper(record(school=school)).school_location == "Phường Gia Viên, Quận Ngô Quyền, Thành phố Hải Phòng"


def test_a_guardian_is_named_when_there_is_one():
    assert Line("Người giám hộ", "Lý Sần") in paper(record(pupil={"guardian": "Lý Sần"})).identity


def test_an_exempt_subject_says_so_and_a_missing_mark_does_not():
    maths, sport = paper().marks
    assert maths == MarkRow("Toán", "8,0", "7,9", "7,9", None, "Tốt.", "Lê An")
    assert (sport.term_1, sport.term_2, sport.year) == ("Miễn", "Miễn", "Miễn")
    missing = replace(record().year.subjects[0], hk1=None)
    assert paper(record(year={"subjects": (missing,)})).marks[0].term_1 is None


@pytest.mark.parametrize(
    ("grade", "promoted", "words"),
    [
        (9, True, "Hoàn thành chương trình trung học cơ sở"),
        (9, False, "Chưa hoàn thành chương trình trung học cơ sở"),
        (6, True, "Được lên lớp 7"),
        (6, False, "Không được lên lớp"),
        (6, None, None),
    ],
)
def test_the_end_of_the_year_in_the_words_of_the_form(grade, promoted, words):
    content = record(info={"grade": grade}, year={"promoted": promoted})
    assert outcome(content)["Kết quả cuối năm học"] == words


def test_awards_and_pupils_who_are_not_assessed():
    assert outcome(record(year={"award": Award.GIOI}))["Khen thưởng"] == "Học sinh Giỏi"
    assert outcome(record())["Khen thưởng"] is None
    assert "Đánh giá" not in outcome(record())
    assert "không đánh giá" in outcome(record(year={"not_assessed": True}))["Đánh giá"]


def test_this_year_ends_the_history_and_is_not_told_twice():
    before = Schooling("2024-2025", "8A1", "Trường THCS Cũ")
    now = HistoryRow("2025-2026", "9A1", "Trường THCS Lạch Tray Mẫu")
    assert paper(record(history=(before,))).history == (HistoryRow("2024-2025", "8A1", "Trường THCS Cũ"), now)
    told = Schooling("2025-2026", "9A1", "Trường THCS Lạch Tray Mẫu")
    assert paper(record(history=(before, told))).history[1:] == (now,)


def test_the_date_is_vietnams():
    assert place_and_date("Huế", datetime(2027, 1, 31, 17, 0, tzinfo=UTC)) == "Huế, ngày 01 tháng 02 năm 2027"


def test_a_date_without_its_zone_is_refused():
    with pytest.raises(NaiveTime):
        paper(issued=NOW.replace(tzinfo=None))


@pytest.mark.parametrize("level", [Level.TH, Level.THPT])
def test_a_level_without_a_form_is_refused(level):
    with pytest.raises(NoForm) as refusal:
        paper(record(info={"level": level}))
    assert level.value in refusal.value.vi


def test_a_record_prints():
    pdf = render_unit(paper(), record_xml=RECORD_XML, qr_url=QR_URL, created=NOW)
    text = " ".join(text_of(pdf).split())
    assert "H'HEN NIÊ" in text
    assert "8,0" in text
    assert str(UNIT_ID) in text
