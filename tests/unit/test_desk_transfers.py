# SPDX-License-Identifier: Apache-2.0

"""Transfers at the desk: each school sees and does its own half, and what is inherited is shown before it is taken over."""

import hashlib

import pytest

from ledger.confirming import Doubt
from ledger.desk.access import MAX_DOCUMENT_BYTES, SMALL_BODY_BYTES
from ledger.duty import Duty
from ledger.journal import Deed
from ledger.store.class_import import Draft
from ledger.unit import UnitState
from ledger.web.languages import VIETNAM
from scripts.sample_class import make_workbook
from tests.simulators.chancery import PDF, Chancery
from tests.simulators.confirmation_office import NOT_SIGNED
from tests.simulators.desk_world import ELSEWHERE
from tests.simulators.school_ledger import SCHOOL, unit_id
from tests.simulators.school_office import CODE, SHEET, YEAR
from tests.small_classes import half_year, opened, saved

NEXT, HERE, NEW = "2026-2027", "/chuyen-truong", "/chuyen-truong/moi"
NAMES = [record.pupil.name for record in SHEET.records]
CONFIRMATION = b"%PDF-1.7 xac nhan ket qua"


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    return Chancery.opened(tmp_path_factory.mktemp("begun"))


@pytest.fixture
def chancery(begun, tmp_path):
    return begun.copied(tmp_path / "chancery")


def begin_next(chancery, stt=2):
    """The school has begun the pupil's next year."""
    unit, number = chancery.unit(stt), 100 + stt
    draft = Draft(unit_id(number), unit.pupil_code, 1, unit.record_sha256, unit.source_sha256)
    chancery.office.ledger.import_class([draft], school_code=CODE, school_year=NEXT, name=f"9B{stt}")


def release(chancery, who="van.thu", *, stt=2, document=None, **fields):
    asked = {"ma_hoc_sinh": chancery.unit(stt).pupil_code, "cap": "THCS", "nam_hoc": NEXT, "truong_den": ELSEWHERE}
    asked |= {"ly_do": "theo cha mẹ", **fields}
    return chancery.send(who, NEW, document=document, **asked)


def released(chancery, **fields):
    answer = release(chancery, **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


def transfers(chancery):
    return chancery.office.ledger.transfers.those()


def accept(chancery, path, who="hang.xom"):
    return chancery.send(who, f"{path}/tiep-nhan")


def withdraw(chancery, path, who="van.thu", reason="không đi nữa"):
    return chancery.send(who, f"{path}/rut", ly_do=reason)


def last(chancery, deed):
    return [entry for entry, _ in chancery.office.ledger.journal.entries() if entry.deed is deed][-1]


# Releasing.


def test_the_form_is_filled_in_from_the_pupils_record(chancery):
    unit = chancery.unit(2)
    page = chancery.page("van.thu", f"/hoc-ba/{unit.id}")
    assert f'href="{NEW}?hoc-ba={unit.id}"' in page
    form = chancery.page("van.thu", f"{NEW}?hoc-ba={unit.id}")
    assert f"Học sinh: {NAMES[1]}" in form
    assert f'value="{unit.pupil_code}"' in form
    assert '<option value="THCS" selected>' in form
    assert f'<option value="{NEXT}" selected>' in form
    assert f'<option value="{ELSEWHERE}">' in form
    assert f'<option value="{CODE}">' not in form
    begin_next(chancery)
    assert f'<option value="{NEXT}" selected>' in chancery.page("van.thu", f"{NEW}?hoc-ba={unit_id(102)}")


@pytest.mark.parametrize("who", ["van.thu", "hieu.truong"])
def test_a_pupil_is_released_in_somebodys_own_name_and_for_a_reason(chancery, who):
    path = released(chancery, who=who)
    (transfer,) = transfers(chancery)
    assert (transfer.from_school, transfer.to_school, transfer.school_year) == (CODE, ELSEWHERE, NEXT)
    assert not transfer.mid_year
    entry = last(chancery, Deed.TRANSFERRED_OUT)
    assert (entry.who, entry.why) == (who, "theo cha mẹ")
    told = chancery.page(who, f"{path}?vua=cho-di")
    for words in (NAMES[1], f"Người {who}", "theo cha mẹ", "Chờ tiếp nhận", "từ năm học 2026-2027", "Rút hồ sơ"):
        assert words in told
    assert "/tiep-nhan" not in told
    assert NAMES[1] in chancery.page(who, HERE)


def test_in_mid_year_the_confirmation_goes_along_and_both_schools_read_it(chancery):
    begin_next(chancery)
    refused = release(chancery)
    assert refused.status_code == 409
    assert "chuyển giữa năm cần bản xác nhận" in refused.text
    path = released(chancery, document=CONFIRMATION)
    assert transfers(chancery)[0].mid_year
    for who in ("van.thu", "hang.xom"):
        assert "giữa năm học 2026-2027" in chancery.page(who, path)
        answer = chancery.signed_in(who).get(f"{path}/xac-nhan")
        assert answer.content == CONFIRMATION
        assert answer.headers["content-disposition"].startswith("attachment")


def test_who_confirmed_is_shown_to_both_schools_with_what_could_not_be_found_out(chancery):
    begin_next(chancery)
    chancery.office.ledger.confirmations.doubts = (Doubt.NO_REVOCATION_DATA, Doubt.NO_PROVEN_TIME)
    path = released(chancery, document=CONFIRMATION)
    for who in ("van.thu", "hang.xom"):
        told = chancery.page(who, path)
        for words in ("Ai đã xác nhận", "Người ký CBQL", "Người ký KY_PHAT_HANH", digest_of("KY_PHAT_HANH"), *DOUBTFUL):
            assert words in told
    english = chancery.page("hang.xom", f"{path}?lang=en")
    assert "Note, Người ký CBQL: whether the certificate was revoked could not be found out." in english
    assert accept(chancery, path).status_code == 303
    assert "Người ký CBQL" in chancery.page("hang.xom", path)


DOUBTFUL = ("chưa tra được chứng thư số có bị thu hồi hay không", "không có dấu thời gian tin được")


def digest_of(role):
    return hashlib.sha256(role.encode()).hexdigest()


def draw(chancery, who="van.thu", *, stt=2, document=None, **fields):
    asked = {"ma_hoc_sinh": chancery.unit(stt).pupil_code, "cap": "THCS", "nam_hoc": NEXT, "truong_den": ELSEWHERE}
    return chancery.send(who, f"{HERE}/xac-nhan", document=document, **asked | fields)


def test_the_confirmation_is_drawn_at_the_desk_from_the_record_that_is_begun_and_then_releases(chancery):
    begin_next(chancery)
    form = chancery.page("van.thu", f"{HERE}/xac-nhan?hoc-ba={unit_id(102)}")
    assert f"Học sinh: {NAMES[1]}" in form
    assert f'<option value="{NEXT}" selected>' in form
    answer = draw(chancery)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"].startswith('attachment; filename="xac-nhan-ket-qua-')
    assert NAMES[1] not in answer.headers["content-disposition"]
    now = chancery.desk.clock().astimezone(VIETNAM).replace(microsecond=0)
    office, stores = chancery.office.ledger.confirmations, chancery.office.ledger.reader
    begun, before = stores.unit(unit_id(102)), chancery.unit(2)
    assert answer.content == office.draw(begun, to_school=ELSEWHERE, handed_over=[before], until=now)
    assert transfers(chancery) == []
    released(chancery, document=answer.content + b" signed by two")
    assert transfers(chancery)[0].mid_year


def test_before_a_record_is_begun_the_sheet_as_it_stands_is_enough(chancery):
    nothing = draw(chancery)
    assert nothing.status_code == 409
    assert "không có gì để xác nhận" in nothing.text
    pupil = chancery.unit(2).pupil_code
    answer = draw(chancery, document=half_year_sheet(pupil))
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    entry = last(chancery, Deed.CONFIRMATION_DRAWN)
    assert (entry.who, entry.subject, entry.detail["to"]) == ("van.thu", f"pupil {pupil}", ELSEWHERE)
    # What was drawn is what has to come back.
    assert "chuyển giữa năm cần bản xác nhận" in release(chancery).text
    released(chancery, document=answer.content + b" signed by two")


def half_year_sheet(pupil):
    """A class sheet of this school with marks of semester I, in which this pupil stands first."""
    book = opened(half_year(make_workbook(grade=9, class_name="9B", pupils=2, seed=3, first_year=2026)))
    (code,) = (row[1].value for row in book["Thông tin"].iter_rows() if row[0].value == "Mã trường")
    said = {book["Học sinh"].cell(6, 2).value: pupil, code: CODE}
    for cell in (cell for page in book for row in page.iter_rows() for cell in row):
        if cell.value in said:
            cell.value = said[cell.value]
    return saved(book)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"truong_den": CODE}, "Chưa chọn đúng trường đến"),
        ({"nam_hoc": "2026-2028"}, "Năm học chưa đúng"),
        ({"cap": "?"}, "Chưa chọn cấp học"),
        ({"ma_hoc_sinh": "0000000000"}, "không có học bạ cấp THCS của học sinh 0000000000"),
    ],
)
def test_a_confirmation_that_nobody_could_mean_is_not_drawn_and_the_form_stays_filled_in(chancery, wrong, told):
    begin_next(chancery)
    answer = draw(chancery, **wrong)
    assert answer.status_code == 409
    assert told in answer.text
    assert f'value="{wrong.get("ma_hoc_sinh", chancery.unit(2).pupil_code)}"' in answer.text


def test_a_sheet_that_cannot_be_read_is_refused_in_words(chancery):
    answer = draw(chancery, document=b"PK not a workbook")
    assert answer.status_code == 409
    assert "quyet-dinh.pdf" in answer.text


def test_another_school_draws_nothing_of_a_pupil_of_this_one(chancery):
    begin_next(chancery)
    answer = draw(chancery, who="hang.xom", truong_den=CODE)
    assert answer.status_code == 409
    assert NAMES[1] not in answer.text
    assert chancery.signed_in("hang.xom").get(f"{HERE}/xac-nhan?hoc-ba={unit_id(102)}").status_code == 404


def test_a_confirmation_that_is_not_signed_is_refused_by_name_and_nothing_is_stored(chancery):
    begin_next(chancery)
    chancery.office.ledger.confirmations.unsound.add(CONFIRMATION)
    answer = release(chancery, document=CONFIRMATION)
    assert answer.status_code == 409
    assert NOT_SIGNED[0] in alert(answer)
    assert transfers(chancery) == []


def test_before_the_year_has_begun_there_is_nothing_to_confirm(chancery):
    answer = release(chancery, document=CONFIRMATION)
    assert answer.status_code == 409
    assert "không có gì để xác nhận" in alert(answer)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"truong_den": CODE}, "Hãy chọn một trường khác trường mình"),
        ({"truong_den": "99999999"}, "Hãy chọn một trường khác trường mình"),
        ({"truong_den": ""}, "Hãy chọn một trường khác trường mình"),
        ({"nam_hoc": "2026"}, "Hãy chọn năm học trong danh sách"),
        ({"nam_hoc": "2026-2028"}, "Hãy chọn năm học trong danh sách"),
        ({"cap": "?"}, "Chưa chọn cấp học"),
        ({"ly_do": " "}, "cần có lý do"),
        ({"document": b"\xff\xd8\xff"}, "phải là tệp PDF"),
        ({"ma_hoc_sinh": "0000000000"}, "không có học bạ cấp THCS"),
        ({"nam_hoc": YEAR}, "đã phát hành"),
    ],
)
def test_a_release_that_is_not_sound_is_refused_and_keeps_what_was_typed(chancery, fields, told):
    answer = release(chancery, **fields)
    assert answer.status_code == 409
    assert told in answer.text
    assert transfers(chancery) == []
    if "ly_do" not in fields:
        assert 'value="theo cha mẹ"' in answer.text


def test_a_pupil_is_on_the_way_once(chancery):
    released(chancery)
    answer = release(chancery)
    assert answer.status_code == 409
    assert "đang có một hồ sơ chuyển trường chưa kết thúc" in answer.text
    assert len(transfers(chancery)) == 1


def alert(answer):
    return answer.text.partition('role="alert">')[2].partition("</p>")[0]


def test_nobody_releases_another_schools_pupil(chancery):
    answer = release(chancery, "hang.xom", truong_den=CODE)
    assert answer.status_code == 409
    assert NAMES[1] not in answer.text
    unknown = release(chancery, "hang.xom", truong_den=CODE, ma_hoc_sinh="0000000000")
    code = chancery.unit(2).pupil_code
    assert alert(answer).replace(code, "") == alert(unknown).replace("0000000000", "")
    assert chancery.signed_in("hang.xom").get(f"{NEW}?hoc-ba={chancery.unit(2).id}").status_code == 404
    assert chancery.signed_in("van.thu").get(f"{NEW}?hoc-ba=x").status_code == 404


# Taking in.


def test_the_new_school_sees_what_it_inherits_before_it_accepts(chancery):
    begin_next(chancery)
    path = released(chancery, document=CONFIRMATION)
    assert "1 học sinh chờ trường tiếp nhận" in chancery.page("hang.xom", "/")
    told = chancery.page("hang.xom", path)
    unit = chancery.unit(2)
    for words in (NAMES[1], unit.pupil_code, YEAR, "9A1", str(unit.id), "Đã neo lên chuỗi", "đang làm dở", "Tiếp nhận"):
        assert words in told
    assert "van.thu" not in told, "of another school's people the name of the school is enough"
    assert "/rut" not in told
    assert f"/hoc-ba/{unit.id}" not in told
    assert chancery.signed_in("hang.xom").get(f"/hoc-ba/{unit.id}").status_code == 404


def test_accepting_takes_the_pupil_in_and_what_the_old_school_had_begun_goes(chancery):
    begin_next(chancery)
    path = released(chancery, document=CONFIRMATION)
    answer = accept(chancery, path)
    assert answer.status_code == 303
    told = chancery.page("hang.xom", answer.headers["location"])
    for words in ("Đã tiếp nhận học sinh", "Người hang.xom", YEAR):
        assert words in told
    assert "đang làm dở" not in told
    assert "/tiep-nhan" not in told
    assert last(chancery, Deed.TRANSFERRED_IN).who == "hang.xom"
    units = chancery.office.ledger.reader.units_of_pupils([chancery.unit(2).pupil_code], level="THCS")
    assert [(unit.school_year, unit.state) for unit in units] == [(YEAR, UnitState.ANCHORED)]
    assert "Đã tiếp nhận" in chancery.page("van.thu", path)
    assert "Người hang.xom" not in chancery.page("van.thu", path)
    assert "Hiện không có việc nào chờ bạn" in chancery.page("hang.xom", "/")


def test_two_clicks_take_a_pupil_in_once(chancery):
    path = released(chancery)
    assert accept(chancery, path).status_code == 303
    again = accept(chancery, path)
    assert again.status_code == 409
    assert "vừa thay đổi nên chưa ghi gì thêm" in again.text
    assert withdraw(chancery, path).status_code == 409
    assert transfers(chancery)[0].withdrawn_at is None


def test_a_record_that_was_issued_since_the_release_is_told_as_it_is(chancery):
    begin_next(chancery)
    path = released(chancery, document=CONFIRMATION)
    chancery.office.issued_without_papers(chancery.office.ledger.reader.unit(unit_id(102)))
    answer = accept(chancery, path)
    assert answer.status_code == 409
    assert "sau khi cho chuyển. Hãy liên hệ" in answer.text
    assert transfers(chancery)[0].open


# Taking back.


def test_the_old_school_withdraws_with_a_reason_and_the_new_one_sees_no_more_of_the_pupil(chancery):
    begin_next(chancery)
    path = released(chancery, document=CONFIRMATION)
    refused = withdraw(chancery, path, reason=" ")
    assert refused.status_code == 409
    assert "cần có lý do" in refused.text
    assert withdraw(chancery, path).status_code == 303
    assert last(chancery, Deed.TRANSFER_WITHDRAWN).why == "không đi nữa"
    told = chancery.page("hang.xom", path)
    assert "Đã rút" in told
    for hidden in (NAMES[1], str(chancery.unit(2).id), "/xac-nhan", "/tiep-nhan"):
        assert hidden not in told
    assert NAMES[1] not in chancery.page("hang.xom", HERE)
    assert chancery.signed_in("hang.xom").get(f"{path}/xac-nhan").status_code == 404
    assert accept(chancery, path).status_code == 409
    assert NAMES[1] in chancery.page("van.thu", path)
    assert chancery.signed_in("van.thu").get(f"{path}/xac-nhan").content == CONFIRMATION
    assert release(chancery, document=CONFIRMATION).status_code == 303


def test_each_school_does_its_own_half_alone(chancery):
    path = released(chancery)
    assert accept(chancery, path, who="van.thu").status_code == 404
    assert withdraw(chancery, path, who="hang.xom").status_code == 404
    assert transfers(chancery)[0].open


def test_a_third_school_and_the_teachers_find_nothing(chancery):
    begin_next(chancery)
    path = released(chancery, document=CONFIRMATION)
    third(chancery)
    stranger = chancery.signed_in("nguoi.la")
    for end in ("", "/xac-nhan"):
        told, unknown = stranger.get(f"{path}{end}"), stranger.get(f"{HERE}/999{end}")
        assert told.status_code == unknown.status_code == 404
        assert told.text.replace(path, "") == unknown.text.replace(f"{HERE}/999", "")
    assert accept(chancery, path, who="nguoi.la").status_code == 404
    assert withdraw(chancery, path, who="nguoi.la").status_code == 404
    assert "Không có học sinh nào đang chờ" in stranger.get(HERE).text
    assert chancery.signed_in("an.le").get(path).status_code == 403
    assert accept(chancery, path, who="an.le").status_code == 403
    assert transfers(chancery)[0].open


def third(chancery):
    """A clerk of a school that has nothing to do with it."""
    chancery.desk.add("nguoi.la", Duty.CLERK, school_code=SCHOOL)


def test_a_form_of_another_site_and_a_document_that_is_too_large_do_nothing(chancery):
    path = released(chancery)
    for who, end in (("hang.xom", "tiep-nhan"), ("van.thu", "rut")):
        browser = chancery.signed_in(who)
        to = f"{path}/{end}"
        assert browser.send(to, browser.csrf("/"), origin="https://evil.example", ly_do="x").status_code == 403
        assert browser.send(to, "x" * 43, ly_do="x").status_code == 403
    assert transfers(chancery)[0].open
    big = PDF + bytes(MAX_DOCUMENT_BYTES + SMALL_BODY_BYTES)
    assert release(chancery, stt=3, document=big).status_code == 413
    assert len(transfers(chancery)) == 1


def test_english_has_all_of_it(chancery):
    path = released(chancery)
    for where, words in ((HERE, "Waiting to be taken in"), (NEW, "New school"), (path, "Records that come along")):
        assert words in chancery.page("van.thu", f"{where}?lang=en")
