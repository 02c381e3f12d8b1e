# SPDX-License-Identifier: Apache-2.0

import io
import subprocess
from datetime import UTC, datetime

import pikepdf
import pytest
from paper_sample import LONG_NAME, LONG_SCHOOL, NOW, fonts_of, picture_of, text_of, words_of
from PIL import Image

from ledger.paper.errors import NaiveTime, UnprintableText
from ledger.paper.fields import FieldName
from ledger.paper.moments import shown_time
from ledger.paper.stamps import KIND_OF_FIELD, StampKind, stamp_pdf

MM = 72 / 25.4
SIZES = {StampKind.TEACHER: (60, 28), StampKind.HEAD: (60, 28), StampKind.SEAL: (46, 55)}


def stamp(kind, **changes):
    width, height = SIZES[kind]
    arguments = {
        "name": "Nguyễn Thị Minh Phương",
        "role": "Ký phát hành" if kind is StampKind.SEAL else "Hiệu trưởng",
        "organisation": "Trường THCS Lạch Tray Mẫu",
        "signed_at": NOW,
        "width": width * MM,
        "height": height * MM,
    }
    return stamp_pdf(kind, **(arguments | changes))


@pytest.fixture(params=StampKind)
def kind(request):
    return request.param


def test_every_field_has_its_kind():
    assert set(KIND_OF_FIELD) == set(FieldName)
    assert KIND_OF_FIELD[FieldName.SEAL] is StampKind.SEAL
    assert KIND_OF_FIELD[FieldName.HEAD] is StampKind.HEAD


def test_it_is_one_page_as_large_as_its_field(kind):
    with pikepdf.open(io.BytesIO(stamp(kind))) as document:
        (page,) = document.pages
        assert [float(x) for x in page.mediabox] == pytest.approx(
            [0, 0, *(side * MM for side in SIZES[kind])], abs=0.01
        )
        assert "/StructTreeRoot" not in document.Root


def test_its_fonts_are_ours_and_embedded(kind, tmp_path):
    rows = fonts_of(stamp(kind), tmp_path)
    assert rows
    assert all("+LiberationSerif" in row[0] and row[-5] == "yes" for row in rows)


def test_the_same_signature_draws_the_same_bytes(kind):
    assert stamp(kind) == stamp(kind)
    assert stamp(kind, signed_at=NOW.replace(second=1)) != stamp(kind)


def test_a_person_is_named_with_position_and_time():
    text = " ".join(text_of(stamp(StampKind.TEACHER, role="Giáo viên chủ nhiệm")).split())
    assert "Ký bởi: Nguyễn Thị Minh Phương" in text
    assert "Chức vụ: Giáo viên chủ nhiệm" in text
    assert "Thời gian: 28/05/2026 09:30:00 +07:00" in text


def test_the_school_is_named_and_the_mark_says_that_it_is_digital():
    text = " ".join(text_of(stamp(StampKind.SEAL)).split())
    assert "ĐÃ KÝ SỐ" in text
    assert "Ký bởi: Trường THCS Lạch Tray Mẫu" in text
    assert "Thời gian: 28/05/2026 09:30:00 +07:00" in text


def test_time_is_vietnams_whatever_zone_it_is_given_in():
    assert shown_time(datetime(2026, 12, 31, 17, 0, 5, tzinfo=UTC)) == "01/01/2027 00:00:05 +07:00"


def test_people_sign_blue_and_the_school_red(kind, tmp_path):
    pixels = Image.open(picture_of(stamp(kind), tmp_path, page=1, dpi=72)).convert("RGB").getcolors(1 << 20)
    inked = [(count, red, blue) for count, (red, green, blue) in pixels if green < 100]
    assert inked
    for _, red, blue in inked:
        assert (red > blue) == (kind is StampKind.SEAL)


def test_the_page_is_transparent(kind):
    # The ink of what lies beneath must show through.
    command = ["pdftocairo", "-png", "-transp", "-singlefile", "-r", "72", "-", "-"]
    drawn = subprocess.run(command, input=stamp(kind), capture_output=True, check=True).stdout
    alpha = Image.open(io.BytesIO(drawn)).getchannel("A")
    assert alpha.histogram()[0] > 0.5 * alpha.width * alpha.height


def test_the_heads_small_lines_keep_out_of_the_third_that_the_seal_covers():
    third = SIZES[StampKind.HEAD][0] * MM / 3
    small = [word for word in words_of(stamp(StampKind.HEAD)) if word.y1 - word.y0 < 10]
    assert len(small) > 8
    assert all(word.x0 > third for word in small)


@pytest.mark.parametrize("name", ["Lê An", LONG_NAME, "W" * 100, "H'Hen Niê", "#[*x*]"])
def test_no_name_leaves_the_box_or_covers_other_words(kind, name):
    width, height = (side * MM for side in SIZES[kind])
    words = words_of(stamp(kind, name=name, role=LONG_SCHOOL, organisation=f"{LONG_SCHOOL} {name}"))
    assert all(word.x0 >= -0.5 and word.x1 <= width + 0.5 and word.y1 <= height + 2 for word in words)
    assert not [(a, b) for i, a in enumerate(words) for b in words[i + 1 :] if a.covers(b)]


def test_a_time_without_its_zone_is_refused(kind):
    with pytest.raises(NaiveTime):
        stamp(kind, signed_at=NOW.replace(tzinfo=None))


@pytest.mark.parametrize("name", ["金 Ji-hoon", "Nguyễn\u202eAn"])
def test_a_name_that_cannot_be_shown_is_refused(kind, name):
    with pytest.raises(UnprintableText):
        stamp(kind, name=name, organisation=name)
