# SPDX-License-Identifier: Apache-2.0

"""The desk in a browser: the clerk assigns, the teacher looks and gives back; on a phone, by keyboard alone, without a script."""

import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from ledger.unit import Role
from tests.e2e.conftest import DESK, PHONE, watched_page
from tests.simulators.desk_world import PASSWORD
from tests.simulators.school_office import SHEET, corrected
from tests.simulators.signing_room import certificate, staffed_pki
from tests.simulators.staff_room import StaffRoom

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NAMES = [record.pupil.name for record in SHEET.records]
CLASS = len(SHEET.records)
MOST_TABS = 80


@contextmanager
def served(app, listener):
    """The application behind a socket that listens already."""
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            started.set()

    server = Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert started.wait(30)
    yield
    server.should_exit = True
    thread.join(30)
    listener.close()


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    return StaffRoom.opened(tmp_path_factory.mktemp("begun"), staffed_pki(tmp_path_factory.mktemp("pki")))


@pytest.fixture
def site(begun, tmp_path):
    """A school's desk with its people; it has a port of its own and is gone after the test."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    staff = begun.copied(tmp_path / "staff")
    staff.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with served(staff.app, listener):
        yield staff


@pytest.fixture
def phone(browser, site):
    yield from watched_page(browser, site, viewport=PHONE, java_script_enabled=False)


@pytest.fixture
def large(browser, site):
    yield from watched_page(browser, site, viewport=DESK, java_script_enabled=False)


def sign_in(page: Page, name: str) -> None:
    page.context.clear_cookies()
    page.goto("/dang-nhap")
    page.get_by_label("Tên đăng nhập").fill(name)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập", exact=True).click()
    expect(page.get_by_role("heading", name="Việc chờ tôi")).to_be_visible()


def fits(page: Page) -> None:
    """Nothing sticks out sideways."""
    wide = page.locator("body").bounding_box()
    for box in (one.bounding_box() for one in page.locator("main *:visible").all()):
        assert box is None or box["x"] + box["width"] <= wide["width"] + 1, page.url


def test_the_clerk_assigns_and_the_teacher_looks_previews_and_is_told_how_to_sign(site, phone, tmp_path):
    sign_in(phone, "van.thu")
    phone.get_by_role("link", name="Lớp học").click()
    phone.get_by_role("link", name="9A1").click()
    expect(phone.get_by_text(f"Giáo viên chủ nhiệm: {CLASS} học bạ")).to_be_visible()
    fits(phone)
    phone.get_by_role("link", name="Phân công người ký").click()
    fits(phone)
    form = phone.get_by_role("form", name="Giáo viên chủ nhiệm")
    form.get_by_label("Người ký").select_option("binh.tran")
    form.get_by_role("button", name="Giao").click()
    expect(phone.get_by_role("alert")).to_contain_text("cần có lý do")
    form.get_by_label("Lý do (nếu thay người)").fill("cô An nghỉ việc từ 01/03")
    form.get_by_role("button", name="Giao").click()
    expect(phone.get_by_role("status")).to_contain_text("Đã giao phần ký Giáo viên chủ nhiệm cho Người binh.tran")
    sign_in(phone, "binh.tran")
    phone.get_by_role("link", name="Xem và ký").click()
    for name in NAMES:
        expect(phone.get_by_role("link", name=name, exact=True)).to_be_visible()
    expect(phone.get_by_text("hocba sign --desk")).to_be_visible()
    fits(phone)
    phone.get_by_role("button", name="Lấy mã ghép").click()
    expect(phone.locator(".code-shown")).to_be_visible()
    preview = phone.get_by_role("link", name=f"Xem PDF của {NAMES[1]}").get_attribute("href")
    answer = phone.context.request.get(f"{site.url}{preview}")
    assert answer.body().startswith(b"%PDF")
    assert answer.headers["content-disposition"].startswith("inline")


def test_the_principal_gives_one_back_by_keyboard_alone_and_the_teacher_reads_why(site, large):
    # Playwright keeps an event loop running in this thread, where signing wants its own.
    with ThreadPoolExecutor(1) as other:
        other.submit(site.room.sign, "GVCN").result()
    page = large
    page.goto("/dang-nhap")
    expect(page.get_by_label("Tên đăng nhập")).to_be_focused()
    page.keyboard.type("hieu.truong")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("/dang-nhap"))
    press_on(page, "Xem và ký")
    press_on(page, NAMES[2])
    reach(page, lambda focus: focus.get_attribute("id") == "ly-do")
    page.keyboard.type("sai họ tên trong nhận xét")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Đã trả lại")
    sign_in(page, "an.le")
    expect(page.get_by_text("STT 3: sai họ tên trong nhận xét (Người hieu.truong)")).to_be_visible()
    page.get_by_role("link", name="Xem và ký").click()
    expect(page.get_by_text("Bị trả lại: sai họ tên trong nhận xét")).to_be_visible()


def test_the_clerk_lays_drafts_out_and_the_page_follows_by_itself(site, large):
    site.room.office.take_in(corrected(*range(CLASS)))
    sign_in(large, "van.thu")
    large.get_by_role("link", name="Mở lớp 9A1").click()
    large.get_by_role("button", name="Chuẩn bị ký").click()
    expect(large.get_by_text("Chuẩn bị ký: đang chờ đến lượt.")).to_be_visible()
    fits(large)
    (job,) = site.room.board.jobs
    planned = datetime.fromisoformat(job.order["planned"])
    site.room.board.work(
        site.room.units(), lambda unit: list(site.room.issuing.prepare([unit], planned_issue_date=planned))
    )
    # Without a script and without a click: the page loads itself until the work is done.
    expect(large.get_by_text(f"Giáo viên chủ nhiệm: {CLASS} học bạ")).to_be_visible(timeout=60_000)
    expect(large.get_by_role("button", name="Chuẩn bị ký")).to_have_count(0)


def test_a_certificate_goes_to_the_authority_and_comes_back_approved(site, phone, tmp_path):
    file = tmp_path / "thay-lop.cer"
    file.write_bytes(certificate(site.room.pki, "GVCN-second"))
    sign_in(phone, "van.thu")
    phone.get_by_role("link", name="Chứng thư số").click()
    form = phone.get_by_role("form", name="Gửi đăng ký chứng thư")
    form.get_by_label("Tệp chứng thư").set_input_files(file)
    form.get_by_label("Vai trò").select_option(Role.HOMEROOM.value)
    form.get_by_label("Tài khoản").select_option("binh.tran")
    fits(phone)
    form.get_by_role("button", name="Gửi Sở duyệt").click()
    expect(phone.get_by_role("status")).to_contain_text("Hãy chờ Sở duyệt")
    sign_in(phone, "so.gd")
    phone.get_by_role("link", name="Xem và duyệt").click()
    fits(phone)
    phone.get_by_role("article", name="Hồ Thị Thay Lớp").get_by_role("button", name="Duyệt").click()
    expect(phone.get_by_role("status")).to_contain_text("Nhớ công bố danh sách mới")
    sign_in(phone, "van.thu")
    phone.get_by_role("link", name="Chứng thư số").click()
    expect(phone.get_by_role("article", name="Hồ Thị Thay Lớp")).to_contain_text("Đã duyệt")


def focused(page: Page):
    return page.locator(":focus")


def reach(page: Page, wanted) -> None:
    """Presses Tab until what has the focus is wanted."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        focus = focused(page)
        if focus.count() and wanted(focus):
            return
    raise AssertionError(f"no Tab leads there on {page.url}")


def press_on(page: Page, words: str) -> None:
    """Goes to the link with these words by Tab and follows it."""
    before = page.url
    reach(page, lambda focus: focus.inner_text().strip() == words)
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(before)
