# SPDX-License-Identifier: Apache-2.0

"""What a screen reader finds: the headings, the heads of tables, words for the QR, and everything in the right order."""

import io
import itertools
import re
import subprocess

import pikepdf
import pytest
from paper_sample import ADDRESS, FORMS, UNIT_ID, booklet, print_out

from ledger.record.subjects import Level

EVERY_FORM = pytest.mark.parametrize("form", FORMS)


def spoken(pdf):
    """The text of the structure tree, in its order."""
    told = subprocess.run(["pdfinfo", "-struct-text", "-"], input=pdf, capture_output=True, check=True).stdout
    lines = [line.strip() for line in told.decode(errors="replace").splitlines()]
    return " ".join("".join(f"{line[1:-1]} " for line in lines if line.startswith('"') and line.endswith('"')).split())


def elements(pdf):
    """(tag, attributes, element) of every structure element, depth first."""
    with pikepdf.open(io.BytesIO(pdf)) as document:

        def walk(node):
            if isinstance(node, pikepdf.Array):
                for item in node:
                    yield from walk(item)
            elif isinstance(node, pikepdf.Dictionary):
                if "/S" in node:
                    owned = node.get("/A", pikepdf.Dictionary())
                    attributes = {}
                    for part in owned if isinstance(owned, pikepdf.Array) else [owned]:
                        attributes |= {key: str(value) for key, value in part.items()}
                    yield str(node.S), attributes, str(node.get("/Alt", "")), str(node.get("/T", ""))
                if "/K" in node:
                    yield from walk(node.K)

        yield from list(walk(document.Root.StructTreeRoot))


def joined(*parts):
    return " ".join(" ".join(part for part in parts if part).split())


def lines(form_lines):
    return joined(*(f"{line.label}: {line.value or '—'}" for line in form_lines))


def front(content, number, years):
    level = content.level_title.upper()
    below = "" if hasattr(content, "unit_id") else "Bìa học bạ toàn cấp"
    return joined(
        content.authority.upper(), content.school.upper(),
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc HỌC BẠ", level, below,
        f"Họ và tên học sinh: {content.pupil.upper()} Lớp: {content.class_name} Trường: {content.school}", years,
        lines(content.cover),
        "Quét mã QR để biết học bạ này có thật và còn hiệu lực không, hoặc mở trang:", ADDRESS,
        f"Mã tra cứu ngắn: {content.short_code} Scan to see whether this school record is genuine and current.",
        f"Thông tin học sinh Họ và tên học sinh: {content.pupil.upper()}", lines(content.identity),
        f"Mã số tra cứu học bạ (UUID): {number}",
        "(Mã UUID sử dụng để tra cứu học bạ số trên cổng tra cứu Học bạ số)",
        f"Người ký học bạ: {content.head} Chức vụ của người ký học bạ: {content.head_position}",
        f"Ngày ký học bạ: {content.issue_date} Quá trình học tập Năm học Lớp Trường",
        *(f"{row.school_year} {row.class_name} {row.school}" for row in content.history),
    )  # fmt: skip


def head_signs(content):
    return f"{content.place_and_date} Xác nhận của Hiệu trưởng (Chữ ký số và dấu số của nhà trường) {content.head}"


def primary_pages(content):
    tables = []
    names = ("2. Những phẩm chất chủ yếu Phẩm chất", "3. Những năng lực cốt lõi 3.1. Những năng lực chung Năng lực chung",
             "3.2. Những năng lực đặc thù Năng lực đặc thù")  # fmt: skip
    for name, table in zip(names, content.traits, strict=True):
        (first, level), *others = table.rows
        tables += [name, "Mức đạt được Nhận xét", first, level, table.comment, *(f"{a} {b}" for a, b in others)]
    wide = [part for line in content.outcome if line.wide for part in (line.label, line.value or "—")]
    return joined(
        "1. Kết quả các môn học và hoạt động giáo dục Môn học và hoạt động giáo dục Mức đạt được Điểm KTĐK Nhận xét",
        "Giáo viên",
        *(f"{row.subject} {row.achieved} {row.test or '—'} {row.comment} {row.teacher}" for row in content.achievements),
        *tables, *wide, lines(line for line in content.outcome if not line.wide),
    )  # fmt: skip


def secondary_pages(content):
    summer = ("4. Nhận xét sau khi rèn luyện trong hè", content.summer_comment) if content.summer_comment else ()
    return joined(
        "1. Kết quả các môn học và hoạt động giáo dục TT Môn học, hoạt động giáo dục HK I HK II Cả năm",
        "Nhận xét sự tiến bộ, ưu điểm nổi bật, hạn chế chủ yếu Giáo viên môn học",
        *(
            f"{number} {row.subject} {row.term_1} {row.term_2} {row.year} {row.comment} {row.teacher}"
            for number, row in enumerate(content.marks, start=1)
        ),
        "2. Kết quả rèn luyện và học tập Nội dung Học kì I Học kì II Cả năm",
        *(f"{row.name} {row.term_1} {row.term_2} {row.year}" for row in content.results),
        lines(content.outcome), "3. Nhận xét của giáo viên chủ nhiệm", content.homeroom_comment, *summer,
    )  # fmt: skip


@pytest.mark.parametrize("form", [form for form in FORMS if form != "booklet"])
def test_a_unit_is_read_in_the_order_of_its_pages(form):
    content = FORMS[form]()
    pages = primary_pages if content.level is Level.TH else secondary_pages
    heard = joined(
        front(content, UNIT_ID, f"Năm học: {content.school_year}"), pages(content), head_signs(content),
        f"Giáo viên chủ nhiệm (Chữ ký số) {content.homeroom_teacher}",
    )  # fmt: skip
    assert spoken(print_out(content)) == heard


def test_a_booklet_is_read_in_the_order_of_its_pages():
    content = booklet()
    rows = (
        f"{row.school_year} {row.grade} {row.class_name} {row.school} {row.unit_id} {' '.join(row.manifest)}"
        for row in content.units
    )
    heard = joined(
        front(content, content.booklet_id, f"Các năm học: {content.school_years}"),
        "Các đơn vị học bạ của cấp học Học bạ này gồm 4 đơn vị học bạ, mỗi năm học một đơn vị, theo thứ tự dưới đây.",
        "Mỗi đơn vị là một tệp riêng, có chữ ký số riêng. Năm học Khối Lớp Trường",
        "Mã (UUID) và SHA-256 của bản kê", *rows, f"Kết quả cấp học: {content.completion}", head_signs(content),
    )  # fmt: skip
    assert spoken(print_out(content)) == heard


@EVERY_FORM
def test_headings_go_down_one_step_at_a_time(form):
    levels = [int(tag[2]) for tag, *_ in elements(print_out(FORMS[form]())) if re.fullmatch("/H[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert len(levels) >= 4
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))


@EVERY_FORM
def test_a_heading_is_named_by_its_words(form):
    titles = [title for tag, _, _, title in elements(print_out(FORMS[form]())) if re.fullmatch("/H[1-6]", tag)]
    assert all(titles)
    assert "Quá trình học tập" in titles


@EVERY_FORM
def test_every_table_has_heads_for_its_columns(form):
    found = list(elements(print_out(FORMS[form]())))
    tags = [tag for tag, *_ in found]
    assert tags.count("/Table") == tags.count("/THead") >= 2
    heads = [attributes for tag, attributes, *_ in found if tag == "/TH"]
    assert heads
    assert all(attributes.get("/Scope") == "/Column" for attributes in heads)
    assert all("/Headers" in attributes for tag, attributes, *_ in found if tag == "/TD")


@EVERY_FORM
def test_no_heading_is_mistaken_for_a_list(form):
    assert "/L" not in {tag for tag, *_ in elements(print_out(FORMS[form]()))}


@EVERY_FORM
def test_the_qr_has_words_and_is_the_only_picture(form):
    figures = [alt for tag, _, alt, _ in elements(print_out(FORMS[form]())) if tag == "/Figure"]
    assert figures == [f"Mã QR dẫn đến {ADDRESS}"]
