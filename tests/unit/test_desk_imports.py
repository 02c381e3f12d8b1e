# SPDX-License-Identifier: Apache-2.0

"""A class sheet at the desk: checked, shown, imported once the clerk says yes, and never anything of another school."""

import html
import re

import pytest
from sqlalchemy import text

from ledger.duty import Duty
from ledger.record.check import CheckOptions
from ledger.record.sheets.workbook import MAX_FILE_BYTES
from ledger.unit import Role, UnitState
from tests.simulators.desk_world import ELSEWHERE, Browser, DeskWorld
from tests.simulators.school_office import CODE, WORKBOOK
from tests.small_classes import opened, put, saved

XLSX = "9A1.xlsx"
SPELT = "Chăm ngoan, cần tự tin hơn khi phát biểu."


@pytest.fixture
def world(tmp_path):
    world = DeskWorld.opened(tmp_path)
    world.add("van.thu", Duty.CLERK)
    return world


@pytest.fixture
def clerk(world):
    return world.signed_in("van.thu")


def hand_in(browser: Browser, data: bytes, name: str = XLSX) -> str:
    answer = browser.form("/nhap-lop", files={"tep": (name, data)})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def told(browser: Browser, page: str) -> str:
    """What a page says, without its tags."""
    said = browser.get(page).text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", said[said.index("<main") :])).split())


def say_yes(browser: Browser, page: str):
    """Presses the button that the page shows."""
    seal = re.search(r'name="ke-hoach" value="(\w+)"', browser.get(page).text)
    return browser.form(page, ke_hoach=seal[1] if seal else "")


def spoiled(sheet: str, stt: int, heading: str, value: object) -> bytes:
    book = opened(WORKBOOK)
    put(book, sheet, stt, heading, value)
    return saved(book)


def of_school(code: str) -> bytes:
    book = opened(WORKBOOK)
    next(row for row in book["Thông tin"].iter_rows() if row[0].value == "Mã trường")[1].value = code
    return saved(book)


def count(world, table: str) -> int:
    return len(world.office.everything()[table])


def test_a_sheet_is_checked_shown_and_imported(world, clerk):
    page = hand_in(clerk, WORKBOOK)
    said = told(clerk, page)
    assert "Không có lỗi nào" in said
    assert "5 thêm mới" in said
    assert count(world, "class") == 0
    answer = say_yes(clerk, page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/lop/1?vua=nhap")
    assert "Đã nhập lớp 9A1" in told(clerk, "/lop/1?vua=nhap")
    assert "Nháp: 5" in told(clerk, "/lop")
    assert (count(world, "unit"), count(world, "uploaded_sheet")) == (5, 0)


def test_a_mistake_is_told_by_its_cell_and_nothing_can_be_imported(world, clerk):
    page = hand_in(clerk, spoiled("Học kỳ I", 2, "Toán", 11))
    said = told(clerk, page)
    assert "lỗi nên chưa nhập được" in said
    assert "trang Học kỳ I, dòng 7, cột Toán, STT 2" in said
    assert "Nhập lớp này" not in said
    assert say_yes(clerk, page).status_code == 409
    assert count(world, "class") == 0


def test_what_is_no_class_sheet_is_told_so(clerk):
    for data in (b"", b"PK\x03\x04 and nothing more", b"%PDF-1.7", b"{}", "\x00é".encode()):
        page = hand_in(clerk, data)
        assert clerk.get(page).status_code == 200
        assert "lỗi nên chưa nhập được" in told(clerk, page)


def test_sample_data_is_taken_only_where_the_desk_is_told_so(world):
    world.options = CheckOptions()
    clerk = world.signed_in("van.thu")
    assert "099" in told(clerk, hand_in(clerk, WORKBOOK))


def test_a_corrected_sheet_shows_what_changes_and_who_signs_again(world, clerk):
    say_yes(clerk, hand_in(clerk, WORKBOOK))
    world.office.prepared()
    second = world.office.units()[1]
    world.office.ledger.sign(second, Role.PRINCIPAL)
    page = hand_in(clerk, spoiled("Nhận xét", 2, "Toán", SPELT))
    said = told(clerk, page)
    assert "1 sửa" in said
    assert "4 giữ nguyên" in said
    assert SPELT in said
    assert "Phải ký lại: Hiệu trưởng." in said
    say_yes(clerk, page)
    assert world.office.units()[1].state is UnitState.DRAFT


def test_a_pupil_who_was_released_blocks_the_class_and_is_told_with_the_school(world, clerk):
    say_yes(clerk, hand_in(clerk, WORKBOOK))
    leaves = world.office.units()[1]
    where = {"level": leaves.level, "school_year": leaves.school_year}
    schools = {"from_school": leaves.school_code, "to_school": ELSEWHERE}
    world.office.ledger.transferring.release(
        leaves.pupil_code, **where, **schools, confirmation=b"%PDF-1.7 xac nhan", by="van.thu"
    )
    said = told(clerk, hand_in(clerk, spoiled("Nhận xét", 2, "Toán", SPELT)))
    assert f"Đã cho chuyển sang trường {ELSEWHERE}: hãy bỏ học sinh khỏi bảng lớp" in said
    assert "cả lớp chưa nhập được" in said


def test_a_pupil_who_is_issued_blocks_the_class_and_is_told_what_to_do(world, clerk):
    say_yes(clerk, hand_in(clerk, WORKBOOK))
    world.office.issued_without_papers(world.office.units()[1])
    page = hand_in(clerk, spoiled("Nhận xét", 2, "Toán", SPELT))
    said = told(clerk, page)
    assert "hãy thu hồi trước" in said
    assert "Nhập lớp này" not in said
    assert say_yes(clerk, page).status_code == 409


def test_a_plan_that_has_become_another_one_is_shown_again_and_not_carried_out(world, clerk):
    page = hand_in(clerk, WORKBOOK)
    old = re.search(r'name="ke-hoach" value="(\w+)"', clerk.get(page).text)[1]
    say_yes(clerk, hand_in(clerk, spoiled("Nhận xét", 2, "Toán", SPELT)))
    before = world.office.everything()["unit"]
    answer = clerk.form(page, ke_hoach=old)
    assert answer.status_code == 409
    assert "Sổ cái đã thay đổi sau khi bạn xem" in html.unescape(answer.text)
    assert world.office.everything()["unit"] == before
    assert say_yes(clerk, page).status_code == 303
    assert world.office.everything()["unit"] != before


def test_a_sheet_is_imported_once(world, clerk):
    page = hand_in(clerk, WORKBOOK)
    token = clerk.csrf(page)
    say_yes(clerk, page)
    again = clerk.send(page, token, ke_hoach="")
    assert again.status_code == 410
    assert "đã nhập, đã bỏ, hoặc đã quá một ngày" in html.unescape(again.text)


def test_a_sheet_can_be_discarded_and_is_forgotten_after_a_day(world, clerk):
    page = hand_in(clerk, WORKBOOK)
    assert clerk.form(page, f"{page}/bo").headers["location"] == "/nhap-lop"
    assert count(world, "uploaded_sheet") == 0
    page = hand_in(clerk, WORKBOOK)
    world.clock.advance(days=1)
    clerk.sign_in("van.thu")
    assert clerk.get(page).status_code == 410
    hand_in(clerk, WORKBOOK)
    assert count(world, "uploaded_sheet") == 1


def test_one_account_keeps_only_a_few_sheets(world, clerk):
    pages = []
    for _ in range(7):
        world.clock.advance(seconds=1)
        pages.append(hand_in(clerk, b"{}"))
    assert count(world, "uploaded_sheet") == 5
    assert clerk.get(pages[0]).status_code == 410
    assert clerk.get(pages[-1]).status_code == 200


def test_no_file_and_two_files_are_told_beside_the_field(clerk):
    for files, message in (
        ({"tep": ("", b"")}, "Chưa chọn tệp nào"),
        ([("tep", ("a.xlsx", b"x")), ("tep", ("b.xlsx", b"x"))], "Mỗi lần chỉ nhập một lớp"),
    ):
        answer = clerk.form("/nhap-lop", files=files)
        assert answer.status_code == 422
        assert message in html.unescape(answer.text)
        assert 'aria-describedby="tep-hint wrong"' in answer.text


def test_a_file_name_is_shown_as_text_and_nothing_else(clerk):
    page = hand_in(clerk, b"{}", name="..\\../<b>lớp & 9A1.xlsx")
    said = clerk.get(page).text
    assert "<b>" not in said
    assert "&amp; 9A1" in said
    assert "../" not in said[said.index("<main") :]


def test_a_file_that_is_too_large_is_refused(clerk):
    answer = clerk.form("/nhap-lop", files={"tep": (XLSX, b"x" * (MAX_FILE_BYTES + 65536))})
    assert answer.status_code == 413
    assert "tối đa 10 MB" in html.unescape(answer.text)


@pytest.mark.parametrize(("level", "sheet"), [("th", "Học sinh"), ("thcs", "Học kỳ I"), ("thpt", "Học kỳ I")])
def test_an_empty_sheet_can_be_had(clerk, level, sheet):
    answer = clerk.get(f"/nhap-lop/mau/{level}")
    assert answer.headers["content-disposition"] == f'attachment; filename="mau-{level}.xlsx"'
    assert sheet in opened(answer.content).sheetnames


def test_there_is_no_empty_sheet_of_other_levels(clerk):
    assert clerk.get("/nhap-lop/mau/dai-hoc").status_code == 404


# Other schools.


def test_a_sheet_of_another_school_is_refused_before_anything_is_looked_up(world, clerk):
    page = hand_in(clerk, of_school(ELSEWHERE))
    said = told(clerk, page)
    assert f"Bảng này ghi mã trường {ELSEWHERE}" in said
    assert CODE in said
    assert "Nếu nhập, sẽ thay đổi" not in said
    assert say_yes(clerk, page).status_code == 409
    assert count(world, "class") == 0


def test_what_a_record_says_at_another_school_is_not_shown(world, clerk):
    """The pupils stand in a class of the other school, with another comment: that they do is told, and no more."""
    world.office.take_in()
    with world.office.ledger.engine.begin() as connection:
        connection.execute(text("UPDATE class SET school_code = :other, name = '9Z9'"), {"other": ELSEWHERE})
        connection.execute(text("UPDATE unit SET school_code = :other"), {"other": ELSEWHERE})
    said = told(clerk, hand_in(clerk, spoiled("Nhận xét", 2, "Toán", SPELT)))
    assert "Đang có học bạ ở trường khác" in said
    assert "9Z9" not in said
    assert "→" not in said
    assert "Nhập lớp này" not in said
