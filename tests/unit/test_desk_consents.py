# SPDX-License-Identifier: Apache-2.0

"""The authority at the desk: consent to recalls and replacements after a lock, and the lock itself."""

import pytest

from ledger.batch import ActKind, BatchState
from ledger.journal import Deed
from ledger.unit import UnitState
from tests.simulators.chancery import PDF, Chancery
from tests.simulators.desk_world import ELSEWHERE
from tests.simulators.school_office import CODE, SHEET, YEAR, corrected

NAMES = [record.pupil.name for record in SHEET.records]
LIST, YEARS = "/so/thu-hoi", "/so/nam-hoc"
NOBODY = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    return Chancery.opened(tmp_path_factory.mktemp("begun"))


@pytest.fixture(scope="module")
def locked_before(begun, tmp_path_factory):
    chancery = begun.copied(tmp_path_factory.mktemp("locked") / "chancery")
    chancery.lock()
    return chancery


@pytest.fixture
def chancery(begun, tmp_path):
    return begun.copied(tmp_path / "chancery")


@pytest.fixture
def locked(locked_before, tmp_path):
    return locked_before.copied(tmp_path / "locked")


def acts(chancery, kind=ActKind.APPROVE):
    return chancery.office.ledger.errands.acts(kind)


def entries(chancery, deed):
    return [entry for entry, _ in chancery.office.ledger.journal.entries() if entry.deed is deed]


def consent(chancery, unit, who="so.gd", reason="Tờ trình 45", **shown):
    unit_id = getattr(unit, "id", unit)
    return chancery.send(who, f"{LIST}/{unit_id}/chap-thuan", ly_do=reason, **shown)


def waiting_part(chancery):
    """What the page lists before what was consented to."""
    return chancery.page("so.gd", LIST).partition("<h2>Đã chấp thuận</h2>")[0]


# Consent.


def test_after_the_lock_a_recall_waits_and_the_authority_sees_by_whom_and_why(locked):
    locked.recall("van.thu", locked.unit(2), document=PDF)
    assert "đang chờ Sở chấp thuận" in locked.page("van.thu", f"/hoc-ba/{locked.unit(2).id}")
    assert "1 đề nghị đang chờ" in locked.page("so.gd", "/")
    told = waiting_part(locked)
    for words in (NAMES[1], "Trường THCS Hoa Mai", CODE, YEAR, "9A1", "Sai dữ liệu", "nhầm điểm Toán", "Người van.thu"):
        assert words in told
    (entry,) = entries(locked, Deed.RECALL_DECIDED)
    path = f"{LIST}/{locked.unit(2).id}/van-ban/{entry.detail['evidence']}"
    assert path in told
    assert locked.signed_in("so.gd").get(path).content == PDF
    assert locked.signed_in("van.thu").get(path).status_code == 403


def test_before_the_lock_nothing_waits_for_the_authority_and_nothing_is_shown_to_it(chancery):
    unit = chancery.unit(2)
    chancery.recall("van.thu", unit, document=PDF)
    assert "Không có đề nghị nào đang chờ" in waiting_part(chancery)
    assert "Hiện không có việc nào chờ bạn" in chancery.page("so.gd", "/")
    (entry,) = entries(chancery, Deed.RECALL_DECIDED)
    path = f"{LIST}/{unit.id}/van-ban/{entry.detail['evidence']}"
    assert chancery.signed_in("so.gd").get(path).status_code == 404
    answer = consent(chancery, unit)
    assert answer.status_code == 409
    assert "không có đề nghị nào chờ Sở chấp thuận" in answer.text
    assert acts(chancery) == []


def test_a_consent_is_stored_in_its_own_name_and_the_recall_goes_on_once_it_is_carried(locked):
    unit = locked.unit(2)
    locked.recall("van.thu", unit)
    answer = consent(locked, unit)
    assert answer.status_code == 303
    (act,) = acts(locked)
    assert (act.unit_id, act.school_code, act.state) == (unit.id, CODE, BatchState.SEALED)
    told = locked.page("so.gd", answer.headers["location"])
    assert "lần chạy hocba carry kế tiếp" in told
    assert "Không có đề nghị nào đang chờ" in told
    assert "Sở đã chấp thuận" in locked.page("van.thu", f"/hoc-ba/{unit.id}")
    locked.carry()
    assert locked.unit(2).state is UnitState.LOCKED
    locked.carry_for_authority()
    locked.carry()
    assert locked.unit(2).state is UnitState.RECALLED
    assert "Đã lên chuỗi" in locked.page("so.gd", LIST)
    told = locked.page("van.thu", f"/hoc-ba/{unit.id}")
    for words in (
        "Đã thu hồi trên chuỗi",
        "Chấp thuận của Sở đã lên chuỗi",
        "Sở quyết định khóa năm học",
        "Người so.gd",
    ):
        assert words in told


def test_who_consents_and_why_stands_in_the_journal(locked):
    locked.recall("van.thu", locked.unit(2))
    consent(locked, locked.unit(2), reason="Tờ trình 45/TTr")
    (entry,) = entries(locked, Deed.RECALL_TO_APPROVE)
    assert (entry.who, entry.why) == ("so.gd", "Tờ trình 45/TTr")
    assert entry.subject == f"unit {locked.unit(2).id}"
    told = locked.page("van.thu", f"/hoc-ba/{locked.unit(2).id}")
    assert "Sở chấp thuận" in told
    assert "Tờ trình 45/TTr" in told


def test_two_clicks_are_one_consent(locked):
    locked.recall("van.thu", locked.unit(2))
    first, second = consent(locked, locked.unit(2)), consent(locked, locked.unit(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert "đã chấp thuận trường hợp này từ trước" in locked.page("so.gd", second.headers["location"])
    assert len(acts(locked)) == 1


def test_a_consent_needs_a_reason_and_the_page_says_so_beside_its_case(locked):
    locked.recall("van.thu", locked.unit(1))
    locked.recall("van.thu", locked.unit(2))
    answer = consent(locked, locked.unit(2), reason=" ")
    assert answer.status_code == 409
    assert answer.text.index(NAMES[1]) < answer.text.index("cần có lý do") < answer.text.index("Đã chấp thuận")
    assert answer.text.count('aria-invalid="true"') == 1
    assert acts(locked) == []


def test_a_record_of_which_nothing_waits_gets_no_consent(locked):
    for unit in (locked.unit(3), NOBODY):
        assert consent(locked, unit).status_code == 409
    assert consent(locked, "x").status_code == 404
    assert acts(locked) == []


def test_a_replacement_after_the_lock_gets_a_consent_of_its_own(locked):
    old = locked.unit(2)
    locked.recall("van.thu", old)
    consent(locked, old)
    locked.carry_for_authority()
    locked.carry()
    locked.office.take_in(corrected(1))
    new = locked.unit(2)
    locked.office.issued_without_papers(new)
    locked.carry()
    told = waiting_part(locked)
    assert "Ghi bản thay thế" in told
    assert str(new.id) in told
    assert "đang chờ Sở chấp thuận" in locked.page("van.thu", f"/hoc-ba/{old.id}")
    # A page from before was about the recall.
    assert consent(locked, old, thay_the="").status_code == 409
    assert str(new.id) in waiting_part(locked)
    assert consent(locked, old, thay_the=str(new.id)).status_code == 303
    assert {act.replacement_id for act in acts(locked)} == {None, new.id}
    locked.carry_for_authority()
    locked.carry()
    assert locked.office.ledger.reader.unit(old.id).state is UnitState.REPLACED
    assert consent(locked, old).headers["location"].endswith("truoc-do")


@pytest.mark.parametrize("answer", ["chap-thuan", "tu-choi"])
def test_nobody_answers_a_recall_that_was_decided_anew_since_the_page_was_read(locked, answer):
    unit = locked.unit(2)

    def answered(decision):
        return locked.send("so.gd", f"{LIST}/{unit.id}/{answer}", ly_do="x", thay_the="", quyet_dinh=decision)

    def shown():
        return waiting_part(locked).partition('name="quyet-dinh" value="')[2].partition('"')[0]

    locked.recall("van.thu", unit, document=PDF)
    before = shown()
    assert locked.send("van.thu", f"/hoc-ba/{unit.id}/rut-thu-hoi", ly_do="nhầm tờ trình").status_code == 303
    locked.recall("van.thu", unit, document=PDF + b" khac")
    assert answered(before).status_code == 409
    assert acts(locked) == []
    assert locked.office.ledger.errands.recall_of(unit.id) is not None
    assert answered(shown()).status_code == 303


@pytest.mark.parametrize("who", ["van.thu", "hieu.truong", "an.le", "hang.xom"])
def test_no_school_consents_or_locks(locked, who):
    locked.recall("van.thu", locked.unit(2))
    assert consent(locked, locked.unit(2), who=who).status_code == 403
    assert locked.send(who, f"{YEARS}/{YEAR}/khoa", go_lai=YEAR, ly_do="x").status_code == 403
    for path in (LIST, YEARS, f"{YEARS}/{YEAR}"):
        assert locked.signed_in(who).get(path).status_code == 403
    assert acts(locked) == []


def test_a_form_of_another_site_consents_and_locks_nothing(chancery, locked):
    locked.recall("van.thu", locked.unit(2))
    for world, path in ((locked, f"{LIST}/{locked.unit(2).id}/chap-thuan"), (chancery, f"{YEARS}/{YEAR}/khoa")):
        browser = world.signed_in("so.gd")
        fields = {"ly_do": "x", "go_lai": YEAR}
        assert browser.send(path, browser.csrf("/"), origin="https://evil.example", **fields).status_code == 403
        assert browser.send(path, "x" * 43, **fields).status_code == 403
    assert acts(locked) == []
    assert acts(chancery, ActKind.LOCK) == []


# Locking.


def lock(chancery, *, typed=YEAR, reason="hết năm học", year=YEAR):
    return chancery.send("so.gd", f"{YEARS}/{year}/khoa", go_lai=typed, ly_do=reason)


def test_the_page_counts_school_by_school_what_is_not_anchored_and_says_that_there_is_no_way_back(chancery):
    chancery.office.ledger.drafts(2, school_code=ELSEWHERE, first=50)
    chancery.office.ledger.drafts(1, school_code=ELSEWHERE, first=60, year="2026-2027")
    chancery.office.stand(chancery.unit(3), UnitState.ISSUED)
    chancery.office.stand(chancery.unit(4), UnitState.RECALLED)
    told = chancery.page("so.gd", f"{YEARS}/{YEAR}")
    assert "3 học bạ đã neo, 3 học bạ chưa neo" in told
    assert f'({CODE})</th><td data-name="Chưa neo">1</td><td data-name="Đã neo">3</td>' in told
    assert f'({ELSEWHERE})</th><td data-name="Chưa neo">2</td><td data-name="Đã neo">0</td>' in told
    assert "Đã khóa thì không mở lại được" in told
    assert "lần chạy hocba carry kế tiếp" in told
    rows = chancery.page("so.gd", YEARS).partition("<tbody>")[2].split("</tr>")
    for row, (year, anchored, behind) in zip(rows, (("2026-2027", 0, 1), (YEAR, 3, 3)), strict=False):
        for words in (f">{year}</a>", f'data-name="Đã neo">{anchored}</td>', f'data-name="Chưa neo">{behind}</td>'):
            assert words in row


def test_when_nobody_is_behind_the_page_says_so(chancery):
    assert "Mọi học bạ đã nhập của 1 trường đều đã neo xong" in chancery.page("so.gd", f"{YEARS}/{YEAR}")


def test_the_authority_locks_a_year_that_it_has_typed_again(chancery):
    answer = lock(chancery)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{YEARS}/{YEAR}?vua=khoa")
    (act,) = acts(chancery, ActKind.LOCK)
    assert (act.school_year, act.state) == (YEAR, BatchState.SEALED)
    (entry,) = entries(chancery, Deed.YEAR_TO_LOCK)
    assert (entry.who, entry.why) == ("so.gd", "hết năm học")
    told = chancery.page("so.gd", answer.headers["location"])
    assert "Đã ghi quyết định khóa năm học này" in told
    assert "Đã quyết định khóa, chờ lên chuỗi" in told
    assert "/khoa" not in told
    chancery.carry_for_authority()
    assert "Đã khóa" in chancery.page("so.gd", YEARS)
    assert chancery.unit(1).state is UnitState.LOCKED


@pytest.mark.parametrize(
    ("typed", "reason", "told"),
    [
        ("2024-2025", "x", "Năm học gõ lại chưa đúng"),
        ("", "x", "Năm học gõ lại chưa đúng"),
        (YEAR, " ", "cần có lý do"),
    ],
)
def test_a_lock_without_the_year_or_a_reason_is_none(chancery, typed, reason, told):
    answer = lock(chancery, typed=typed, reason=reason)
    assert answer.status_code == 409
    assert told in answer.text
    assert acts(chancery, ActKind.LOCK) == []


def test_a_year_is_locked_once(chancery, locked):
    lock(chancery)
    for world in (chancery, locked):
        answer = lock(world)
        assert answer.status_code == 409
        assert "vừa được quyết định trước đó" in answer.text
        assert len(acts(world, ActKind.LOCK)) == 1


def test_a_year_of_which_no_class_was_imported_is_not_found(chancery):
    for year in ("2031-2032", "x"):
        assert chancery.signed_in("so.gd").get(f"{YEARS}/{year}").status_code == 404
        assert lock(chancery, year=year, typed=year).status_code == 404
    assert acts(chancery, ActKind.LOCK) == []


# Declining, and taking back.


def decline(chancery, unit, who="so.gd", reason="điểm đúng"):
    return chancery.send(who, f"{LIST}/{getattr(unit, 'id', unit)}/tu-choi", ly_do=reason)


def take_back(chancery, unit, who="hieu.truong", reason="ghi nhầm"):
    return chancery.send(who, f"/hoc-ba/{unit.id}/rut-thu-hoi", ly_do=reason)


def alert(answer):
    return answer.text.partition('role="alert">')[2].partition("</p>")[0]


def test_the_authority_declines_with_a_reason_that_the_school_reads(locked):
    unit = locked.unit(2)
    locked.recall("van.thu", unit)
    assert f'formaction="{LIST}/{unit.id}/tu-choi"' in waiting_part(locked)
    assert "cần có lý do" in alert(decline(locked, unit, reason=" "))
    answer = decline(locked, unit)
    assert answer.status_code == 303
    assert "Đã ghi không chấp thuận" in locked.page("so.gd", answer.headers["location"])
    assert NAMES[1] not in waiting_part(locked)
    told = locked.page("van.thu", f"/hoc-ba/{unit.id}")
    for words in ("Sở không chấp thuận thu hồi", "điểm đúng", "Người so.gd", "Thu hồi học bạ"):
        assert words in told
    locked.carry()
    assert locked.unit(2).state is UnitState.LOCKED
    assert decline(locked, unit).status_code == 409
    assert len(entries(locked, Deed.RECALL_DECLINED)) == 1


@pytest.mark.parametrize("deed", [decline, consent])
def test_what_does_not_wait_is_neither_declined_nor_consented_to(chancery, deed):
    chancery.recall("van.thu", chancery.unit(2))
    assert deed(chancery, chancery.unit(2)).status_code == 409
    assert deed(chancery, NOBODY).status_code == 409
    assert entries(chancery, Deed.RECALL_DECLINED) == []


def test_nobody_at_a_school_declines(locked):
    locked.recall("van.thu", locked.unit(2))
    assert decline(locked, locked.unit(2), who="hieu.truong").status_code == 403
    assert entries(locked, Deed.RECALL_DECLINED) == []


def test_the_school_takes_its_recall_back_and_may_decide_it_again(locked):
    unit = locked.unit(2)
    locked.recall("van.thu", unit)
    assert "Rút đề nghị thu hồi" in locked.page("van.thu", f"/hoc-ba/{unit.id}")
    refused = take_back(locked, unit, reason=" ")
    assert refused.status_code == 409
    assert "cần có lý do" in alert(refused)
    answer = take_back(locked, unit)
    assert answer.status_code == 303
    told = locked.page("van.thu", answer.headers["location"])
    for words in ("Đã rút đề nghị thu hồi", "Trường rút đề nghị thu hồi", "ghi nhầm", "Người hieu.truong"):
        assert words in told
    assert waiting_part(locked).count(NAMES[1]) == 0
    assert locked.recall("van.thu", unit).status_code == 303


def test_what_was_sent_is_not_taken_back_and_the_page_says_so(chancery):
    unit = chancery.unit(2)
    chancery.recall("van.thu", unit)
    chancery.world.tick(school_code=CODE)
    assert "rut-thu-hoi" not in chancery.page("van.thu", f"/hoc-ba/{unit.id}")
    answer = take_back(chancery, unit)
    assert answer.status_code == 409
    assert "đã gửi lên chuỗi nên không rút lại được" in alert(answer)


def test_a_teacher_and_another_school_take_nothing_back(locked):
    unit = locked.unit(2)
    locked.recall("van.thu", unit)
    assert take_back(locked, unit, who="an.le").status_code == 403
    assert take_back(locked, unit, who="hang.xom").status_code == 404
    assert entries(locked, Deed.RECALL_WITHDRAWN) == []


def test_english_has_all_of_it_too(locked):
    locked.recall("van.thu", locked.unit(2))
    assert "Take the recall back" in locked.page("van.thu", f"/hoc-ba/{locked.unit(2).id}?lang=en")
    assert "Decline" in locked.page("so.gd", f"{LIST}?lang=en")
