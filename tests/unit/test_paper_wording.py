# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from paper_sample import NOW, QR_URL, RECORD_XML, text_of

from ledger.paper.content import AchievementRow, HistoryRow, Line, MarkRow
from ledger.paper.errors import NaiveTime, NoForm
from ledger.paper.moments import place_and_date
from ledger.paper.render import render_unit
from ledger.paper.wording import from_record, shown_mark
from ledger.record.model import (
    ClassInfo,
    Person,
    PrimarySubject,
    PrimaryYear,
    Pupil,
    Record,
    School,
    Schooling,
    SecondarySubject,
    SecondaryYear,
    Terms,
)
from ledger.record.scales import (
    Achievement,
    Attainment,
    Award,
    Origin,
    Overall,
    PrimaryAward,
    Rating,
    Sex,
    Trait,
    TraitLevel,
)
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


def primary(*, grade=4, **year):
    came_to = PrimaryYear(
        (
            PrimarySubject("TOAN", "Toán", Achievement.HOAN_THANH_TOT, 10, "Tốt.", Person("Lê An")),
            PrimarySubject("DAO_DUC", "Đạo đức", Achievement.HOAN_THANH, None, None, None),
            PrimarySubject("GDTC", "Giáo dục thể chất", None, None, None, None, exempt=True),
        ),
        {Trait.YEU_NUOC: TraitLevel.TOT, Trait.NGON_NGU: TraitLevel.CAN_CO_GANG},
        Overall.HOAN_THANH, 1, 0, completed=True, promoted=True, quality_comment="Ngoan.",
    )  # fmt: skip
    base = record(info={"level": Level.TH, "grade": grade, "name": f"{grade}A1"})
    return replace(base, year=replace(came_to, **year))


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


def test_what_was_reassessed_stands_beside_what_it_replaced():
    maths = replace(record().year.subjects[0], reassessed=Decimal("5.5"))
    study = Terms(Rating.KHA, None, Rating.CHUA_DAT, Rating.DAT)
    content = paper(record(year={"subjects": (maths,), "study": study}))
    assert (content.marks[0].year, content.marks[0].reassessed) == ("7,9", "5,5")
    assert (content.results[1].year, content.results[1].reassessed) == ("Chưa đạt", "Đạt")


def test_what_few_years_have_is_told_only_by_those():
    few = {"other_awards": "Giải Nhì cờ vua", "certificates": "IELTS 6.5", "summer_comment": "Tiến bộ."}
    subjects = (replace(record().year.subjects[0], specialised=True), record().year.subjects[1])
    told = record(year=few | {"subjects": subjects})
    assert paper(told).summer_comment == "Tiến bộ."
    lines = outcome(told)
    assert lines["Các cuộc thi và khen thưởng khác"] == "Giải Nhì cờ vua"
    assert lines["Chứng chỉ"] == "IELTS 6.5"
    assert lines["Chuyên đề học tập"] == "Toán"
    assert not {"Chứng chỉ", "Chuyên đề học tập", "Các cuộc thi và khen thưởng khác"} & set(outcome(record()))


def test_a_foreign_pupil_has_a_passport_and_a_late_one_no_number_yet():
    foreign = paper(record(pupil={"personal_id": None, "passport": "M123"})).identity
    assert Line("Số hộ chiếu", "M123") in foreign
    assert Line("Số định danh cá nhân", None, wide=False) in foreign
    late = paper(record(pupil={"personal_id": None, "number_pending": True})).identity
    assert Line("Số định danh cá nhân", "Chưa được cấp", wide=False) in late
    assert all(line.label != "Số hộ chiếu" for line in late)


def test_the_cover_names_a_district_only_for_years_that_had_one():
    assert [line.label for line in paper().cover] == ["Xã (Phường, Đặc khu)", "Tỉnh (Thành phố)"]
    school = replace(record().school, district="Quận Ngô Quyền")
    cover = paper(record(school=school, pupil={"register_number": "1/2022"})).cover
    assert [line.value for line in cover] == ["Phường Gia Viên", "Quận Ngô Quyền", "Thành phố Hải Phòng", "1/2022"]


def test_a_year_copied_from_paper_says_so():
    assert paper(record(origin=Origin.DIGITISED_PAPER)).origin == "Số hóa từ học bạ giấy"
    assert paper().origin is None


def test_an_arrival_in_mid_year_is_dated():
    line = Schooling("2025-2026", "9A1", "Trường THCS Lạch Tray Mẫu", date(2026, 2, 28))
    assert paper(record(history=(line,))).history[0].arrived == "28/02/2026"


def test_primary_results_in_the_words_of_the_form():
    content = paper(primary())
    assert content.level_title == "Tiểu học"
    assert content.achievements == (
        AchievementRow("Toán", "Hoàn thành tốt", "10", "Tốt.", "Lê An"),
        AchievementRow("Đạo đức", "Hoàn thành", None, None, None),
        AchievementRow("Giáo dục thể chất", "Miễn", None, None, None),
    )
    assert (content.marks, content.results) == ((), ())


def test_primary_qualities_and_competences_are_in_three_tables():
    qualities, general, specific = paper(primary()).traits
    assert qualities.rows[:2] == (("Yêu nước", "Tốt"), ("Nhân ái", None))
    assert (qualities.comment, general.comment) == ("Ngoan.", None)
    assert [len(table.rows) for table in (qualities, general, specific)] == [5, 3, 5]
    assert specific.rows[0] == ("Ngôn ngữ", "Cần cố gắng")
    taught = paper(primary(traits={Trait.TIN_HOC: TraitLevel.DAT})).traits[2]
    assert ("Tin học", "Đạt") in taught.rows
    assert all(label != "Công nghệ" for label, _ in taught.rows)


@pytest.mark.parametrize(
    ("grade", "completed", "promoted", "words"),
    [
        (4, True, True, "Hoàn thành chương trình lớp 4; Được lên lớp 5."),
        (4, False, True, "Chưa hoàn thành chương trình lớp 4; Được lên lớp 5."),
        (4, False, False, "Chưa hoàn thành chương trình lớp 4; Chưa được lên lớp."),
        (4, None, None, None),
        (5, True, True, "Hoàn thành chương trình tiểu học."),
        (5, False, False, "Chưa hoàn thành chương trình tiểu học."),
        (5, None, None, None),
    ],
)
def test_the_end_of_a_primary_year(grade, completed, promoted, words):
    lines = outcome(primary(grade=grade, completed=completed, promoted=promoted))
    assert lines["6. Hoàn thành chương trình lớp học/chương trình tiểu học"] == words


def test_primary_awards_and_what_only_some_years_have():
    lines = outcome(
        primary(
            award=PrimaryAward.XUAT_SAC, other_awards="Giải Nhì", sudden_awards="Nhặt được của rơi",
            principal_note="Đã kèm cặp trong hè.", not_assessed=True, height=Decimal("135.5"), weight=Decimal(31),
        )
    )  # fmt: skip
    assert lines["5. Khen thưởng"] == "Học sinh Xuất sắc; Giải Nhì; Nhặt được của rơi"
    assert lines["Ý kiến của Hiệu trưởng"] == "Đã kèm cặp trong hè."
    assert "kế hoạch giáo dục cá nhân" in lines["Đánh giá"]
    assert (lines["Chiều cao"], lines["Cân nặng"]) == ("135,5 cm", "31 kg")
    assert list(outcome(primary())) == [
        "4. Đánh giá kết quả giáo dục",
        "5. Khen thưởng",
        "6. Hoàn thành chương trình lớp học/chương trình tiểu học",
        "Số buổi nghỉ học có phép",
        "Số buổi nghỉ học không phép",
    ]


@pytest.mark.parametrize("level", list(Level))
def test_results_of_another_level_are_refused(level):
    other = record() if level is Level.TH else primary()
    with pytest.raises(NoForm) as refusal:
        paper(replace(other, class_info=replace(other.class_info, level=level)))
    assert level.value in refusal.value.vi


@pytest.mark.parametrize("make", [record, primary])
def test_a_record_prints(make):
    pdf = render_unit(paper(make()), record_xml=RECORD_XML, qr_url=QR_URL, created=NOW)
    text = " ".join(text_of(pdf).split())
    assert "H'HEN NIÊ" in text
    assert str(UNIT_ID) in text
