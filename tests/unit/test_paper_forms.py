# SPDX-License-Identifier: Apache-2.0

"""Every form, usual and extreme: what it says, and that nothing runs out of its place."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pikepdf
import pytest
from paper_sample import (
    EXTREMES,
    FORMS,
    LONG_NAME,
    NOW,
    RECORD_XML,
    booklet,
    crowded_unit,
    primary_unit,
    print_out,
    text_of,
    unit,
    upper_unit,
    words_of,
)

from ledger.paper.errors import LayoutError, UnprintableText
from ledger.paper.fields import BOOKLET_FIELDS, UNIT_FIELDS, FieldName, boxes
from ledger.paper.render import ATTACHMENT, UNIT_THCS_V1

MM = 72 / 25.4
A4 = (210 * MM, 297 * MM)
EVERY_FORM = pytest.mark.parametrize("form", FORMS)


def fields_of(name):
    return BOOKLET_FIELDS if "booklet" in name else UNIT_FIELDS


def said(pdf):
    return " ".join(text_of(pdf).split())


@EVERY_FORM
def test_the_same_arguments_give_the_same_bytes_in_every_thread(form):
    paper = print_out(FORMS[form]())
    with ThreadPoolExecutor(2) as threads:
        assert set(threads.map(lambda _: print_out(FORMS[form]()), range(3))) == {paper}
    assert print_out(FORMS[form](), created=NOW + timedelta(seconds=1)) != paper


@EVERY_FORM
def test_it_is_a_titled_tagged_vietnamese_pdf_a_3b_with_its_record(form):
    content = FORMS[form]()
    with pikepdf.open(io.BytesIO(print_out(content))) as document:
        assert str(document.Root.Lang) == "vi-VN"
        assert bool(document.Root.MarkInfo.Marked)
        assert document.attachments[ATTACHMENT].get_file().read_bytes() == RECORD_XML
        with document.open_metadata() as metadata:
            assert metadata.pdfa_status == "3B"
            assert metadata["dc:title"].startswith(f"Học bạ {content.level_title}: {content.pupil}")


@EVERY_FORM
def test_each_page_says_which_paper_which_year_and_which_page(form):
    content = FORMS[form]()
    pages = text_of(print_out(content)).split("\f")[:-1]
    number = str(content.booklet_id if form == "booklet" else content.unit_id)
    years = content.school_years if form == "booklet" else content.school_year
    for page, text in enumerate(pages, start=1):
        foot = text.rstrip().splitlines()[-1]
        assert f"Mã học bạ: {number}" in foot
        assert f"Năm học {years}" in foot
        assert f"Trang {page}/{len(pages)}" in foot


@EVERY_FORM
def test_the_cover_says_what_the_official_one_does(form):
    content = FORMS[form]()
    cover = " ".join(text_of(print_out(content)).split("\f")[0].split())
    for words in (
        content.authority.upper(),
        content.school.upper(),
        f"HỌC BẠ {content.level_title.upper()}",
        f"Họ và tên học sinh: {content.pupil.upper()}",
        f"Lớp: {content.class_name}",
        f"Trường: {content.school}",
        "Xã (Phường, Đặc khu): Phường Gia Viên",
        "Tỉnh (Thành phố): Thành phố Hải Phòng",
        "Số đăng bộ: 183/2022",
        "Mã tra cứu ngắn: 7QK2M-9XTRA-4C0VZ-W",
    ):
        assert words in cover


def test_the_primary_form_has_its_six_sections():
    text = said(print_out(primary_unit()))
    heads = (
        "1. Kết quả các môn học và hoạt động giáo dục",
        "2. Những phẩm chất chủ yếu",
        "3. Những năng lực cốt lõi",
        "3.1. Những năng lực chung",
        "3.2. Những năng lực đặc thù",
        "4. Đánh giá kết quả giáo dục",
        "5. Khen thưởng",
        "6. Hoàn thành chương trình lớp học/chương trình tiểu học",
        "Xác nhận của Hiệu trưởng",
    )
    assert all(text.index(one) < text.index(other) for one, other in pairwise(heads))


def test_the_summer_has_its_words_only_when_there_was_one():
    assert "4. Nhận xét sau khi rèn luyện trong hè Đã rèn luyện tốt trong hè." in said(print_out(upper_unit()))
    assert "trong hè" not in said(print_out(unit()))


@pytest.mark.parametrize("form", ["primary", "lower-secondary", "upper-secondary"])
def test_a_year_copied_from_paper_says_so_on_every_page(form):
    copied = print_out(FORMS[form](origin="Số hóa từ học bạ giấy"))
    assert all("Số hóa từ học bạ giấy" in " ".join(page.split()) for page in text_of(copied).split("\f")[:-1])
    assert "Số hóa" not in said(print_out(FORMS[form]()))


def test_a_comment_too_long_for_its_column_is_whole_below():
    long = "Cần luyện tập thêm. " * 40
    rows = unit().marks
    pdf = print_out(unit(marks=(type(rows[0])("Toán", "4,0", "4,1", "4,1", None, long, None), *rows[1:])))
    assert [word.text for word in words_of(pdf)].count("thêm.") == 40
    assert "Xem dòng dưới" in said(pdf)


def test_the_booklet_lists_its_units_in_order_with_both_numbers():
    content = booklet()
    text = said(print_out(content))
    places = [text.index(str(row.unit_id)) for row in content.units]
    assert places == sorted(places)
    for row in content.units:
        assert text.count(row.manifest[0]) == 1
    assert text.count("76543210 fedcba98 76543210 fedcba98") == 4
    assert "Kết quả cấp học: Hoàn thành chương trình trung học cơ sở" in text
    assert "Kết quả cấp học" not in said(print_out(booklet(completion=None)))


def test_a_booklet_has_a_place_for_the_head_and_one_for_the_seal():
    pdf = print_out(booklet())
    places = boxes(pdf, expected=BOOKLET_FIELDS)
    head, seal = places[FieldName.HEAD], places[FieldName.SEAL]
    assert (seal.x1 - head.x0) / head.width == pytest.approx(1 / 3, abs=0.001)
    with pytest.raises(LayoutError):
        boxes(pdf)


def test_a_unit_is_not_taken_for_a_booklet():
    with pytest.raises(LayoutError):
        boxes(print_out(unit()), expected=BOOKLET_FIELDS)


CONTENTS = {name: make() for name, make in {**FORMS, **EXTREMES}.items()}


@pytest.mark.parametrize("name", [*CONTENTS, "first-version", "crowded-first-version"])
def test_nothing_overflows_or_overlaps(name):
    first = {"first-version": unit, "crowded-first-version": crowded_unit}
    pdf = print_out(first[name](), template=UNIT_THCS_V1) if name in first else print_out(CONTENTS[name])
    words = words_of(pdf)
    margins = (24 * MM, 4 * MM, A4[0] - 17 * MM, A4[1] - 8 * MM)
    assert [w for w in words if w.x0 < margins[0] or w.y0 < margins[1] or w.x1 > margins[2] or w.y1 > margins[3]] == []
    assert overlaps(words) == []
    places = boxes(pdf, expected=fields_of(name))
    assert len({place.page for place in places.values()}) == 1
    assert all(place.y0 > 15 * MM for place in places.values())
    for field, place in places.items():
        # The seal covers the head's signature and the free paper beside it; no print at all lies below any of them.
        below = [
            w
            for w in words
            if w.page == place.page
            and w.x1 > place.x0
            and w.x0 < place.x1
            and place.y0 < A4[1] - (w.y0 + w.y1) / 2 < place.y1
        ]
        assert below == [] or field is FieldName.SEAL, below
        assert all(w.x0 >= place.x0 + place.width * 0.4 for w in below)


def overlaps(words):
    found = []
    for page in {word.page for word in words}:
        here = sorted((word for word in words if word.page == page), key=lambda word: word.y0)
        for number, one in enumerate(here):
            for other in here[number + 1 :]:
                if other.y0 > one.y1:
                    break
                if one.covers(other):
                    found.append((one, other))
    return found


def test_a_long_name_is_whole_on_every_page_that_has_it():
    text = said(print_out(EXTREMES["crowded-primary"]()))
    assert LONG_NAME in text
    assert LONG_NAME.upper() in text


@EVERY_FORM
@pytest.mark.parametrize("hidden", ["漢", "\u200b", "\u202e", "\x07", "\ue000"])
def test_what_cannot_be_seen_on_paper_is_refused_with_its_place(form, hidden):
    with pytest.raises(UnprintableText) as refusal:
        print_out(FORMS[form](head=f"Lê {hidden} An"))
    assert refusal.value.character == hidden
    assert refusal.value.where == f"Lê {hidden} An"


def test_marks_on_a_letter_take_no_room():
    """The letter h with a dot and an acute has no composed form: its marks count for nothing when a word is measured."""
    assert "\u200b" not in unit(class_name="h\u0323\u0301" * 8).as_json()
