# SPDX-License-Identifier: Apache-2.0

import io
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pikepdf
import pytest
import zxingcpp
from paper_sample import (
    ADDRESS,
    NOW,
    QR_URL,
    RECORD_XML,
    SUBJECTS,
    UNIT_ID,
    picture_of,
    text_of,
    unit,
)
from PIL import Image

from ledger.paper import qr
from ledger.paper.errors import AttachmentRefused, NaiveTime, QrTooDense
from ledger.paper.fields import boxes
from ledger.paper.render import ATTACHMENT, render_unit


def render(content=None, **changes):
    arguments = {"record_xml": RECORD_XML, "qr_url": QR_URL, "created": NOW} | changes
    return render_unit(content or unit(), **arguments)


@pytest.fixture(scope="module")
def paper():
    return render()


def test_the_same_arguments_give_the_same_bytes(paper):
    assert render() == paper


def test_every_thread_gives_the_same_bytes(paper):
    with ThreadPoolExecutor(4) as threads:
        assert {render() for _ in range(2)} | set(threads.map(lambda _: render(), range(8))) == {paper}


def test_the_time_in_the_file_is_the_one_given(paper):
    with pikepdf.open(io.BytesIO(paper)) as document:
        assert str(document.docinfo.CreationDate).startswith("D:20260528023000")
    assert render(created=NOW + timedelta(seconds=1)) != paper


def test_it_is_a_titled_tagged_vietnamese_pdf_a_3b(paper):
    with pikepdf.open(io.BytesIO(paper)) as document:
        assert str(document.Root.Lang) == "vi-VN"
        assert bool(document.Root.MarkInfo.Marked)
        assert "/StructTreeRoot" in document.Root
        assert "/OutputIntents" in document.Root
        with document.open_metadata() as metadata:
            assert metadata.pdfa_status == "3B"
            assert metadata["dc:title"] == "Học bạ Trung học cơ sở: Trần Thanh Hân, năm học 2025-2026"


def test_qpdf_finds_nothing_to_complain_about(paper, tmp_path):
    (tmp_path / "paper.pdf").write_bytes(paper)
    assert subprocess.run(["qpdf", "--check", tmp_path / "paper.pdf"], capture_output=True, check=False).returncode == 0


def test_the_record_is_attached_byte_for_byte_as_the_source():
    record = '<A>Đặng &amp; "H\'Hen"\n\t\ud7ff</A>\n'.encode()
    with pikepdf.open(io.BytesIO(render(record_xml=record))) as document:
        assert list(document.attachments) == [ATTACHMENT]
        assert document.attachments[ATTACHMENT].get_file().read_bytes() == record
        (associated,) = document.Root.AF
        assert associated.AFRelationship == pikepdf.Name.Source
        assert associated.EF.F.Subtype == pikepdf.Name("/application/xml")


def test_everything_the_content_says_is_on_the_pages(paper):
    text = " ".join(text_of(paper).split())
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text
    for words in (
        "TRUNG HỌC CƠ SỞ",
        "Năm học: 2025-2026",
        "TRẦN THANH HÂN",
        "09/02/2011",
        f"Mã số tra cứu học bạ (UUID): {UNIT_ID}",
        "sử dụng để tra cứu",
        ADDRESS,
        "7QK2M-9XTRA-4C0VZ-W",
        "Hoàn thành chương trình trung học cơ sở",
        "Xác nhận của Hiệu trưởng",
        "Giáo viên chủ nhiệm",
        "Hải Phòng, ngày 28 tháng 5 năm 2026",
        "Nguyễn Thị Minh Phương",
        "Trang 1/4",
        "Trang 4/4",
    ):
        assert words in text
    for subject in SUBJECTS:
        assert subject.split(" (")[0].split()[0] in text
    assert text.count(f"Mã học bạ: {UNIT_ID}") == 4
    assert "Ab_9" not in text  # the fragment is for the camera alone


def test_a_line_without_an_answer_shows_a_dash(paper):
    assert "Họ và tên cha: —" in " ".join(text_of(paper).split())


def test_a_deputy_signs_as_one():
    text = " ".join(text_of(render(unit(head_position="Phó Hiệu trưởng"))).split())
    assert "(Ký thay: Phó Hiệu trưởng)" in text


def test_reassessment_gets_its_column_only_when_there_was_one(paper):
    first, *others = unit().marks
    again = render(unit(marks=(type(first)("Toán", "4,0", "4,1", "4,1", "5,5", None, None), *others)))
    assert "lại" not in " ".join(text_of(paper).split())
    assert "5,5" in text_of(again)


@pytest.mark.parametrize("name", ["#import *x*", "$1+1$", '"); #panic()', "H'Hen Niê", "_A_ B", "<a> & \\u{41}"])
def test_content_is_text_and_never_markup(name):
    assert name.upper() in " ".join(text_of(render(unit(pupil=name))).split())


def test_the_qr_on_paper_opens_the_whole_address(paper, tmp_path):
    page = Image.open(picture_of(paper, tmp_path, page=1, dpi=150)).convert("L")
    page = page.rotate(3, Image.Resampling.BICUBIC, fillcolor=255)
    assert [code.text for code in zxingcpp.read_barcodes(page)] == [QR_URL]


def test_a_large_qr_still_scans(tmp_path):
    url = f"{ADDRESS}#{'A' * (qr.LARGEST_LENGTH - len(ADDRESS) - 1)}"
    page = Image.open(picture_of(render(qr_url=url), tmp_path, page=1, dpi=150))
    assert [code.text for code in zxingcpp.read_barcodes(page)] == [url]


def test_a_qr_too_fine_to_scan_is_refused():
    with pytest.raises(QrTooDense) as refusal:
        render(qr_url=f"{ADDRESS}#{'A' * (qr.LARGEST_LENGTH - len(ADDRESS))}")
    assert refusal.value.length == qr.LARGEST_LENGTH + 1


@pytest.mark.parametrize("record", [b"", b"\xff\xfe<\x00A\x00/\x00>\x00"])
def test_a_record_that_is_not_text_is_refused(record):
    with pytest.raises(AttachmentRefused):
        render(record_xml=record)


def test_a_time_without_its_zone_is_refused():
    with pytest.raises(NaiveTime):
        render(created=NOW.replace(tzinfo=None))


def test_a_usual_unit_takes_four_pages_and_is_signed_on_the_last(paper):
    assert {box.page for box in boxes(paper).values()} == {3}
    with pikepdf.open(io.BytesIO(paper)) as document:
        assert len(document.pages) == 4
