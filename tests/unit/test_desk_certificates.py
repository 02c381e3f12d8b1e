# SPDX-License-Identifier: Apache-2.0

"""Certificates at the desk: the school asks, the principal delegates, the authority answers, each only what is theirs."""

from datetime import timedelta

import pytest

from ledger.store.signing_tables import Holding, RegistrationState
from ledger.unit import Role
from tests.simulators.signing_room import certificate, sha256, staffed_pki
from tests.simulators.staff_room import HEAD, StaffRoom

PENDING, APPROVED, REFUSED = RegistrationState.PENDING, RegistrationState.APPROVED, RegistrationState.REFUSED


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return staffed_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def begun(pki, tmp_path_factory):
    return StaffRoom.opened(tmp_path_factory.mktemp("begun"), pki)


@pytest.fixture
def staff(begun, tmp_path):
    return begun.copied(tmp_path / "staff")


def lines(staff, state=PENDING):
    return staff.room.lines.registrations(state=state)


def ask(staff, who="van.thu", data=None, *, to="/chung-thu", name="GVCN-second", **fields):
    browser = staff.signed_in(who)
    data = certificate(staff.room.pki, name) if data is None else data
    values = {"vai_tro": "GVCN", "loai": "USB_TOKEN", "tai_khoan": "binh.tran", **fields}
    return browser.send(to, browser.csrf("/tai-khoan"), files={"tep": ("an.cer", data)}, **values)


def decide(staff, number, what, who="so.gd", **fields):
    browser = staff.signed_in(who)
    return browser.send(f"/so/chung-thu/{number}/{what}", browser.csrf("/tai-khoan"), **fields)


def pending(staff):
    assert ask(staff).status_code == 303
    (line,) = lines(staff)
    return line


# The school asks.


def test_a_certificate_is_asked_for_with_all_that_the_authority_needs(staff):
    line = pending(staff)
    assert (line.role, line.account, line.holding, line.requested_by) == (
        Role.HOMEROOM,
        "binh.tran",
        Holding.USB_TOKEN,
        "van.thu",
    )
    assert line.holder == "Hồ Thị Thay Lớp"
    page = staff.signed_in("van.thu").get("/chung-thu").text
    for told in ("Hồ Thị Thay Lớp", "Chờ Sở duyệt", "Người binh.tran", "USB token"):
        assert told in page


def test_subjects_are_for_subject_teachers(staff):
    browser, csrf = staff.signed_in("van.thu"), None
    csrf = browser.csrf("/tai-khoan")
    files = {"tep": ("toan.cer", certificate(staff.room.pki, "GVBM-TOAN"))}
    fields = {"loai": "REMOTE_SIGNING", "tai-khoan": "", "mon": ["TOAN", "NGU_VAN", "KHONG_CO"], "ma-phien": csrf}
    headers = {"Origin": "https://desk.example"}
    answer = browser.ask("POST", "/chung-thu", data={**fields, "vai-tro": "GVCN"}, files=files, headers=headers)
    assert answer.status_code == 409
    assert "Chỉ giáo viên bộ môn mới chọn môn" in answer.text
    answer = browser.ask("POST", "/chung-thu", data={**fields, "vai-tro": "GVBM"}, files=files, headers=headers)
    assert answer.status_code == 303
    (line,) = lines(staff)
    assert line.subjects == {"TOAN", "NGU_VAN"}
    assert "Giáo viên bộ môn (Ngữ văn, Toán)" in browser.get("/chung-thu").text


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "không phải chứng thư số đọc được"),
        (b"-----BEGIN CERTIFICATE-----\nxx", "không phải chứng thư số đọc được"),
        (b"\x30\x82\x01\x0a\x02\x82", "không phải chứng thư số đọc được"),
        (b"-----BEGIN PRIVATE KEY-----\nMC4C", "khóa bí mật, đừng gửi cho ai"),
    ],
)
def test_what_is_no_certificate_or_holds_a_key_is_refused(staff, data, told):
    answer = ask(staff, data=data)
    assert answer.status_code == 409
    assert told in answer.text
    assert lines(staff) == []


def test_a_certificate_that_has_ended_is_refused_at_once(staff):
    answer = ask(staff, name="GVCN-expired")
    assert answer.status_code == 409
    assert "Hãy gia hạn chứng thư số" in answer.text


@pytest.mark.parametrize("fields", [{"vai_tro": ""}, {"vai_tro": "GVXX"}, {"loai": "?"}, {"tai_khoan": "hang.xom"}])
def test_a_role_kind_or_account_that_is_none_of_the_schools_is_refused(staff, fields):
    answer = ask(staff, **fields)
    assert answer.status_code == 409
    assert "Hãy chọn" in answer.text
    assert lines(staff) == []


def test_the_same_is_not_asked_for_twice(staff):
    pending(staff)
    answer = ask(staff)
    assert answer.status_code == 409
    assert "đang chờ Sở duyệt" in answer.text
    assert len(lines(staff)) == 1


def test_another_school_sees_nothing_of_it(staff):
    pending(staff)
    page = staff.signed_in("hang.xom").get("/chung-thu").text
    assert "Hồ Thị Thay Lớp" not in page
    assert "binh.tran" not in page


# The principal delegates.


def delegation(staff, who="hieu.truong", **fields):
    values = {
        "cua_toi": sha256(certificate(staff.room.pki, "CBQL")),
        "den_ngay": (staff.room.at + timedelta(days=10)).date().isoformat(),
        "tai_khoan": "hieu.pho",
        **fields,
    }
    return ask(staff, who, to="/chung-thu/uy-quyen", name="CBQL-deputy", **values)


def test_a_principal_delegates_to_a_deputy_until_the_end_of_a_day(staff):
    answer = delegation(staff)
    assert answer.status_code == 303
    (line,) = lines(staff)
    assert line.delegated_by == sha256(certificate(staff.room.pki, "CBQL"))
    assert (line.role, line.account) == (Role.PRINCIPAL, "hieu.pho")
    day = (staff.room.at + timedelta(days=11)).date()
    assert line.valid_to.isoformat() == f"{day - timedelta(days=1)}T17:00:00+00:00"
    page = staff.signed_in("so.gd").get("/so/chung-thu").text
    assert "Phó Hiệu trưởng (được ủy quyền)" in page
    assert "Đề nghị đến" in page
    decide(staff, line.id, "duyet")
    staff.room.sign("GVCN")
    assert staff.room.sign("CBQL-deputy", HEAD, account="hieu.pho") == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"den_ngay": ""}, "phải ghi ngày hết hạn"),
        ({"den_ngay": "2020-01-01"}, "Hãy chọn ngày hết hạn sau hôm nay"),
        ({"tai_khoan": "an.le"}, "Hãy chọn tài khoản của cấp phó"),
        ({"tai_khoan": "hieu.truong"}, "Hãy chọn tài khoản của cấp phó"),
        ({"cua_toi": "0" * 64}, "chưa có chứng thư Hiệu trưởng đã được Sở duyệt"),
    ],
)
def test_a_delegation_that_is_not_sound_is_refused(staff, fields, told):
    answer = delegation(staff, **fields)
    assert answer.status_code == 409
    assert told in answer.text
    assert lines(staff) == []


def test_only_a_principal_delegates_and_only_a_clerk_asks(staff):
    assert delegation(staff, "van.thu").status_code == 403
    assert ask(staff, "hieu.truong").status_code == 403
    assert ask(staff, "an.le").status_code == 403
    assert delegation(staff, "hang.xom").status_code == 409
    assert lines(staff) == []


# The authority answers.


def test_an_approval_holds_from_then_on_and_reminds_of_the_list(staff):
    line = pending(staff)
    answer = decide(staff, line.id, "duyet")
    assert answer.status_code == 303
    (decided,) = [one for one in lines(staff, APPROVED) if one.id == line.id]
    assert decided.decided_by == "so.gd"
    page = staff.signed_in("so.gd").get(answer.headers["location"]).text
    assert "hocba signers publish" in page
    assert "Nhớ công bố danh sách mới" in page


def test_the_authority_sees_whose_certificate_it_is_and_how_long_it_lasts(staff):
    pending(staff)
    page = staff.signed_in("so.gd").get("/so/chung-thu").text
    for told in (
        "Hồ Thị Thay Lớp",
        "Trường THCS Hoa Mai",
        "Giáo viên chủ nhiệm",
        "public",
        "Hiệu lực chứng thư",
        "van.thu",
    ):
        assert told in page


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_refusal_needs_a_reason(staff, reason):
    line = pending(staff)
    answer = decide(staff, line.id, "tu-choi", ly_do=reason)
    assert answer.status_code == 409
    assert "Từ chối đăng ký chứng thư cần có lý do" in answer.text
    assert lines(staff) == [line]


def test_a_refusal_is_read_by_the_school_with_its_reason(staff):
    line = pending(staff)
    assert decide(staff, line.id, "tu-choi", ly_do="không đúng người").status_code == 303
    page = staff.signed_in("van.thu").get("/chung-thu").text
    assert "Bị từ chối" in page
    assert "không đúng người" in page


def test_what_a_colleague_has_decided_is_not_decided_again(staff):
    line = pending(staff)
    decide(staff, line.id, "duyet")
    answer = decide(staff, line.id, "tu-choi", ly_do="muộn")
    assert answer.status_code == 409
    assert "vừa được người khác xử lý" in answer.text
    assert lines(staff, REFUSED) == []


def test_what_was_revoked_since_the_school_asked_is_not_approved(staff):
    line = pending(staff)
    staff.room.certificates.revoked.add(certificate(staff.room.pki, "GVCN-second"))
    answer = decide(staff, line.id, "duyet")
    assert answer.status_code == 409
    assert "đã bị thu hồi" in answer.text


def test_a_right_is_ended_with_a_reason_and_what_was_signed_stays(staff):
    staff.room.sign("GVCN")
    (line,) = [one for one in lines(staff, APPROVED) if one.role is Role.HOMEROOM]
    answer = decide(staff, line.id, "ket-thuc", ly_do=" ")
    assert answer.status_code == 409
    assert "Kết thúc quyền ký cần có lý do" in answer.text
    staff.world.clock.advance(hours=1)
    staff.room.at += timedelta(hours=1)
    assert decide(staff, line.id, "ket-thuc", ly_do="mất thiết bị").status_code == 303
    ended = staff.room.lines.registration(line.id)
    assert (ended.valid_to, ended.reason) == (staff.room.at, "mất thiết bị")
    assert all(unit.signatures for unit in staff.units())
    assert "Đã kết thúc" in staff.signed_in("so.gd").get("/so/chung-thu").text


def test_a_number_that_nobody_asked_for_is_not_found(staff):
    for what in ("duyet", "tu-choi", "ket-thuc"):
        assert decide(staff, 999, what, ly_do="vì").status_code == 404
        assert decide(staff, "x", what, ly_do="vì").status_code == 404


@pytest.mark.parametrize("who", ["van.thu", "hieu.truong", "an.le"])
def test_no_school_decides(staff, who):
    line = pending(staff)
    for what in ("duyet", "tu-choi", "ket-thuc"):
        assert decide(staff, line.id, what, who=who, ly_do="vì").status_code == 403
    assert lines(staff) == [line]
    assert staff.signed_in(who).get("/so/chung-thu").status_code == 403
