# SPDX-License-Identifier: Apache-2.0

"""What waits for whom at the desk, and the page of a signer's work: what is wrong, how to sign, how far it has come."""

import io
import re
from datetime import timedelta

import openpyxl
import pytest

from ledger.duty import Duty
from ledger.unit import Role
from tests.simulators.desk_world import URL
from tests.simulators.school_office import SHEET, WORKBOOK, corrected
from tests.simulators.signing_room import staffed_pki
from tests.simulators.staff_room import HEAD, HOMEROOM, MATHS, SEAL, StaffRoom

CLASS = len(SHEET.records)
NAMES = [record.pupil.name for record in SHEET.records]


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return staffed_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def begun(pki, tmp_path_factory):
    return StaffRoom.opened(tmp_path_factory.mktemp("begun"), pki)


@pytest.fixture(scope="module")
def hcmc(pki, tmp_path_factory):
    return StaffRoom.opened(tmp_path_factory.mktemp("hcmc"), pki, profile="hcmc")


@pytest.fixture
def staff(begun, tmp_path):
    return begun.copied(tmp_path / "staff")


def home(staff, name):
    answer = staff.signed_in(name).get("/")
    assert answer.status_code == 200
    return answer.text


def work_path(staff, slot=HOMEROOM):
    return f"/ky/{staff.class_id}/{slot}"


def test_each_sees_what_waits_for_them_and_the_next_one_only_when_it_is_their_turn(staff):
    own = home(staff, "an.le")
    assert "Lớp 9A1" in own
    assert "Giáo viên chủ nhiệm" in own
    assert f"{CLASS} học bạ" in own
    assert work_path(staff) in own
    for name in ("binh.tran", "hieu.truong", "van.thu", "hang.xom"):
        assert "Hiện không có việc nào chờ bạn" in home(staff, name), name
    staff.room.sign("GVCN")
    assert "Hiện không có việc nào chờ bạn" in home(staff, "an.le")
    assert work_path(staff, HEAD) in home(staff, "hieu.truong")
    staff.room.sign("CBQL")
    assert work_path(staff, SEAL) in home(staff, "van.thu")


def test_a_slot_is_called_by_its_subject_and_the_clerk_is_told_of_those_without_a_teacher(hcmc, tmp_path):
    staff = hcmc.copied(tmp_path / "hcmc")
    assert "Chưa phân công người ký:" in home(staff, "van.thu")
    assert "Giáo viên bộ môn Toán" in home(staff, "van.thu")
    subjects = len(SHEET.records[0].year.subjects)
    assert f"và {subjects - 3} phần khác" in home(staff, "van.thu")
    assert f"{subjects} phần ký đang chờ" in staff.signed_in("van.thu").get(f"/lop/{staff.class_id}").text
    staff.assign("binh.tran", MATHS)
    assert "Giáo viên bộ môn Toán" in home(staff, "binh.tran")
    assert "Giáo viên bộ môn Toán" not in home(staff, "van.thu")
    assert "Giáo viên bộ môn Ngữ văn" in home(staff, "van.thu")


def test_what_was_returned_is_told_to_whom_it_was_returned_with_its_reason_and_by_whom(staff):
    staff.room.sign("GVCN")
    staff.room.returning.give_back(staff.unit(2).id, slot=HOMEROOM, reason="sai nhận xét <b>", by="hieu.truong")
    told = home(staff, "an.le")
    assert "STT 2: sai nhận xét &lt;b&gt; (Người hieu.truong)" in told
    assert "1 học bạ" in told
    assert "sai nhận xét" not in home(staff, "van.thu")
    assert "Bị trả lại: sai nhận xét &lt;b&gt;" in staff.signed_in("an.le").get(work_path(staff)).text


def test_a_clerk_is_told_of_drafts_and_of_what_everybody_has_signed(staff):
    staff.room.office.take_in(corrected(1))
    assert "1 bản nháp cần chuẩn bị ký" in home(staff, "van.thu")
    assert "bản nháp" not in home(staff, "hieu.truong")
    for who in ("GVCN", "CBQL", "KY_PHAT_HANH"):
        staff.room.sign(who)
    assert f"{CLASS - 1} học bạ đã đủ chữ ký" in home(staff, "van.thu")


def test_the_authority_is_told_of_requests_and_a_school_is_not(staff):
    assert "Hiện không có việc nào chờ bạn" in home(staff, "so.gd")
    staff.room.registrations.request(
        school_code=staff.room.school_class.school_code,
        certificate=staff.room.pki.identities["GVCN-second"].certificate.read_bytes(),
        role=Role.HOMEROOM,
        by="van.thu",
    )
    assert "1 yêu cầu đang chờ" in home(staff, "so.gd")
    assert "yêu cầu đang chờ" not in home(staff, "van.thu")


def test_the_work_page_lists_every_pupil_with_place_warnings_and_a_preview(staff):
    page = staff.signed_in("an.le").get(work_path(staff)).text
    for unit, name in zip(staff.units(), NAMES, strict=True):
        assert name in page
        assert f"/hoc-ba/{unit.id}/pdf" in page
    assert "0 có lưu ý" in page
    assert "chưa ai ký" in page
    staff.room.sign("GVCN")
    assert (
        f"Giáo viên chủ nhiệm: {SHEET.class_info.homeroom.name}"
        in staff.signed_in("hieu.truong").get(work_path(staff, HEAD)).text
    )


def test_warnings_of_the_sheet_are_counted_and_shown_beside_their_pupil(staff):
    staff.import_again(with_another_birthday())
    list(staff.room.issuing.prepare([staff.unit(2)], planned_issue_date=staff.room.at))
    assert "1 có lưu ý" in home(staff, "an.le")
    page = staff.signed_in("an.le").get(work_path(staff)).text
    assert "1 có lưu ý" in page
    rows = [re.search(rf">{name}<.*?</tr>", page, re.DOTALL)[0] for name in NAMES]
    warned = ["không khớp giới tính và năm sinh" in row for row in rows]
    assert warned == [False, True, *[False] * (CLASS - 2)]
    staff.room.sign("GVCN", units=[staff.unit(2).id])
    assert f"{CLASS - 1} học bạ" in home(staff, "an.le")
    assert "có lưu ý" not in home(staff, "an.le")


def with_another_birthday() -> bytes:
    """The sheet with a birthday, for the second pupil, that does not fit the personal number: a warning and no error."""
    book, made = openpyxl.load_workbook(io.BytesIO(WORKBOOK)), io.BytesIO()
    book["Học sinh"]["D7"] = "05/05/2010"
    book.save(made)
    return made.getvalue()


def test_the_command_names_this_work_and_the_pairing_code_opens_the_agents_session(staff):
    browser = staff.signed_in("an.le")
    page = browser.get(work_path(staff)).text
    assert f"hocba sign --desk {URL} --class 9A1 --role GVCN --key" in page
    assert "--account an.le" in page
    shown = browser.form(work_path(staff), f"{work_path(staff)}/ma-ghep").text
    code = re.search(r'class="code-shown"><code>([^<]+)</code>', shown)[1]
    answer = browser.ask("POST", "/agent/v1/session", json={"code": code})
    assert answer.json()["name"] == "Người an.le"
    assert browser.ask("POST", "/agent/v1/session", json={"code": code}).status_code == 410
    assert 'class="code-shown"' not in browser.get(work_path(staff)).text


@pytest.mark.parametrize(
    ("name", "slot", "status"),
    [
        ("an.le", HEAD, 403),
        ("an.le", MATHS, 403),
        ("hieu.truong", HOMEROOM, 403),
        ("van.thu", HOMEROOM, 403),
        ("van.thu", SEAL, 200),
        ("hieu.truong", HEAD, 200),
        ("binh.tran", HOMEROOM, 404),
        ("hang.xom", HEAD, 404),
        ("an.le", "GVXX", 404),
    ],
)
def test_a_slot_is_opened_by_whoever_signs_there_and_by_nobody_else(staff, name, slot, status):
    browser = staff.signed_in(name)
    assert browser.get(work_path(staff, slot)).status_code == status
    csrf = browser.csrf("/tai-khoan")
    assert browser.send(f"{work_path(staff, slot)}/ma-ghep", csrf).status_code == status


def test_a_slot_that_is_assigned_to_one_principal_is_not_the_others(staff):
    staff.assign("hieu.pho", HEAD)
    assert staff.signed_in("hieu.truong").get(work_path(staff, HEAD)).status_code == 403
    assert staff.signed_in("hieu.pho").get(work_path(staff, HEAD)).status_code == 200


def test_a_round_is_shown_from_the_pin_to_the_end_with_what_was_refused(staff):
    browser = staff.signed_in("an.le")
    round_id = staff.room.open("GVCN", account="an.le")
    page = browser.get(work_path(staff)).text
    assert "Hãy nhập mã PIN" in page
    assert f"{CLASS} trên {CLASS}" in page
    staff.room.answer(round_id, "GVCN")
    staff.room.scribe.tsa_down = True
    staff.room.finish(round_id)
    page = browser.get(work_path(staff)).text
    assert "Bạn không phải nhập lại mã PIN" in re.sub(r"\s+", " ", page)
    staff.room.scribe.tsa_down = False
    staff.room.office.take_in(corrected(1))
    staff.room.finish(round_id)
    page = browser.get(work_path(staff)).text
    assert "Đợt ký này đã xong" in page
    assert "STT 2: học bạ đã thay đổi" in page
    assert f"{CLASS - 1} trên {CLASS}" in page
    staff.room.at += timedelta(minutes=1)
    list(staff.room.issuing.prepare([staff.unit(2)], planned_issue_date=staff.room.at))
    staff.room.open("GVCN", account="an.le")
    page = browser.get(work_path(staff)).text
    assert f"đã ký {CLASS - 1} học bạ; 1 không dùng được chữ ký" in page


def test_a_page_loads_itself_again_only_while_the_server_works_and_can_be_told_not_to(staff):
    browser, desk = staff.signed_in("an.le"), staff.room.desk
    round_id = staff.room.open("GVCN", account="an.le")
    assert "http-equiv" not in browser.get(work_path(staff)).text
    staff.room.answer(round_id, "GVCN")
    staff.room.scribe.goes_on.clear()
    desk.work.finish(round_id)
    page = browser.get(work_path(staff)).text
    assert '<meta http-equiv="refresh" content="3">' in page
    assert "Máy chủ đang xử lý" in page
    assert "http-equiv" not in browser.get(f"{work_path(staff)}?tu-tai=khong").text
    assert "http-equiv" not in browser.form(work_path(staff), f"{work_path(staff)}/ma-ghep").text
    staff.room.scribe.goes_on.set()
    staff.until(lambda: not desk.work.progress(round_id).busy)
    assert "http-equiv" not in browser.get(work_path(staff)).text


def test_another_persons_round_is_not_on_my_page(staff):
    staff.room.sign("GVCN")
    staff.room.open("CBQL", account="hieu.pho")
    page = staff.signed_in("hieu.truong").get(work_path(staff, HEAD)).text
    assert "Đợt ký của tôi" not in page
    assert "Đợt ký của tôi" in staff.signed_in("hieu.pho").get(work_path(staff, HEAD)).text


def test_somebody_with_several_duties_sees_all_that_is_theirs(staff):
    staff.world.add("moi.viec", Duty.CLERK, Duty.PRINCIPAL)
    staff.room.sign("GVCN")
    staff.room.office.take_in(corrected(1))
    told = home(staff, "moi.viec")
    assert work_path(staff, HEAD) in told
    assert "bản nháp" in told
