# SPDX-License-Identifier: Apache-2.0

"""What a clerk does with a class at the desk: assigns signers, lays drafts out for signing, and issues."""

from datetime import datetime, timedelta

import pytest

from ledger.errors import LedgerError
from ledger.jobs.job import JobState, Priority
from ledger.unit import UnitState
from tests.simulators.hands import DeskArchivist
from tests.simulators.school_office import SHEET, corrected
from tests.simulators.signing_room import staffed_pki
from tests.simulators.staff_room import HEAD, HOMEROOM, MATHS, PEOPLE, SEAL, StaffRoom

CLASS = len(SHEET.records)


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


def class_path(staff, what=""):
    return f"/lop/{staff.class_id}{what}"


def send(staff, who, what, **fields):
    browser = staff.signed_in(who)
    return browser.send(class_path(staff, what), browser.csrf("/tai-khoan"), **fields)


def jobs(staff):
    return staff.room.board.jobs


def today(staff, days=0):
    return (staff.room.at + timedelta(hours=7, days=days)).date().isoformat()


# Laying out.


def prepares(staff, planned):
    return lambda unit: list(staff.room.issuing.prepare([unit], planned_issue_date=planned))


def drafts(staff):
    return [unit for unit in staff.units() if unit.state is UnitState.DRAFT]


def test_laying_out_is_ordered_as_a_job_before_others_and_the_page_tells_how_far_it_is(staff):
    staff.room.office.take_in(corrected(1, 2))
    clerk = staff.signed_in("van.thu")
    assert "2 bản nháp" in clerk.get(class_path(staff)).text
    answer = send(staff, "van.thu", "/chuan-bi", ngay=today(staff, days=3))
    assert (answer.status_code, answer.headers["location"]) == (303, class_path(staff))
    (job,) = jobs(staff)
    where = {"school": staff.room.school_class.school_code, "year": "2025-2026", "class": "9A1"}
    assert (job.kind, job.priority) == ("prepare", Priority.URGENT)
    assert job.order == where | {"planned": f"{today(staff, days=3)}T08:00:00+07:00"}
    waits = clerk.get(class_path(staff)).text
    assert "Chuẩn bị ký: đang chờ đến lượt" in waits
    assert "/chuan-bi" not in waits
    staff.room.board.becomes(state=JobState.RUNNING, planned=True, total=2, done=1)
    assert "Chuẩn bị ký: đã xong 1 trên 2" in clerk.get(class_path(staff)).text
    planned = datetime.fromisoformat(job.order["planned"])
    staff.room.board.work(drafts(staff), prepares(staff, planned))
    page = clerk.get(class_path(staff)).text
    assert "bản nháp" not in page
    assert "Chuẩn bị ký" not in page
    assert "http-equiv" not in page


@pytest.mark.parametrize("day", ["", "hôm nay", "2026-02-30", "past"])
def test_a_planned_day_that_is_past_or_none_is_refused_and_nothing_is_begun(staff, day):
    staff.room.office.take_in(corrected(1))
    answer = send(staff, "van.thu", "/chuan-bi", ngay=today(staff, days=-1) if day == "past" else day)
    assert answer.status_code == 409
    assert "Ngày dự kiến phát hành chưa đúng" in answer.text
    assert jobs(staff) == []


def test_without_drafts_there_is_nothing_to_lay_out(staff):
    answer = send(staff, "van.thu", "/chuan-bi", ngay=today(staff))
    assert answer.status_code == 409
    assert "không còn bản nháp nào" in answer.text


@pytest.mark.parametrize("what", ["/chuan-bi", "/phat-hanh", "/phan-cong"])
def test_another_school_does_nothing_to_a_class_and_is_told_nothing(staff, what):
    staff.room.office.take_in(corrected(1))
    answer = send(staff, "hang.xom", what, ngay=today(staff), tai_khoan="hang.xom", phan_ky=str(HOMEROOM), ly_do="vì")
    assert answer.status_code == 404
    assert "9A1" not in answer.text
    assert jobs(staff) == []
    assert {one.account for one in staff.room.lines.assignments(class_id=staff.class_id)} == {"an.le"}


@pytest.mark.parametrize("who", ["an.le", "hieu.truong"])
@pytest.mark.parametrize("what", ["/chuan-bi", "/phat-hanh", "/phan-cong"])
def test_only_a_clerk_does(staff, who, what):
    assert send(staff, who, what).status_code == 403
    page = staff.signed_in(who).get(class_path(staff)).text
    assert class_path(staff, what) not in page


# How it went.


def test_one_that_cannot_be_done_is_named_until_it_is_done_and_others_are_not_kept(staff):
    staff.room.office.take_in(corrected(1, 2))
    send(staff, "van.thu", "/chuan-bi", ngay=today(staff))
    prepare = prepares(staff, staff.room.at)

    def no_photo(unit):
        if unit.stt == 2:
            raise LedgerError("Thiếu ảnh.", "No photo.")
        prepare(unit)

    staff.room.board.work(drafts(staff), no_photo)
    clerk = staff.signed_in("van.thu")
    page = clerk.get(class_path(staff)).text
    assert "Chuẩn bị ký: xong 1 trên 2." in page
    assert "STT 2: Thiếu ảnh." in page
    for unit in drafts(staff):
        prepare(unit)
    assert "Thiếu ảnh" not in clerk.get(class_path(staff)).text


def test_what_keeps_many_from_being_done_is_said_once(staff):
    staff.room.office.take_in(corrected(1, 2))
    send(staff, "van.thu", "/chuan-bi", ngay=today(staff))

    def silent(_unit):
        raise LedgerError("Máy chủ dấu thời gian không trả lời.", "No answer.")

    staff.room.board.work(drafts(staff), silent)
    assert "STT 2, 3: Máy chủ dấu thời gian không trả lời." in staff.signed_in("van.thu").get(class_path(staff)).text


@pytest.mark.parametrize(
    ("became", "told"),
    [
        ({"state": JobState.FAILED, "problem": ("Hãy thử lại.", "Try again.")}, "Hãy thử lại."),
        ({"state": JobState.FAILED}, "hocba jobs show prepare-1"),
    ],
)
def test_what_ends_the_work_is_told_in_words_and_it_can_be_ordered_again(staff, became, told):
    staff.room.office.take_in(corrected(1))
    send(staff, "van.thu", "/chuan-bi", ngay=today(staff))
    staff.room.board.becomes(**became)
    page = staff.signed_in("van.thu").get(class_path(staff)).text
    assert "Chuẩn bị ký: bị hỏng giữa chừng, xong 0 trên 0." in page
    assert told in page
    send(staff, "van.thu", "/chuan-bi", ngay=today(staff))
    assert [job.id for job in jobs(staff)] == ["prepare-1", "prepare-2"]
    assert told not in staff.signed_in("van.thu").get(class_path(staff)).text


@pytest.mark.parametrize("state", [JobState.WAITING, JobState.RUNNING])
def test_a_deed_that_is_under_way_is_not_ordered_twice(staff, state):
    staff.room.office.take_in(corrected(1))
    send(staff, "van.thu", "/chuan-bi", ngay=today(staff))
    staff.room.board.becomes(state=state)
    assert send(staff, "van.thu", "/chuan-bi", ngay=today(staff)).status_code == 303
    assert [job.id for job in jobs(staff)] == ["prepare-1"]


# Issuing.


def test_a_class_that_everybody_has_signed_is_issued(staff, pki):
    for who in ("GVCN", "CBQL", "KY_PHAT_HANH"):
        staff.room.sign(who)
    assert f"{CLASS} học bạ đã đủ chữ ký" in staff.signed_in("van.thu").get(class_path(staff)).text
    assert send(staff, "van.thu", "/phat-hanh").status_code == 303
    assert [(job.kind, job.order["class"]) for job in jobs(staff)] == [("issue", "9A1")]
    staff.room.board.work(staff.units(), lambda unit: list(staff.room.issuing.issue(DeskArchivist(pki), [unit])))
    assert {unit.state for unit in staff.units()} == {UnitState.ISSUED}
    assert "Phát hành lớp này" not in staff.signed_in("van.thu").get(class_path(staff)).text


def test_with_a_signature_missing_nothing_is_asked_to_be_issued(staff):
    staff.room.sign("GVCN")
    staff.room.sign("CBQL")
    answer = send(staff, "van.thu", "/phat-hanh")
    assert answer.status_code == 409
    assert "Chưa có học bạ nào đủ chữ ký" in answer.text
    assert jobs(staff) == []


# Who is waited for, and who signs.


def test_the_class_tells_for_whom_it_waits_and_by_name(staff):
    page = staff.signed_in("van.thu").get(class_path(staff)).text
    assert f"Giáo viên chủ nhiệm: {CLASS} học bạ</strong> – Người an.le" in page
    assert f"/ky/{staff.class_id}/GVCN" not in page
    assert f"/ky/{staff.class_id}/GVCN" in staff.signed_in("an.le").get(class_path(staff)).text
    staff.room.sign("GVCN")
    page = staff.signed_in("hieu.truong").get(class_path(staff)).text
    assert f"Hiệu trưởng: {CLASS} học bạ</strong> – người có nhiệm vụ này" in page


def assign(staff, slot, account, reason="", who="van.thu"):
    return send(staff, who, "/phan-cong", phan_ky=str(slot), tai_khoan=account, ly_do=reason)


def who_signs(staff):
    lines = staff.room.lines.assignments(class_id=staff.class_id)
    return {str(one.slot): (one.account, one.replacing) for one in lines}


def test_a_slot_is_given_to_somebody_for_the_first_time_without_a_reason(staff):
    assert assign(staff, HEAD, "hieu.pho").status_code == 303
    assert who_signs(staff) == {"GVCN": ("an.le", ""), "CBQL": ("hieu.pho", "")}
    answer = staff.signed_in("van.thu").get(assign(staff, SEAL, "van.thu").headers["location"])
    assert "Đã giao phần ký Con dấu nhà trường cho Người van.thu" in answer.text


@pytest.mark.parametrize("reason", ["", "  "])
def test_replacing_somebody_needs_a_reason(staff, reason):
    answer = assign(staff, HOMEROOM, "binh.tran", reason)
    assert answer.status_code == 409
    assert "Đổi người ký cần có lý do" in answer.text
    assert who_signs(staff) == {"GVCN": ("an.le", "")}


def test_a_teacher_who_left_is_replaced_with_the_reason_and_no_longer_sees_the_class(staff):
    assert assign(staff, HOMEROOM, "binh.tran", "cô An nghỉ việc từ 01/03").status_code == 303
    assert who_signs(staff) == {"GVCN": ("binh.tran", "cô An nghỉ việc từ 01/03")}
    assert staff.signed_in("an.le").get(class_path(staff)).status_code == 404
    assert staff.signed_in("binh.tran").get(class_path(staff)).status_code == 200
    page = staff.signed_in("van.thu").get(class_path(staff, "/phan-cong")).text
    assert "lý do: cô An nghỉ việc từ 01/03" in page
    assign(staff, HOMEROOM, "binh.tran")
    assert who_signs(staff) == {"GVCN": ("binh.tran", "cô An nghỉ việc từ 01/03")}


@pytest.mark.parametrize(
    ("slot", "account"),
    [
        (HOMEROOM, "van.thu"),
        (HOMEROOM, "hang.xom"),
        (HOMEROOM, ""),
        (HOMEROOM, "khong.co"),
        (HEAD, "an.le"),
        (SEAL, "an.le"),
    ],
)
def test_a_slot_goes_only_to_an_account_of_the_school_with_the_duty(staff, slot, account):
    answer = assign(staff, slot, account, "thử")
    assert answer.status_code == 409
    assert "Chưa chọn người ký" in answer.text
    assert who_signs(staff) == {"GVCN": ("an.le", "")}


def test_a_disabled_account_is_not_offered_and_not_taken(staff):
    staff.world.accounts.disable("binh.tran")
    assert "binh.tran" not in staff.signed_in("van.thu").get(class_path(staff, "/phan-cong")).text
    assert assign(staff, HOMEROOM, "binh.tran", "thử").status_code == 409


@pytest.mark.parametrize("slot", [MATHS, "GVXX", ""])
def test_a_slot_that_the_profile_does_not_have_is_given_to_nobody(staff, slot):
    answer = assign(staff, slot, "an.le")
    assert answer.status_code == 409
    assert "Phần ký này không có trong lớp" in answer.text


def test_where_subject_teachers_sign_each_subject_of_the_class_is_a_slot_of_its_own(hcmc, tmp_path):
    staff = hcmc.copied(tmp_path / "hcmc")
    page = staff.signed_in("van.thu").get(class_path(staff, "/phan-cong")).text
    for subject in SHEET.records[0].year.subjects:
        assert f'value="GVBM-{subject.code}"' in page
    assert "Giáo viên bộ môn Toán" in page
    assert assign(staff, MATHS, "binh.tran").status_code == 303
    assert who_signs(staff)["GVBM-TOAN"] == ("binh.tran", "")


def test_each_slot_offers_those_with_its_duty(staff):
    page = staff.signed_in("van.thu").get(class_path(staff, "/phan-cong")).text
    forms = {slot: page.split(f'id="slot-{slot}"')[1].split("</form>")[0] for slot in (HOMEROOM, HEAD, SEAL)}
    offered = {slot: {name for name in PEOPLE if f'value="{name}"' in form} for slot, form in forms.items()}
    assert offered == {HOMEROOM: {"an.le", "binh.tran"}, HEAD: {"hieu.truong", "hieu.pho"}, SEAL: {"van.thu"}}
