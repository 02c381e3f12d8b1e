# SPDX-License-Identifier: Apache-2.0

"""One pupil's record at the desk: who may look at it, its PDF, who signed it, and giving it back."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from ledger.desk.unit_pages import given_back_to
from ledger.store.class_import import Draft
from ledger.store.reader import Signature
from ledger.store.tables import FileRole
from ledger.unit import MOET, PROFILES, Role, Slot, UnitState
from tests.simulators.desk_world import ELSEWHERE
from tests.simulators.hands import DeskArchivist
from tests.simulators.school_office import SHEET, corrected
from tests.simulators.signing_room import START, certificate, sha256, staffed_pki
from tests.simulators.staff_room import HEAD, HOMEROOM, MATHS, SEAL, StaffRoom

CLASS = len(SHEET.records)
LITERATURE = Slot(Role.SUBJECT, "NGU_VAN")
HCMC = PROFILES["hcmc"]


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return staffed_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def begun(pki, tmp_path_factory):
    return StaffRoom.opened(tmp_path_factory.mktemp("begun"), pki)


@pytest.fixture
def staff(begun, tmp_path):
    return begun.copied(tmp_path / "staff")


def give_back(staff, who, slot, reason="sai nhận xét", stt=2):
    browser = staff.signed_in(who)
    path = f"/hoc-ba/{staff.unit(stt).id}"
    return browser.send(f"{path}/tra-lai", browser.csrf("/tai-khoan"), nguoi_ky=str(slot), ly_do=reason)


def test_the_pdf_as_it_stands_is_shown_inline_and_runs_nothing(staff):
    unit = staff.unit(2)
    answer = staff.signed_in("an.le").get(f"/hoc-ba/{unit.id}/pdf")
    assert answer.status_code == 200
    assert answer.content == staff.room.office.files.get(unit.file(FileRole.PDF).sha256)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="9A1-02.pdf"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; object-src 'self'")
    assert "script" not in policy
    assert "frame-ancestors 'none'" in policy
    page = staff.signed_in("an.le").get(f"/hoc-ba/{unit.id}")
    assert "object-src" not in page.headers["content-security-policy"]
    staff.room.sign("GVCN")
    signed = staff.signed_in("an.le").get(f"/hoc-ba/{unit.id}/pdf").content
    assert signed.startswith(answer.content)
    assert len(signed) > len(answer.content)


@pytest.mark.parametrize("what", ["", "/pdf"])
def test_a_record_is_seen_by_clerk_principal_and_who_signs_in_its_class(staff, what):
    path = f"/hoc-ba/{staff.unit(1).id}{what}"
    for name, status in (("van.thu", 200), ("hieu.truong", 200), ("an.le", 200), ("binh.tran", 404), ("hang.xom", 404)):
        assert staff.signed_in(name).get(path).status_code == status, name
    stranger = staff.signed_in("hang.xom")
    unknown = f"/hoc-ba/00000000-0000-4000-8000-000000000001{what}"
    assert stranger.get(path).text.replace(path, "") == stranger.get(unknown).text.replace(unknown, "")
    staff.assign("binh.tran", MATHS)
    assert staff.signed_in("binh.tran").get(path).status_code == 200


def test_another_school_with_a_class_of_the_same_name_sees_its_own_alone(staff):
    office = staff.room.office
    name, year = staff.room.school_class.name, staff.room.school_class.school_year
    draft = Draft(uuid4(), "7" * 10, 1, "0" * 64, staff.unit(1).source_sha256)
    office.ledger.import_class(
        [draft],
        school_code=ELSEWHERE,
        name=name,
        school_year=year,
        sheet_sha256=staff.room.school_class.sheet_sha256,
    )
    stranger = staff.signed_in("hang.xom")
    assert name in stranger.get("/lop").text
    for what in ("", "/pdf"):
        assert stranger.get(f"/hoc-ba/{draft.unit_id}{what}").status_code in {200, 409}
        assert stranger.get(f"/hoc-ba/{staff.unit(1).id}{what}").status_code == 404
        assert staff.signed_in("van.thu").get(f"/hoc-ba/{draft.unit_id}{what}").status_code == 404


def test_another_school_gives_nothing_back(staff):
    staff.room.sign("GVCN")
    assert give_back(staff, "hang.xom", HOMEROOM).status_code == 404
    assert give_back(staff, "binh.tran", HOMEROOM).status_code == 404
    assert staff.unit(2).signed_slots == (HOMEROOM,)


def test_a_draft_has_no_pdf_and_is_told_what_to_do(staff):
    staff.room.office.take_in(corrected(1))
    answer = staff.signed_in("an.le").get(f"/hoc-ba/{staff.unit(2).id}/pdf")
    assert answer.status_code == 409
    assert "Chuẩn bị ký" in answer.text
    assert "/pdf" not in staff.signed_in("an.le").get(f"/hoc-ba/{staff.unit(2).id}").text


@pytest.mark.parametrize("who", ["van.thu", "hieu.truong"])
def test_clerk_and_principal_give_back_to_any_signer_and_the_reason_is_kept(staff, who):
    staff.room.sign("GVCN")
    staff.room.sign("CBQL")
    answer = give_back(staff, who, HOMEROOM)
    assert answer.status_code == 303
    assert staff.unit(2).signed_slots == ()
    assert staff.unit(1).signed_slots == (HOMEROOM, HEAD)
    page = staff.signed_in(who).get(answer.headers["location"]).text
    assert "Đã trả lại. Học bạ nằm trong danh sách chờ" in page
    assert f"Người {who} trả lại cho Giáo viên chủ nhiệm. Lý do: sai nhận xét" in page


def test_giving_back_to_the_last_signer_keeps_the_signatures_before(staff):
    staff.room.sign("GVCN")
    staff.room.sign("CBQL")
    give_back(staff, "van.thu", HEAD)
    assert staff.unit(2).signed_slots == (HOMEROOM,)


@pytest.mark.parametrize("reason", ["", "   "])
def test_giving_back_needs_a_reason(staff, reason):
    staff.room.sign("GVCN")
    answer = give_back(staff, "van.thu", HOMEROOM, reason=reason)
    assert answer.status_code == 409
    assert "Trả lại học bạ cần có lý do" in answer.text
    assert 'role="alert"' in answer.text
    assert staff.unit(2).signed_slots == (HOMEROOM,)


@pytest.mark.parametrize("slot", [HEAD, SEAL, MATHS, "GVXX", ""])
def test_it_is_given_back_only_to_who_has_signed(staff, slot):
    staff.room.sign("GVCN")
    answer = give_back(staff, "van.thu", slot)
    assert answer.status_code == 409
    assert "họ chưa ký" in answer.text
    assert staff.unit(2).signed_slots == (HOMEROOM,)


def test_a_teacher_gives_nothing_back_that_is_their_own_or_is_past_them(staff):
    staff.room.sign("GVCN")
    page = staff.signed_in("an.le").get(f"/hoc-ba/{staff.unit(2).id}").text
    assert "Trả lại để ký lại" not in page
    assert give_back(staff, "an.le", HOMEROOM).status_code == 409
    staff.room.sign("CBQL")
    assert give_back(staff, "an.le", HEAD).status_code == 409
    assert staff.unit(2).signed_slots == (HOMEROOM, HEAD)


def test_what_is_issued_is_given_back_by_nobody(staff, pki):
    for who in ("GVCN", "CBQL", "KY_PHAT_HANH"):
        staff.room.sign(who)
    list(staff.room.issuing.issue(DeskArchivist(pki), [staff.unit(2)]))
    assert give_back(staff, "van.thu", HOMEROOM).status_code == 409
    assert staff.unit(2).signed_slots == (HOMEROOM, HEAD, SEAL)
    assert "Trả lại để ký lại" not in staff.signed_in("van.thu").get(f"/hoc-ba/{staff.unit(2).id}").text
    assert "Trả lại để ký lại" in staff.signed_in("van.thu").get(f"/hoc-ba/{staff.unit(1).id}").text


def unit_signed_by(staff, *slots):
    made = [Signature(slot.role, slot.subject, "0" * 64, START, None, None) for slot in slots]
    return replace(staff.unit(1), signatures=tuple(made))


def test_a_homeroom_teacher_gives_back_to_subject_teachers_while_it_is_their_turn(staff):
    unit = unit_signed_by(staff, MATHS, LITERATURE)
    order = HCMC.order
    may = given_back_to(unit, sees_all=False, own=[HOMEROOM], waits={HOMEROOM}, order=order)
    assert may == [MATHS, LITERATURE]
    assert given_back_to(unit, sees_all=False, own=[HOMEROOM], waits=set(), order=order) == []
    assert given_back_to(unit, sees_all=False, own=[MATHS], waits={HOMEROOM}, order=order) == []
    assert given_back_to(unit, sees_all=False, own=[LITERATURE], waits={LITERATURE}, order=order) == []
    assert given_back_to(unit, sees_all=True, own=[], waits=set(), order=order) == [MATHS, LITERATURE]
    issued = replace(unit, state=UnitState.ISSUED)
    assert given_back_to(issued, sees_all=True, own=[], waits=set(), order=MOET.order) == []


def test_a_record_tells_who_signed_it_as_what_and_when(staff):
    unit = staff.unit(1)
    assert "Chưa ai ký học bạ này" in staff.signed_in("an.le").get(f"/hoc-ba/{unit.id}").text
    staff.room.sign("GVCN")
    staff.room.sign("CBQL")
    page = staff.signed_in("an.le").get(f"/hoc-ba/{unit.id}").text
    for told in (SHEET.class_info.homeroom.name, SHEET.class_info.principal.name, "+07:00"):
        assert told in page
    assert page.index("Giáo viên chủ nhiệm</th>") < page.index("Hiệu trưởng</th>")


def test_a_deputy_is_named_as_one_and_only_for_what_they_signed_as_one(staff):
    room = staff.room
    room.approve(
        "CBQL-deputy",
        Role.PRINCIPAL,
        delegated_by=sha256(certificate(room.pki, "CBQL")),
        valid_to=room.at + timedelta(days=3),
        account="hieu.pho",
    )
    room.sign("GVCN")
    room.sign("CBQL-deputy", HEAD, account="hieu.pho")
    for path in (f"/hoc-ba/{staff.unit(1).id}", f"/lop/{staff.class_id}/lich-su", f"/lop/{staff.class_id}"):
        assert "Phó Hiệu trưởng (được ủy quyền)" in staff.signed_in("an.le").get(path).text, path
    assert "Ngô Thị Phó Trường" in staff.signed_in("an.le").get(f"/lop/{staff.class_id}/lich-su").text


def test_the_history_of_a_class_has_one_line_for_a_sitting_and_one_for_each_return(staff):
    path = f"/lop/{staff.class_id}/lich-su"
    assert "Lớp này chưa có chữ ký nào" in staff.signed_in("an.le").get(path).text
    staff.room.sign("GVCN")
    give_back(staff, "hieu.truong", HOMEROOM, stt=3)
    page = staff.signed_in("an.le").get(path).text
    assert page.count(SHEET.class_info.homeroom.name) == 1
    assert "STT 1, 2, 4, 5" in page
    assert "Người hieu.truong trả lại STT 3 cho Giáo viên chủ nhiệm. Lý do: sai nhận xét" in page
    assert staff.signed_in("binh.tran").get(path).status_code == 404
    assert staff.signed_in("hang.xom").get(path).status_code == 404
