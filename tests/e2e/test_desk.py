# SPDX-License-Identifier: Apache-2.0

"""The desk in a browser: on a phone, with a keyboard alone, and every page held to the basics."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ledger.duty import Duty
from tests.e2e.conftest import DESK, PHONE, Site, served, watched_page
from tests.e2e.page_basics import hold_to_basics
from tests.simulators.desk_world import PASSWORD, DeskWorld
from tests.simulators.school_office import WORKBOOK
from tests.small_classes import opened, put, saved

pytestmark = pytest.mark.browser

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def desk(tmp_path):
    """A served desk with a clerk."""
    world = DeskWorld.opened(tmp_path)
    world.add("van.thu", Duty.CLERK, Duty.TEACHER)

    def app(url: str):
        world.url = url
        return world.app()

    with served(app) as url:
        yield Site(url, world)


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def page(request, browser, desk):
    yield from watched_page(browser, desk, viewport=request.param, java_script_enabled=request.param is DESK)


@pytest.fixture
def phone(browser, desk):
    yield from watched_page(browser, desk, viewport=PHONE)


def picture(page: Page, name: str, shots: Path | None) -> None:
    if shots is not None:
        shots.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=shots / f"{name}-{page.viewport_size['width']}.png", full_page=True)


def sign_in(page: Page) -> None:
    page.goto("/dang-nhap")
    page.get_by_label("Tên đăng nhập").fill("van.thu")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Việc chờ tôi")


def spoiled() -> bytes:
    book = opened(WORKBOOK)
    put(book, "Học kỳ I", 2, "Toán", 11)
    return saved(book)


def choose(page: Page, data: bytes) -> None:
    page.set_input_files("#tep", {"name": "9A1.xlsx", "mimeType": XLSX, "buffer": data})


def tab_to(page: Page, name: str, role: str = "link") -> None:
    """Tabs until the named control has the focus, as somebody without a mouse does."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.get_by_role(role, name=name, exact=True).evaluate_all("all => all.includes(document.activeElement)"):
            return
    raise AssertionError(f"{name} cannot be reached")


def test_a_class_goes_from_sheet_to_ledger(page, desk, shots):
    page.goto("/lop")
    expect(page.get_by_role("status")).to_contain_text("Hãy đăng nhập để tiếp tục")
    hold_to_basics(page)
    picture(page, "sign-in", shots)
    page.get_by_label("Tên đăng nhập").fill("van.thu")
    page.get_by_label("Mật khẩu").fill("không phải")
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("alert")).to_contain_text("không đúng")
    hold_to_basics(page)
    picture(page, "sign-in-wrong", shots)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lớp học")
    hold_to_basics(page)
    picture(page, "no-classes", shots)
    page.get_by_role("navigation").get_by_role("link", name="Nhập bảng lớp").click()
    hold_to_basics(page)
    picture(page, "import", shots)
    choose(page, spoiled())
    page.get_by_role("button", name="Kiểm tra").click()
    expect(page.locator(".banner.bad")).to_contain_text("chưa nhập được")
    expect(page.locator("tbody tr").first).to_contain_text("trang Học kỳ I, dòng 7, cột Toán, STT 2")
    hold_to_basics(page)
    picture(page, "errors", shots)
    page.get_by_role("button", name="Bỏ, chọn tệp khác").click()
    choose(page, WORKBOOK)
    page.get_by_role("button", name="Kiểm tra").click()
    expect(page.locator(".totals")).to_contain_text("5 thêm mới")
    hold_to_basics(page)
    picture(page, "plan", shots)
    page.get_by_role("button", name="Nhập lớp này").click()
    expect(page.get_by_role("status")).to_have_text("Đã nhập lớp 9A1.")
    hold_to_basics(page)
    picture(page, "class", shots)
    page.get_by_role("link", name="Về danh sách lớp").click()
    expect(page.get_by_role("row", name="9A1")).to_contain_text("Nháp: 5")
    hold_to_basics(page)
    picture(page, "classes", shots)


def test_other_pages_hold_to_the_basics(page, desk, shots):
    sign_in(page)
    hold_to_basics(page)
    picture(page, "home", shots)
    page.get_by_role("link", name="Tài khoản").click()
    page.get_by_role("button", name="Lấy mã ghép").click()
    expect(page.get_by_role("status")).to_contain_text("Mã ghép của bạn")
    hold_to_basics(page)
    picture(page, "account", shots)
    page.goto("/khong-co")
    hold_to_basics(page)
    picture(page, "not-found", shots)
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("status")).to_have_text("Bạn đã đăng xuất.")
    desk.world.accounts.invite("van.thu", "t" * 43)
    page.goto(f"/loi-moi/{'t' * 43}")
    hold_to_basics(page)
    page.get_by_label("Mật khẩu mới", exact=True).fill("một mật khẩu dài")
    page.get_by_label("Gõ lại mật khẩu mới").fill("một mật khẩu khác")
    page.get_by_role("button", name="Đặt mật khẩu và đăng nhập").click()
    expect(page.get_by_role("alert")).to_contain_text("không giống nhau")
    hold_to_basics(page)
    picture(page, "invitation", shots)


def test_the_language_is_switched_and_stays(page, desk):
    sign_in(page)
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Waiting for me")
    page.get_by_role("link", name="Classes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Classes")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    hold_to_basics(page)


def test_a_keyboard_is_enough(phone, desk):
    phone.goto("/dang-nhap")
    expect(phone.get_by_label("Tên đăng nhập")).to_be_focused()
    phone.keyboard.type("van.thu")
    phone.keyboard.press("Tab")
    phone.keyboard.type("sai rồi")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("alert")).to_contain_text("không đúng")
    expect(phone.get_by_label("Mật khẩu")).to_be_focused()
    phone.keyboard.insert_text(PASSWORD)
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Việc chờ tôi")
    phone.keyboard.press("Tab")
    expect(phone.get_by_role("link", name="Tới nội dung chính")).to_be_focused()
    tab_to(phone, "Nhập bảng lớp")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Nhập bảng lớp")
    choose(phone, WORKBOOK)
    tab_to(phone, "Kiểm tra", "button")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Kết quả kiểm tra")
    tab_to(phone, "Nhập lớp này", "button")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("status")).to_have_text("Đã nhập lớp 9A1.")
    tab_to(phone, "Đăng xuất", "button")
    phone.keyboard.press("Space")
    expect(phone.get_by_role("status")).to_have_text("Bạn đã đăng xuất.")
    assert desk.world.office.everything()["desk_session"] == []


def test_what_is_wrong_is_tied_to_its_fields(phone, desk):
    phone.goto("/dang-nhap")
    phone.get_by_label("Tên đăng nhập").fill("van.thu")
    phone.get_by_label("Mật khẩu").fill("sai rồi")
    phone.get_by_role("button", name="Đăng nhập").click()
    field = phone.get_by_label("Mật khẩu")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(phone.get_by_role("alert").inner_text())


def test_another_sites_form_is_not_believed_by_a_real_browser(phone, desk, browser):
    """The form stands on another origin of this computer; the browser sends the cookie along, since ports do not divide sites."""
    sign_in(phone)
    token = phone.locator('input[name="ma-phien"]').first.get_attribute("value")
    elsewhere = "http://127.0.0.1:9"
    other = phone.context.new_page()
    other.route(
        f"{elsewhere}/evil",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{desk.url}/dang-xuat"><input name="ma-phien" value="{token}">'
            "<button>x</button></form>",
        ),
    )
    other.goto(f"{elsewhere}/evil")
    other.get_by_role("button").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Biểu mẫu đã cũ")
    phone.goto("/")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Việc chờ tôi")
