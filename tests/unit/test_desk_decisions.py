# SPDX-License-Identifier: Apache-2.0

"""What a school decides about its records at the desk: recalls and amendments, what becomes of them, and who may see it."""

import hashlib

import pytest

from ledger.batch import BatchState
from ledger.desk.access import MAX_DOCUMENT_BYTES, SMALL_BODY_BYTES
from ledger.desk.standing import Standing, standing
from ledger.desk.wording_decisions import (
    AUTHORITY_STANDINGS,
    DEEDS,
    LOCK_STANDINGS,
    NAMING_STANDINGS,
    REASONS,
    RECALL_STANDINGS,
)
from ledger.journal import Deed
from ledger.store.errands import Recall
from ledger.unit import RecallReason, UnitState
from tests.simulators.chancery import PDF, Chancery
from tests.simulators.desk_world import URL
from tests.simulators.school_office import SHEET, corrected

NAMES = [record.pupil.name for record in SHEET.records]
CIVIL = RecallReason.CIVIL_STATUS_CHANGE.value


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    return Chancery.opened(tmp_path_factory.mktemp("begun"))


@pytest.fixture
def chancery(begun, tmp_path):
    return begun.copied(tmp_path / "chancery")


def page(chancery, name="van.thu", stt=2):
    return chancery.page(name, f"/hoc-ba/{chancery.unit(stt).id}")


def recalls(chancery) -> list[Recall]:
    return chancery.office.ledger.errands.open_recalls()


def entries(chancery, deed):
    return [entry for entry, _ in chancery.office.ledger.journal.entries() if entry.deed is deed]


def amend(chancery, who="van.thu", document=PDF, why="đổi họ sang Trần, QĐ 12", stt=2):
    path = f"/hoc-ba/{chancery.unit(stt).id}/dinh-chinh"
    return chancery.send(who, path, document=document, ly_do=why)


# Recalls.


@pytest.mark.parametrize("who", ["van.thu", "hieu.truong"])
def test_clerk_and_principal_decide_a_recall_in_their_own_name(chancery, who):
    unit = chancery.unit(2)
    answer = chancery.recall(who, unit)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/hoc-ba/{unit.id}?vua=thu-hoi")
    (recall,) = recalls(chancery)
    assert (recall.unit_id, recall.reason, recall.state) == (unit.id, RecallReason.WRONG_DATA, BatchState.SEALED)
    (entry,) = entries(chancery, Deed.RECALL_DECIDED)
    assert (entry.who, entry.why) == (who, "nhầm điểm Toán")
    told = chancery.page(who, answer.headers["location"])
    for words in (
        "Đã ghi quyết định thu hồi",
        "Thu hồi: Sai dữ liệu",
        "lần chạy kế tiếp của trường (hocba anchor)",
        f"Người {who}",
        "Lý do ghi lại: nhầm điểm Toán",
    ):
        assert words in told
    assert "/thu-hoi" not in told, "nothing is left to decide"


def test_what_is_carried_is_shown_with_its_end(chancery):
    chancery.recall("van.thu", chancery.unit(2))
    chancery.carry()
    told = page(chancery)
    for words in (
        "Đã thu hồi trên chuỗi, không lấy lại được",
        "Quyết định thu hồi",
        "Hệ thống",
        "Đã neo xong lên chuỗi",
    ):
        assert words in told
    assert told.index("Đã neo xong lên chuỗi") < told.index("Quyết định thu hồi") < told.index("Đã thu hồi trên chuỗi<")


def test_a_recall_is_decided_once(chancery):
    browser, unit = chancery.signed_in("van.thu"), chancery.unit(2)
    csrf = browser.csrf("/tai-khoan")
    fields = {"vi_sao": "fraud", "ly_do": "gian lận", "hieu": "co"}
    answers = [browser.send(f"/hoc-ba/{unit.id}/thu-hoi", csrf, **fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 409]
    assert "vừa được quyết định trước đó" in answers[1].text
    assert len(recalls(chancery)) == len(entries(chancery, Deed.RECALL_DECIDED)) == 1
    chancery.carry()
    again = chancery.recall("van.thu", unit)
    assert again.status_code == 409
    assert "Chỉ thu hồi được học bạ đã neo" in again.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"vi_sao": ""}, "Hãy chọn một lý do"),
        ({"vi_sao": "because"}, "Hãy chọn một lý do"),
        ({"ly_do": " \n "}, "cần có lý do"),
        ({"ly_do": "x" * 1001}, "dài quá 1000 ký tự"),
        ({"hieu": ""}, "Hãy đánh dấu ô xác nhận"),
        ({"vi_sao": CIVIL}, "cần văn bản làm căn cứ"),
        ({"document": b"MZ\x90"}, "phải là tệp PDF, hoặc ảnh"),
        ({"vi_sao": CIVIL, "document": b""}, "phải là tệp PDF, hoặc ảnh"),
    ],
)
def test_a_recall_that_lacks_something_stores_nothing_and_keeps_what_was_typed(chancery, fields, told):
    answer = chancery.recall("van.thu", chancery.unit(2), **fields)
    assert answer.status_code == 409
    assert told in answer.text
    assert "<details open>" in answer.text
    assert "--evidence" not in answer.text, "nobody types options here"
    assert recalls(chancery) == []
    assert entries(chancery, Deed.RECALL_DECIDED) == []
    if "ly_do" not in fields:
        assert ">nhầm điểm Toán</textarea>" in answer.text


def test_a_change_of_civil_status_goes_with_its_decision(chancery):
    assert chancery.recall("van.thu", chancery.unit(2), vi_sao=CIVIL, document=PDF).status_code == 303
    (entry,) = entries(chancery, Deed.RECALL_DECIDED)
    assert chancery.office.files.get(entry.detail["evidence"]) == PDF
    assert f"/van-ban/{entry.detail['evidence']}" in page(chancery)


def test_what_is_not_on_the_chain_is_not_recalled(chancery):
    chancery.office.stand(chancery.unit(3), UnitState.ISSUED)
    assert "Thu hồi học bạ này" not in page(chancery, stt=3)
    answer = chancery.recall("van.thu", chancery.unit(3))
    assert answer.status_code == 409
    assert "Chỉ thu hồi được học bạ đã neo" in answer.text
    assert recalls(chancery) == []


def test_teachers_see_what_became_of_a_record_and_decide_nothing(chancery):
    chancery.recall("van.thu", chancery.unit(2), document=PDF)
    (entry,) = entries(chancery, Deed.RECALL_DECIDED)
    told = page(chancery, "an.le")
    assert "Thu hồi: Sai dữ liệu" in told
    assert "Người van.thu" in told
    for form in ("/thu-hoi", "/dinh-chinh", "/chuyen-truong"):
        assert form not in told
        assert form not in page(chancery, "an.le", stt=3)
    assert chancery.recall("an.le", chancery.unit(3)).status_code == 403
    assert amend(chancery, "an.le").status_code == 403
    path = f"/hoc-ba/{chancery.unit(2).id}/van-ban/{entry.detail['evidence']}"
    assert chancery.signed_in("an.le").get(path).content == PDF
    assert chancery.signed_in("binh.tran").get(path).status_code == 404


def test_another_school_decides_and_learns_nothing(chancery):
    unit = chancery.unit(2)
    chancery.recall("van.thu", chancery.unit(3), document=PDF)
    (entry,) = entries(chancery, Deed.RECALL_DECIDED)
    unknown = "00000000-0000-4000-8000-000000000001"
    evidence = f"/van-ban/{entry.detail['evidence']}"
    stranger = chancery.signed_in("hang.xom")
    for real, made_up in ((chancery.unit(3).id, unknown), (unit.id, unknown)):
        answers = [stranger.get(f"/hoc-ba/{one}{evidence}") for one in (real, made_up)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].text.replace(str(real), "") == answers[1].text.replace(made_up, "")
    told = chancery.recall("hang.xom", unit)
    assert told.status_code == 404
    assert NAMES[1] not in told.text
    assert amend(chancery, "hang.xom").status_code == 404
    assert [recall.unit_id for recall in recalls(chancery)] == [chancery.unit(3).id]
    assert entries(chancery, Deed.AMENDED) == []


def test_a_document_belongs_to_the_record_whose_history_names_it(chancery):
    chancery.recall("van.thu", chancery.unit(2), document=PDF)
    (entry,) = entries(chancery, Deed.RECALL_DECIDED)
    clerk = chancery.signed_in("van.thu")
    assert clerk.get(f"/hoc-ba/{chancery.unit(3).id}/van-ban/{entry.detail['evidence']}").status_code == 404
    source = chancery.unit(2).source_sha256
    assert clerk.get(f"/hoc-ba/{chancery.unit(2).id}/van-ban/{source}").status_code == 404


@pytest.mark.parametrize(
    ("data", "end", "media_type"),
    [
        (PDF, "pdf", "application/pdf"),
        (b"\xff\xd8\xff\xe0 anh", "jpg", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    ],
)
def test_a_document_is_handed_out_as_a_download_whose_name_names_nobody(chancery, data, end, media_type):
    chancery.recall("van.thu", chancery.unit(2), document=data)
    (entry,) = entries(chancery, Deed.RECALL_DECIDED)
    digest = entry.detail["evidence"]
    answer = chancery.signed_in("van.thu").get(f"/hoc-ba/{chancery.unit(2).id}/van-ban/{digest}")
    assert answer.content == data
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"] == f'attachment; filename="van-ban-{digest[:12]}.{end}"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_a_form_of_another_site_and_a_document_that_is_too_large_decide_nothing(chancery):
    browser, unit = chancery.signed_in("van.thu"), chancery.unit(2)
    fields = {"vi_sao": "fraud", "ly_do": "x", "hieu": "co"}
    csrf = browser.csrf("/tai-khoan")
    path = f"/hoc-ba/{unit.id}/thu-hoi"
    assert browser.send(path, csrf, origin="https://evil.example", **fields).status_code == 403
    assert browser.send(path, "x" * 43, **fields).status_code == 403
    big = PDF + bytes(MAX_DOCUMENT_BYTES + SMALL_BODY_BYTES)
    answer = browser.send(path, csrf, files={"tep": ("a.pdf", big)}, **fields)
    assert answer.status_code == 413
    assert "tối đa 10 MB" in answer.text
    assert recalls(chancery) == []
    assert browser.send(path, csrf, origin=URL, **fields).status_code == 303


def test_a_full_disk_is_not_told_as_a_mistake_in_the_form(chancery):
    files = chancery.office.folder / "files"
    digest = hashlib.sha256(PDF).hexdigest()
    files.joinpath(digest[:2]).write_text("a file where a folder is to be")
    answer = chancery.recall("van.thu", chancery.unit(2), document=PDF)
    assert answer.status_code == 503
    assert recalls(chancery) == []


def test_a_replacement_is_shown_from_either_side(chancery):
    old = chancery.unit(2)
    chancery.recall("van.thu", old)
    chancery.carry()
    chancery.office.take_in(corrected(1))
    new = next(unit for unit in chancery.office.units() if unit.replaces == old.id)
    told = chancery.page("van.thu", f"/hoc-ba/{old.id}")
    assert f'href="/hoc-ba/{new.id}"' in told
    assert "Bản thay thế" in told
    assert f'href="/hoc-ba/{old.id}"' in chancery.page("van.thu", f"/hoc-ba/{new.id}")
    chancery.office.issued_without_papers(new)
    chancery.carry()
    told = chancery.page("van.thu", f"/hoc-ba/{old.id}")
    assert "Đã ghi lên chuỗi." in told
    assert "Đã ghi bản thay thế lên chuỗi" in told


# Amendments.


@pytest.mark.parametrize("who", ["van.thu", "hieu.truong"])
def test_an_amendment_stands_in_the_history_with_its_document_and_changes_nothing_else(chancery, who):
    before = chancery.unit(2)
    answer = amend(chancery, who)
    assert answer.status_code == 303
    (entry,) = entries(chancery, Deed.AMENDED)
    assert (entry.who, entry.why) == (who, "đổi họ sang Trần, QĐ 12")
    assert chancery.unit(2) == before
    told = chancery.page(who, answer.headers["location"])
    for words in ("Đã ghi đính chính vào lịch sử", "đổi họ sang Trần, QĐ 12", f"/van-ban/{entry.detail['evidence']}"):
        assert words in told


def test_two_clicks_are_one_amendment_and_two_changes_are_two(chancery):
    for _ in range(2):
        assert amend(chancery).status_code == 303
    assert len(entries(chancery, Deed.AMENDED)) == 1
    assert amend(chancery, why="cải chính ngày sinh, QĐ 13").status_code == 303
    assert amend(chancery, stt=3).status_code == 303
    assert len(entries(chancery, Deed.AMENDED)) == 3


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"document": None}, "cần văn bản làm căn cứ"),
        ({"document": b""}, "cần văn bản làm căn cứ"),
        ({"document": b"<html>"}, "phải là tệp PDF, hoặc ảnh"),
        ({"why": "  "}, "cần có lý do"),
    ],
)
def test_an_amendment_needs_its_document_and_what_has_changed(chancery, fields, told):
    answer = amend(chancery, **fields)
    assert answer.status_code == 409
    assert told in answer.text
    assert entries(chancery, Deed.AMENDED) == []


def test_what_is_not_issued_is_corrected_and_not_amended(chancery):
    chancery.recall("van.thu", chancery.unit(2))
    chancery.carry()
    chancery.office.take_in(corrected(1))
    draft = chancery.unit(2)
    assert draft.state is UnitState.DRAFT
    assert "/dinh-chinh" not in chancery.page("van.thu", f"/hoc-ba/{draft.id}")
    answer = amend(chancery)
    assert answer.status_code == 409
    assert "sửa bảng lớp rồi nhập lại" in answer.text


# In words.


def test_what_people_typed_is_shown_and_not_run(chancery):
    chancery.recall("van.thu", chancery.unit(2), ly_do="<script>alert(1)</script>")
    told = page(chancery)
    assert "<script" not in told
    assert "&lt;script&gt;alert(1)" in told


def test_english_has_all_of_it(chancery):
    chancery.recall("van.thu", chancery.unit(2))
    told = chancery.page("van.thu", f"/hoc-ba/{chancery.unit(2).id}?lang=en")
    for words in (
        "What became of it",
        "Recall: Wrong data",
        "Recall decided",
        "the school&#39;s next run (hocba anchor)",
    ):
        assert words in told


def test_every_deed_reason_and_standing_has_words():
    assert set(DEEDS) == set(Deed)
    assert set(REASONS) == set(RecallReason)
    for words in (RECALL_STANDINGS, NAMING_STANDINGS, AUTHORITY_STANDINGS, LOCK_STANDINGS):
        assert set(words) == set(Standing)


@pytest.mark.parametrize(
    ("state", "locked", "consent", "expected"),
    [
        (BatchState.SEALED, False, None, Standing.DECIDED),
        (BatchState.SEALED, True, None, Standing.WAITS),
        (BatchState.SEALED, True, BatchState.SEALED, Standing.CONSENTED),
        (BatchState.SEALED, True, BatchState.MINED, Standing.CONSENTED),
        (BatchState.SEALED, True, BatchState.FINAL, Standing.DECIDED),
        (BatchState.PREPARED, True, BatchState.FINAL, Standing.ON_ITS_WAY),
        (BatchState.MINED, False, None, Standing.ON_ITS_WAY),
        (BatchState.FINAL, True, None, Standing.DONE),
        (BatchState.FAILED, True, None, Standing.FAILED),
    ],
)
def test_where_a_decision_stands(state, locked, consent, expected):
    assert standing(state, locked=locked, consent=consent) is expected
