# SPDX-License-Identifier: Apache-2.0

"""One person, one class, one PIN: a round is prepared, answered and finished, and whatever happens between costs the unit it happens to."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from ledger.errors import (
    CertificateRefused,
    ForbiddenMove,
    LedgerError,
    LostRace,
    NothingWaits,
    NotTheirs,
    WrongCertificate,
)
from ledger.rounds import STALE_AFTER
from ledger.signing import Values
from ledger.store.signing_tables import ItemState, RoundState
from ledger.store.tables import FileRole
from ledger.unit import Role, Slot, UnitState
from tests.simulators.hands import DeskArchivist
from tests.simulators.school_office import SHEET, corrected, without
from tests.simulators.signing_room import PRINCIPAL, TEACHER, Room, certificate, sha256, staffed_pki

HOMEROOM, HEAD, SEAL = Slot(Role.HOMEROOM), Slot(Role.PRINCIPAL), Slot(Role.SEAL)
CLASS = len(SHEET.records)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return staffed_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def begun(pki, tmp_path_factory):
    return Room.opened(tmp_path_factory.mktemp("begun"), pki)


@pytest.fixture(scope="module")
def hcmc(pki, tmp_path_factory):
    return Room.opened(tmp_path_factory.mktemp("hcmc"), pki, profile="hcmc")


@pytest.fixture
def room(begun, tmp_path):
    return begun.copied(tmp_path / "room")


def signed(room):
    return [unit.signed_slots for unit in room.units()]


def test_three_rounds_and_the_class_can_be_issued(room, pki):
    for who in ("GVCN", "CBQL", "KY_PHAT_HANH"):
        assert room.sign(who) == []
    assert signed(room) == [(HOMEROOM, HEAD, SEAL)] * CLASS
    list(room.issuing.issue(DeskArchivist(pki), room.units()))
    assert {unit.state for unit in room.units()} == {UnitState.ISSUED}


def test_a_round_is_closed_when_all_of_it_is_stored_and_open_until_then(room):
    round_id = room.open("GVCN")
    room.answer(round_id, "GVCN", many=2)
    assert room.finish(round_id) == []
    assert room.lines.round(round_id).state is RoundState.OPEN
    room.answer(round_id, "GVCN")
    assert room.finish(round_id) == []
    assert room.lines.round(round_id).state is RoundState.CLOSED


def test_killed_at_the_third_pupil_the_next_start_signs_the_rest_and_none_twice(room):
    round_id = room.open("GVCN")
    room.answer(round_id, "GVCN", many=3)
    again = room.reopened()
    assert again.open("GVCN") == round_id
    assert again.scribe.prepared == []
    assert len(again.lines.round(round_id).those(ItemState.PREPARED)) == CLASS - 3
    assert again.answer(round_id, "GVCN") == CLASS - 3
    assert again.finish(round_id) == []
    assert signed(again) == [(HOMEROOM,)] * CLASS
    assert sorted(again.scribe.finished) == sorted(unit.id for unit in again.units())


def test_while_the_tsa_is_down_values_wait_and_nobody_enters_a_pin_again(room):
    round_id = room.answered("GVCN")
    room.scribe.tsa_down = True
    stopped = room.finish(round_id)
    assert [one.later for one in stopped] == [True] * CLASS
    assert signed(room) == [()] * CLASS
    assert room.lines.unfinished_rounds() == [round_id]
    room.scribe.tsa_down = False
    assert room.finish(round_id) == []
    assert signed(room) == [(HOMEROOM,)] * CLASS
    assert room.lines.unfinished_rounds() == []


def test_when_revocation_cannot_be_asked_the_signer_is_told_and_signs(room):
    assert room.open("GVCN")
    assert room.notice is None
    room.certificates.answers = False
    try:
        round_id = room.open("GVCN")
        assert "OCSP" in room.notice[0]
        assert room.answer(round_id, "GVCN") == CLASS
        assert room.finish(round_id) == []
    finally:
        room.certificates.answers = True
    assert signed(room) == [(HOMEROOM,)] * CLASS


def test_a_record_that_changed_after_preparation_is_refused_alone_and_by_its_number(room):
    round_id = room.answered("GVCN")
    room.office.take_in(corrected(1))
    (stopped,) = room.finish(round_id)
    assert (stopped.stt, stopped.later) == (2, False)
    assert "STT 2" in stopped.vi
    assert [len(unit.signatures) for unit in room.units()] == [1, 0, *[1] * (CLASS - 2)]
    list(room.issuing.prepare([room.units()[1]], planned_issue_date=room.at))
    assert room.sign("GVCN") == []
    assert signed(room) == [(HOMEROOM,)] * CLASS


def test_of_two_who_sign_the_same_class_at_once_each_unit_takes_one(room):
    room.approve("GVCN-second")
    room.writer.assign(room.school_class, HOMEROOM, account="hai", replacing="nghỉ ốm", by="văn thư")
    one, two = room.answered("GVCN"), room.answered("GVCN-second")
    assert room.finish(one) == []
    assert [stopped.later for stopped in room.finish(two)] == [False] * CLASS
    first = {signature.cert_sha256 for unit in room.units() for signature in unit.signatures}
    assert first == {sha256(certificate(room.pki, "GVCN"))}
    assert room.lines.round(two).state is RoundState.CLOSED


def test_a_value_of_another_unit_or_another_key_is_refused_and_the_right_one_is_taken_next_time(room):
    round_id = room.open("GVCN")
    items = room.lines.round(round_id).items
    key = room.key("CBQL")
    for item in items[:2]:
        room.rounds.answer(
            round_id,
            {item.unit_id: Values(pdf=key.sign(item.pdf.to_be_signed), xml=key.sign(item.xml.to_be_signed))},
        )
    key = room.key("GVCN")
    third, fourth = items[2:4]
    crossed = Values(pdf=key.sign(fourth.pdf.to_be_signed), xml=key.sign(fourth.xml.to_be_signed))
    room.rounds.answer(round_id, {third.unit_id: crossed})
    assert sorted(stopped.stt for stopped in room.finish(round_id)) == [1, 2, 3]
    assert signed(room) == [()] * CLASS
    assert room.sign("GVCN") == []
    assert signed(room) == [(HOMEROOM,)] * CLASS


def test_what_was_answered_is_not_answered_again(room):
    round_id = room.open("GVCN")
    assert room.answer(round_id, "GVCN") == CLASS
    before = room.lines.round(round_id)
    garbage = {item.unit_id: Values(pdf=b"other", xml=b"other") for item in before.items}
    assert room.rounds.answer(round_id, garbage) == 0
    assert room.lines.round(round_id) == before


def test_prepared_documents_grow_old_and_are_prepared_anew(room):
    round_id = room.open("GVCN")
    before = {item.unit_id: item.signed_at for item in room.lines.round(round_id).items}
    room.at += STALE_AFTER
    assert room.open("GVCN") == round_id
    assert len(room.scribe.prepared) == 2 * CLASS
    now = {item.unit_id: item.signed_at for item in room.lines.round(round_id).items}
    assert all(now[unit] - before[unit] == STALE_AFTER for unit in now)


def test_nobody_signs_out_of_turn(room):
    with pytest.raises(NothingWaits):
        room.open("CBQL")
    with pytest.raises(NothingWaits):
        room.open("KY_PHAT_HANH")
    assert room.sign("CBQL", assigned=frozenset()) == []
    with pytest.raises(NothingWaits):
        room.open("GVCN")


@pytest.mark.parametrize(
    ("who", "slot", "refusal"),
    [
        ("CBQL", HOMEROOM, CertificateRefused),
        ("GVCN-second", HOMEROOM, CertificateRefused),
        ("GVCN-expired", HOMEROOM, CertificateRefused),
        ("GVCN-not-yet", HOMEROOM, CertificateRefused),
    ],
)
def test_who_is_not_approved_opens_no_round_and_nothing_is_prepared(room, who, slot, refusal):
    with pytest.raises(refusal) as caught:
        room.open(who, slot)
    assert "Hãy" in caught.value.vi or "hãy" in caught.value.vi
    assert room.scribe.prepared == []


def test_who_is_approved_but_not_named_by_the_record_is_refused_with_both_names(room):
    room.approve("GVCN-second")
    with pytest.raises(NotTheirs) as caught:
        room.open("GVCN-second", HOMEROOM)
    assert TEACHER.name in caught.value.vi
    assert room.scribe.prepared == []


def test_where_a_certificate_has_no_number_the_name_tells_whose_it_is(room):
    known = dict(room.certificates.known)
    try:
        for who in ("GVCN", "GVCN-second"):
            der = certificate(room.pki, who)
            shouted = known[der].holder.upper() + " "
            room.certificates.known[der] = replace(known[der], personal_number=None, holder=shouted)
        room.approve("GVCN-second")
        with pytest.raises(NotTheirs):
            room.open("GVCN-second", HOMEROOM)
        assert room.sign("GVCN") == []
    finally:
        room.certificates.known.update(known)


def test_a_teacher_who_left_is_replaced_and_the_one_who_replaces_signs(room):
    room.approve("GVCN-second")
    room.writer.assign(room.school_class, HOMEROOM, account="hai", replacing="cô An nghỉ việc", by="văn thư")
    with pytest.raises(NotTheirs, match="hai"):
        room.open("GVCN-second", HOMEROOM, account="an")
    assert room.sign("GVCN-second", HOMEROOM, account="hai") == []
    assert signed(room) == [(HOMEROOM,)] * CLASS


def test_a_deputy_signs_for_the_principal_and_the_page_says_so(room):
    room.sign("GVCN")
    principal = sha256(certificate(room.pki, "CBQL"))
    with pytest.raises(CertificateRefused):
        room.open("CBQL-deputy", HEAD)
    room.approve("CBQL-deputy", Role.PRINCIPAL, delegated_by=principal, valid_to=room.at + timedelta(days=7))
    round_id = room.open("CBQL-deputy", HEAD)
    assert room.lines.round(round_id).signer.shown_role == "Phó Hiệu trưởng"
    room.answer(round_id, "CBQL-deputy")
    assert room.finish(round_id) == []
    assert signed(room) == [(HOMEROOM, HEAD)] * CLASS


def test_a_delegation_that_has_ended_lets_nobody_sign(room):
    room.sign("GVCN")
    principal = sha256(certificate(room.pki, "CBQL"))
    room.approve("CBQL-deputy", Role.PRINCIPAL, delegated_by=principal, valid_to=room.at + timedelta(days=7))
    room.at += timedelta(days=7)
    with pytest.raises(CertificateRefused, match="has ended"):
        room.open("CBQL-deputy", HEAD)


def test_another_seal_than_the_registered_one_is_refused(room, pki):
    room.sign("GVCN")
    room.sign("CBQL")
    other = certificate(pki, "GVCN-second")
    known = room.certificates.known[other]
    room.certificates.known[other] = replace(known, hierarchy="vgca", personal_number=None)
    try:
        room.approve("GVCN-second", Role.SEAL)
        with pytest.raises(WrongCertificate):
            room.open("GVCN-second", SEAL)
    finally:
        room.certificates.known[other] = known


def test_whoever_was_approved_only_afterwards_is_not_issued(room, pki):
    """Approved for the round, and the line is then taken back: the unit stays in signing, by its number."""
    for who in ("GVCN", "CBQL", "KY_PHAT_HANH"):
        room.sign(who)
    with room.office.ledger.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE registration SET valid_from = '2999-01-01', valid_to = NULL WHERE role = 'GVCN'"
        )
    with pytest.raises(LedgerError) as caught:
        list(room.issuing.issue(DeskArchivist(pki), room.units()))
    assert "STT 1: GVCN" in caught.value.vi
    assert {unit.state for unit in room.units()} == {UnitState.SIGNING}


class TestTwoProcesses:
    """The desk asks again by itself, so that a round may be worked on twice at once."""

    def test_a_round_that_another_process_finishes_meanwhile_ends_well_in_both(self, room):
        round_id = room.answered("GVCN")
        ours = room.rounds.finish(round_id)
        first = next(ours)
        assert room.reopened().finish(round_id) == []
        assert [first, *ours] == [unit.id for unit in room.units()]
        assert signed(room) == [(HOMEROOM,)] * CLASS
        assert {item.state for item in room.lines.round(round_id).items} == {ItemState.STORED}

    def test_who_answers_for_a_unit_at_the_same_moment_does_not_lose_the_others(self, room):
        round_id = room.open("GVCN")
        items = room.lines.round(round_id).items
        key = room.key("GVCN")
        values = {
            item.unit_id: Values(pdf=key.sign(item.pdf.to_be_signed), xml=key.sign(item.xml.to_be_signed))
            for item in items
        }

        class AnsweredMeanwhile(dict):
            def items(self):
                for unit_id, value in values.items():
                    if unit_id == items[1].unit_id:
                        room.reopened().rounds.answer(round_id, {unit_id: value})
                    yield unit_id, value

        assert room.rounds.answer(round_id, AnsweredMeanwhile(values)) == CLASS - 1
        assert room.finish(round_id) == []
        assert signed(room) == [(HOMEROOM,)] * CLASS

    def test_a_pupil_who_leaves_the_list_while_values_are_put_in_costs_nobody_else(self, room):
        round_id = room.answered("GVCN")
        steps = room.rounds.finish(round_id)
        next(steps)
        room.office.take_in(without(CLASS - 1))
        stopped = [one for one in steps if not isinstance(one, UUID)]
        assert [one.stt for one in stopped] == [CLASS]
        assert signed(room) == [(HOMEROOM,)] * (CLASS - 1)
        assert room.lines.round(round_id).state is RoundState.CLOSED


class TestBetweenKeyAndTimestamp:
    """What changes after the key has signed, and before the value is put in and time-stamped."""

    def test_a_line_that_ended_meanwhile_puts_nothing_in_and_says_so_for_each(self, room):
        round_id = room.answered("GVCN")
        (line,) = room.lines.registrations(cert_sha256=sha256(certificate(room.pki, "GVCN")))
        room.at += timedelta(minutes=5)
        room.registrations.end(line.id, reason="chuyển trường")
        stopped = room.finish(round_id)
        assert [(one.stt, one.later) for one in stopped] == [(stt, False) for stt in range(1, CLASS + 1)]
        assert "STT 1: " in stopped[0].vi
        assert "Quyền ký của" in stopped[0].vi
        assert signed(room) == [()] * CLASS
        assert room.lines.round(round_id).state is RoundState.CLOSED

    def test_a_certificate_that_was_revoked_meanwhile_puts_nothing_in(self, room):
        round_id = room.answered("GVCN")
        teacher = certificate(room.pki, "GVCN")
        room.certificates.revoked.add(teacher)
        try:
            stopped = room.finish(round_id)
        finally:
            room.certificates.revoked.discard(teacher)
        assert [one.later for one in stopped] == [False] * CLASS
        assert "thu hồi" in stopped[0].vi
        assert signed(room) == [()] * CLASS
        assert room.sign("GVCN") == []

    def test_a_disk_that_takes_no_file_keeps_the_values_for_later(self, room):
        round_id = room.answered("GVCN")
        folder = room.office.folder / "files"
        # No new folder can be made where a file is in the way, whoever runs this.
        blocked = [path for n in range(256) if not (path := folder / f"{n:02x}").exists()]
        for path in blocked:
            path.touch()
        stopped = room.finish(round_id)
        assert stopped
        assert all(one.later for one in stopped)
        assert "hãy giải phóng dung lượng đĩa" in stopped[0].vi
        for path in blocked:
            path.unlink()
        assert room.finish(round_id) == []
        assert signed(room) == [(HOMEROOM,)] * CLASS

    def test_one_prepared_file_that_is_damaged_stops_none_of_the_others(self, room):
        round_id = room.answered("GVCN")
        item = room.lines.round(round_id).items[1]
        path = room.office.folder / "files" / item.pdf.sha256[:2] / item.pdf.sha256
        good = path.read_bytes()
        path.write_bytes(b"x" + good[1:])
        (stopped,) = room.finish(round_id)
        assert (stopped.stt, stopped.later) == (2, True)
        assert "sao lưu" in stopped.vi
        path.write_bytes(good)
        assert room.finish(round_id) == []
        assert signed(room) == [(HOMEROOM,)] * CLASS

    def test_one_unit_file_that_is_damaged_stops_none_of_the_others_from_being_prepared(self, room):
        digest = room.units()[1].file(FileRole.XML).sha256
        path = room.office.folder / "files" / digest[:2] / digest
        path.write_bytes(b"x" + path.read_bytes()[1:])
        round_id = room.open("GVCN")
        assert [one.stt for one in room.said] == [2]
        assert len(room.lines.round(round_id).those(ItemState.PREPARED)) == CLASS - 1


class TestARoundThatStaysOpen:
    def test_what_was_given_back_while_it_is_open_is_signed_again_in_it(self, room):
        round_id = room.open("GVCN")
        room.answer(round_id, "GVCN", many=2)
        room.finish(round_id)
        room.returning.give_back(room.units()[0].id, slot=HOMEROOM, reason="Thiếu nhận xét", by="văn thư")
        assert room.sign("GVCN") == []
        assert signed(room) == [(HOMEROOM,)] * CLASS
        assert room.open_rounds() == []

    def test_no_key_is_asked_to_sign_what_waits_no_more(self, room):
        round_id = room.open("GVCN")
        room.office.take_in(corrected(1))
        assert room.open("GVCN") == round_id
        assert [item.stt for item in room.lines.round(round_id).items] == [1, 3, 4, 5]

    def test_it_is_closed_when_another_has_signed_all_of_it(self, room):
        room.open("GVCN")
        room.approve("GVCN-second")
        room.writer.assign(room.school_class, HOMEROOM, account="hai", replacing="nghỉ ốm", by="văn thư")
        assert room.sign("GVCN-second", HOMEROOM) == []
        assert len(room.open_rounds()) == 1
        with pytest.raises(NothingWaits):
            room.open("GVCN")
        assert room.open_rounds() == []

    def test_one_that_was_begun_elsewhere_goes_on_under_the_account_that_opens_it_again(self, room):
        round_id = room.open("GVCN")
        assert room.open("GVCN", account="an.le") == round_id
        assert room.lines.round(round_id).account == "an.le"


def test_a_pupil_without_any_subject_waits_for_no_subject_teacher(pki, tmp_path):
    """A pupil with a disability who is not assessed may have none; homeroom teacher, principal and school sign."""
    records = (SHEET.records[0], replace(SHEET.records[1], year=not_assessed(SHEET.records[1].year)))
    sheet = replace(SHEET, records=records, places=SHEET.places[:2])
    room = Room.opened(tmp_path, pki, profile="hcmc", sheet=sheet)
    assert [bool(unit.subjects) for unit in room.units()] == [True, False]
    for who in ("GVCN", "CBQL", "KY_PHAT_HANH"):
        assert room.sign(who) == []
    list(room.issuing.issue(DeskArchivist(pki), room.units()))
    assert [unit.state for unit in room.units()] == [UnitState.SIGNING, UnitState.ISSUED]


def not_assessed(year):
    nothing = dict.fromkeys(year.conduct.__dataclass_fields__)
    return replace(
        year,
        subjects=(),
        conduct=replace(year.conduct, **nothing),
        study=replace(year.study, **nothing),
        award=None,
        not_assessed=True,
    )


class TestReturning:
    def test_a_unit_goes_back_to_the_signer_before_with_the_very_bytes_that_were_there(self, room):
        room.sign("GVCN")
        before = {role: room.units()[0].file(role) for role in FileRole}
        room.sign("CBQL")
        first = room.units()[0]
        room.returning.give_back(first.id, slot=HEAD, reason="Sai chức danh", by="văn thư")
        unit = room.units()[0]
        assert unit.signed_slots == (HOMEROOM,)
        assert {role: unit.file(role) for role in FileRole} == before
        assert room.sign("CBQL") == []
        assert signed(room) == [(HOMEROOM, HEAD)] * CLASS

    def test_all_signatures_after_it_go_too_and_the_reason_is_told(self, room):
        room.sign("GVCN")
        room.sign("CBQL")
        room.returning.give_back(room.units()[2].id, slot=HOMEROOM, reason="Thiếu nhận xét", by=PRINCIPAL.name)
        assert signed(room)[2] == ()
        (returned,) = room.lines.returns(class_id=room.school_class.id)
        assert (returned.slot, returned.reason, returned.returned_by) == (HOMEROOM, "Thiếu nhận xét", PRINCIPAL.name)
        assert room.sign("GVCN") == []
        assert room.sign("CBQL") == []
        assert signed(room) == [(HOMEROOM, HEAD)] * CLASS

    def test_nothing_is_returned_without_a_reason_or_where_nobody_signed(self, room):
        room.sign("GVCN")
        unit = room.units()[0].id
        with pytest.raises(LedgerError, match="needs a reason"):
            room.returning.give_back(unit, slot=HOMEROOM, reason=" ", by="x")
        with pytest.raises(ForbiddenMove):
            room.returning.give_back(unit, slot=HEAD, reason="x", by="x")
        assert signed(room) == [(HOMEROOM,)] * CLASS

    def test_who_signed_meanwhile_is_not_overlooked(self, room):
        room.sign("GVCN")
        stale = room.units()[0]
        room.sign("CBQL")
        with pytest.raises(LostRace):
            room.writer.give_back(stale, slot=HOMEROOM, before=None, reason="x", by="x")
        assert signed(room) == [(HOMEROOM, HEAD)] * CLASS


class TestSubjectTeachers:
    """The profile of HCMC: every subject is signed by its own teacher, in the XML; then the three."""

    @pytest.fixture
    def room(self, hcmc, tmp_path):
        return hcmc.copied(tmp_path / "room")

    def test_everybody_signs_their_subject_and_then_the_three(self, room, pki):
        subjects = sorted(room.units()[0].subjects)
        assert len(subjects) > 10
        room.approve("GVBM-TOAN", Role.SUBJECT)
        with pytest.raises(NothingWaits):
            room.open("GVCN")
        for subject in subjects:
            slot = Slot(Role.SUBJECT, subject)
            room.writer.assign(room.school_class, slot, account="toan", replacing="dạy thay cả năm", by="văn thư")
            before = [unit.file(FileRole.PDF) for unit in room.units()]
            assert room.sign("GVBM-TOAN", slot) == []
            assert [unit.file(FileRole.PDF) for unit in room.units()] == before
        for who in ("GVCN", "CBQL", "KY_PHAT_HANH"):
            assert room.sign(who) == []
        list(room.issuing.issue(DeskArchivist(pki), room.units()))
        assert {unit.state for unit in room.units()} == {UnitState.ISSUED}

    def test_a_teacher_of_one_subject_does_not_sign_another(self, room):
        room.approve("GVBM-TOAN", Role.SUBJECT, subjects=frozenset({"TOAN"}))
        with pytest.raises(CertificateRefused):
            room.open("GVBM-TOAN", Slot(Role.SUBJECT, "NGU_VAN"))

    def test_the_record_names_who_teaches_and_another_is_refused(self, room):
        room.approve("GVBM-TOAN", Role.SUBJECT)
        with pytest.raises(NotTheirs, match=r"No\. 1: the record names"):
            room.open("GVBM-TOAN", Slot(Role.SUBJECT, "TOAN"))
