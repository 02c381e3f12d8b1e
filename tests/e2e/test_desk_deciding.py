# SPDX-License-Identifier: Apache-2.0

"""Decisions at the desk in a browser: recall, consent, lock and transfer, on a phone without a script and by keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, Site, served, watched_page
from tests.e2e.page_basics import hold_to_basics
from tests.e2e.test_desk import picture
from tests.e2e.test_desk_signing import reach, sign_in
from tests.simulators.chancery import PDF, Chancery
from tests.simulators.school_office import SHEET, YEAR

pytestmark = pytest.mark.browser
NAMES = [record.pupil.name for record in SHEET.records]
DOCUMENT = {"name": "quyet-dinh.pdf", "mimeType": "application/pdf", "buffer": PDF}


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    return Chancery.opened(tmp_path_factory.mktemp("begun"))


@pytest.fixture
def site(begun, tmp_path):
    """A school's desk and the authority's, over a chain to which nobody has carried anything yet."""
    chancery = begun.copied(tmp_path / "chancery")

    def app(url: str):
        chancery.desk.url = url
        return chancery.app

    with served(app) as url:
        yield Site(url, chancery)


@pytest.fixture
def phone(browser, site):
    yield from watched_page(browser, site, viewport=PHONE, java_script_enabled=False)


@pytest.fixture
def large(browser, site):
    yield from watched_page(browser, site, viewport=DESK)


@pytest.fixture
def look(shots):
    """Holds a page to the basics, and leaves a picture of it."""

    def looked(page: Page, name: str) -> None:
        hold_to_basics(page)
        picture(page, name, shots)

    return looked


def tab_to(page: Page, name: str) -> None:
    """Tabs until the control with this id has the focus."""
    reach(page, lambda focus: focus.get_attribute("id") == name)


def press(page: Page, words: str) -> None:
    """Tabs to the control with these words and presses it."""
    reach(page, lambda focus: focus.inner_text().strip() == words)
    page.keyboard.press("Enter")


def test_a_recall_after_the_lock_goes_from_the_clerk_to_the_authority_and_back_on_a_phone(site, phone, look):
    chancery = site.world
    chancery.lock()
    unit = chancery.unit(2)
    sign_in(phone, "van.thu")
    phone.get_by_role("link", name="Lớp học").click()
    phone.get_by_role("link", name="9A1").click()
    expect(phone.get_by_text("đã phát hành 5, đã neo 5")).to_be_visible()
    look(phone, "class-complete")
    phone.get_by_role("link", name=NAMES[1]).click()
    look(phone, "record")
    phone.get_by_text("Mở biểu mẫu thu hồi").click()
    form = phone.get_by_role("form", name="Thu hồi học bạ này")
    form.get_by_label("Vì sao thu hồi").select_option("Thay đổi hộ tịch")
    form.get_by_label("Lý do cụ thể").fill("Đổi họ từ Nguyễn sang Trần theo Quyết định 12/QĐ-UBND")
    form.get_by_label("Tôi hiểu").check()
    look(phone, "recall-form")
    form.get_by_role("button", name="Quyết định thu hồi").click()
    expect(phone.get_by_role("alert")).to_contain_text("cần văn bản làm căn cứ")
    expect(form.get_by_label("Lý do cụ thể")).to_have_value("Đổi họ từ Nguyễn sang Trần theo Quyết định 12/QĐ-UBND")
    look(phone, "recall-refused")
    form.get_by_label("Văn bản làm căn cứ").set_input_files(DOCUMENT)
    form.get_by_label("Tôi hiểu").check()
    form.get_by_role("button", name="Quyết định thu hồi").click()
    expect(phone.get_by_role("status")).to_contain_text("Đã ghi quyết định thu hồi")
    expect(phone.get_by_text("đang chờ Sở chấp thuận")).to_be_visible()
    look(phone, "recall-waits")
    sign_in(phone, "so.gd")
    look(phone, "authority-home")
    phone.get_by_role("link", name="Xem và chấp thuận").click()
    case = phone.get_by_role("article", name=f"Thu hồi học bạ: {NAMES[1]}")
    expect(case).to_contain_text("Đổi họ từ Nguyễn sang Trần")
    look(phone, "consents")
    with phone.expect_download() as download:
        case.get_by_role("link", name="Tải văn bản làm căn cứ").click()
    assert download.value.suggested_filename.startswith("van-ban-")
    case.get_by_label("Căn cứ chấp thuận").fill("Tờ trình 45/TTr-THCS")
    case.get_by_role("button", name="Chấp thuận", exact=True).click()
    expect(phone.get_by_role("status")).to_contain_text("Đã ghi chấp thuận")
    look(phone, "consented")
    chancery.carry_for_authority()
    chancery.carry()
    sign_in(phone, "van.thu")
    phone.goto(f"/hoc-ba/{unit.id}")
    expect(phone.get_by_text("Đã thu hồi trên chuỗi, không lấy lại được.")).to_be_visible()
    look(phone, "recalled")


def test_the_authority_locks_a_year_by_keyboard_alone(site, large, look):
    page = large
    page.goto("/dang-nhap")
    expect(page.get_by_label("Tên đăng nhập")).to_be_focused()
    page.keyboard.type("so.gd")
    page.keyboard.press("Tab")
    page.keyboard.type("bốn từ ghép lại")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Việc chờ tôi")
    press(page, "Khóa năm học")
    expect(page.get_by_role("heading", level=1)).to_have_text("Năm học")
    look(page, "years")
    press(page, YEAR)
    expect(page.get_by_text("Đã khóa thì không mở lại được.")).to_be_visible()
    tab_to(page, "go-lai")
    page.keyboard.type("2024-2025")
    tab_to(page, "ly-do")
    page.keyboard.type("Kế hoạch kết thúc năm học")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("gõ lại chưa đúng")
    look(page, "lock-refused")
    expect(page.get_by_label("Căn cứ khóa")).to_have_value("Kế hoạch kết thúc năm học")
    tab_to(page, "go-lai")
    page.keyboard.type(YEAR)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Đã ghi quyết định khóa năm học này.")
    expect(page.get_by_role("button", name="Khóa năm học")).to_have_count(0)
    look(page, "locked")


def test_a_pupil_goes_from_one_school_to_the_other_on_a_phone(site, phone, look):
    sign_in(phone, "van.thu")
    phone.goto(f"/hoc-ba/{site.world.unit(2).id}")
    phone.get_by_role("link", name="Cho chuyển trường").click()
    expect(phone.get_by_label("Mã học sinh")).to_have_value(site.world.unit(2).pupil_code)
    phone.get_by_label("Trường đến").fill("12345678")
    phone.get_by_label("Lý do").fill("Theo gia đình chuyển nơi ở")
    look(phone, "release")
    phone.get_by_role("button", name="Cho chuyển").click()
    expect(phone.get_by_role("alert")).to_contain_text("Hãy chọn một trường khác")
    phone.get_by_label("Trường đến").fill("79000502")
    phone.get_by_role("button", name="Cho chuyển").click()
    expect(phone.get_by_role("status")).to_contain_text("Đã cho chuyển")
    look(phone, "released")
    sign_in(phone, "hang.xom")
    phone.get_by_role("link", name="Xem và tiếp nhận").click()
    look(phone, "transfers")
    phone.get_by_role("article", name=NAMES[1]).get_by_role("link", name="Xem hồ sơ").click()
    expect(phone.get_by_role("heading", name="Học bạ đi theo học sinh")).to_be_visible()
    expect(phone.get_by_role("row")).to_contain_text([YEAR])
    look(phone, "transfer")
    phone.get_by_role("button", name="Tiếp nhận").click()
    expect(phone.get_by_role("status")).to_have_text("Đã tiếp nhận học sinh.")
    hold_to_basics(phone)
