# SPDX-License-Identifier: Apache-2.0

"""The confirmation of results in mid-year, in words and on paper."""

from dataclasses import replace
from itertools import combinations
from uuid import UUID

import pikepdf
import pytest
from paper_sample import NOW, RECORD_XML, UNIT_ID, text_of, words_of

from ledger.paper.confirmation_wording import confirmation_of
from ledger.paper.content import HandedOverRow
from ledger.paper.errors import NaiveTime, UnprintableText
from ledger.paper.fields import CONFIRMATION_FIELDS, FieldName, boxes
from ledger.paper.render import render_confirmation
from ledger.record.check import CheckOptions, check_workbook
from scripts.sample_class import make_workbook

PAGE_HEIGHT = 841.89
EARLIER = HandedOverRow("2024-2025", "8A1", "THCS An Dương", UUID(int=7, version=4))


def record_of(grade, name):
    workbook = make_workbook(grade=grade, class_name=name, pupils=1, seed=11)
    return check_workbook(
        workbook, file="x.xlsx", options=CheckOptions(allow_synthetic_province=True)
    ).class_sheet.records[0]


@pytest.fixture(scope="module")
def secondary():
    return record_of(9, "9A1")


def words(record, *, handed_over=(EARLIER,), until=NOW):
    return confirmation_of(
        record,
        unit_id=UNIT_ID,
        to_code="79000502",
        to_school="Trường THCS Nơi Đến",
        handed_over=handed_over,
        until=until,
    )


def drawn(content):
    return render_confirmation(content, record_xml=RECORD_XML, created=NOW)


def said(pdf):
    return " ".join(text_of(pdf).split())


def test_it_names_pupil_both_schools_the_day_the_results_and_what_is_handed_over(secondary):
    text = said(drawn(words(secondary)))
    school, pupil = secondary.school, secondary.pupil
    for expected in (
        "GIẤY XÁC NHẬN KẾT QUẢ GIÁO DỤC",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        pupil.name.upper(),
        pupil.personal_id,
        f"{school.name} ({school.code})",
        "Trường THCS Nơi Đến (79000502)",
        "28/05/2026",
        "2025-2026",
        str(EARLIER.unit_id),
        EARLIER.school,
        "kế thừa 1 học bạ",
        str(UNIT_ID),
        secondary.class_info.principal.name,
        secondary.year.subjects[0].name,
    ):
        assert expected in text, expected


def test_what_a_whole_year_comes_to_is_not_said(secondary):
    text = said(drawn(words(secondary)))
    for forbidden in ("Kết quả cuối năm học", "Khen thưởng", "Hoàn thành chương trình"):
        assert forbidden not in text
    assert "không thay cho học bạ" in text


def test_marks_that_are_not_there_yet_are_dashes(secondary):
    subject = replace(secondary.year.subjects[0], hk2=None, year=None)
    half = replace(secondary, year=replace(secondary.year, subjects=(subject,)))
    (row,) = words(half).marks
    assert (row.term_1 is None, row.term_2, row.year) == (False, None, None)
    drawn(words(half))


def test_at_primary_it_has_levels_qualities_and_competences():
    text = said(drawn(words(record_of(4, "4A"), handed_over=())))
    for expected in ("Hoàn thành tốt", "Những phẩm chất chủ yếu", "Yêu nước", "Không có học bạ năm học trước"):
        assert expected in text


def test_the_same_words_give_the_same_bytes(secondary):
    assert drawn(words(secondary)) == drawn(words(secondary))


def test_head_and_seal_have_their_places_on_the_last_page_and_nobody_else(secondary):
    found = boxes(drawn(words(secondary)), expected=CONFIRMATION_FIELDS)
    assert list(found) == [FieldName.HEAD, FieldName.SEAL]
    head, seal = found[FieldName.HEAD], found[FieldName.SEAL]
    assert head.page == seal.page
    # QĐ 1789, Điều 11.1: the seal covers a third of the head's signature, from the left.
    assert (seal.x1 - head.x0) / head.width == pytest.approx(1 / 3, abs=0.01)
    assert seal.y0 < head.y0 < head.y1 < seal.y1


def test_it_is_pdf_a_with_the_record_inside(secondary, tmp_path):
    path = tmp_path / "c.pdf"
    path.write_bytes(drawn(words(secondary)))
    with pikepdf.open(path) as document:
        assert list(document.attachments) == ["record.xml"]
        with document.open_metadata() as metadata:
            assert metadata.pdfa_status == "3B"
            assert secondary.pupil.name in metadata["dc:title"]


def test_a_crowded_one_stays_on_its_pages(secondary):
    long = "Chăm chỉ, có ý thức vươn lên trong học tập, cần mạnh dạn hơn. " * 30
    subjects = tuple(replace(one, comment=long) for one in secondary.year.subjects)
    crowded = replace(secondary, year=replace(secondary.year, subjects=subjects, homeroom_comment=long * 2))
    rows = [replace(EARLIER, unit_id=UUID(int=number, version=4)) for number in range(9)]
    text = said(drawn(words(crowded, handed_over=rows)))
    assert text.count("cần mạnh dạn hơn.") == 30 * len(subjects) + 60
    assert all(str(row.unit_id) in text for row in rows)


def test_no_word_lies_over_another_and_none_where_somebody_is_to_sign(secondary):
    for content in (words(secondary), words(record_of(4, "4A"))):
        pdf = drawn(content)
        printed = words_of(pdf)
        assert [(a.text, b.text) for a, b in combinations(printed, 2) if a.covers(b)] == []
        head = boxes(pdf, expected=CONFIRMATION_FIELDS)[FieldName.HEAD]
        top, bottom = PAGE_HEIGHT - head.y1, PAGE_HEIGHT - head.y0
        inside = [
            one.text
            for one in printed
            if one.page == head.page and head.x0 < one.x1 and one.x0 < head.x1 and top < one.y0 and one.y1 < bottom
        ]
        assert inside == []


def test_what_no_one_could_read_is_refused(secondary):
    hidden = replace(EARLIER, school="Trường \u202eẩn")
    with pytest.raises(UnprintableText):
        drawn(words(secondary, handed_over=(hidden,)))
    with pytest.raises(NaiveTime):
        words(secondary, until=NOW.replace(tzinfo=None))
