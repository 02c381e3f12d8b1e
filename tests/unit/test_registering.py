# SPDX-License-Identifier: Apache-2.0

"""Who may sign: asked for by the school, decided by the authority, dated, and never changed afterwards."""

import datetime as dt
from dataclasses import replace

import pytest

from ledger.errors import CertificateRefused, LostRace, UnknownLine
from ledger.registering import Registrations
from ledger.signing import SignerIdentity
from ledger.store.signing_reader import SigningReader
from ledger.store.signing_tables import RegistrationState
from ledger.store.signing_writer import SigningWriter
from ledger.unit import Ownership, Role, Slot
from tests.simulators.certificates import CertificateOffice, sha256
from tests.simulators.school_ledger import NOON, OTHER_SCHOOL, SCHOOL, SchoolLedger, school

DAY = dt.timedelta(days=1)
HIERARCHIES = {"GVBM": ("public",), "GVCN": ("public",), "CBQL": ("public",), "KY_PHAT_HANH": ("vgca", "public")}
HOMEROOM, PRINCIPAL, SEAL = Slot(Role.HOMEROOM), Slot(Role.PRINCIPAL), Slot(Role.SEAL)
PRIVATE, PUBLIC = "79000777", "79000778"


class World:
    """A ledger, an office that certifies, and a clock."""

    def __init__(self, folder):
        self.at = NOON
        self.ledger = SchoolLedger.created(folder)
        for code, ownership in ((PRIVATE, Ownership.PRIVATE), (PUBLIC, Ownership.PUBLIC)):
            self.ledger.writer.register_school(replace(school(code), profile="hcmc", ownership=ownership))
        self.office = CertificateOffice()
        self.lines = SigningReader(self.ledger.engine)
        self.registrations = Registrations(
            self.ledger.reader,
            self.lines,
            SigningWriter(self.ledger.engine, now=lambda: self.at),
            self.office,
            role_hierarchies=HIERARCHIES,
            now=lambda: self.at,
        )

    def ask(self, certificate, role=Role.HOMEROOM, *, school_code=SCHOOL, **more):
        return self.registrations.request(
            school_code=school_code, certificate=certificate, role=role, by="văn thư", **more
        )

    def approved(self, certificate, role=Role.HOMEROOM, **more):
        number = self.ask(certificate, role, **more)
        self.registrations.decide(number, approved=True, by="Sở")
        return number

    def may_sign(self, certificate, slot, school_code=SCHOOL):
        signer = SignerIdentity(certificate=certificate, chain=(), shown_role="")
        return self.registrations.require_may_sign(signer, slot, school_code=school_code)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_whoever_is_approved_signs_and_nobody_before(world):
    teacher = world.office.issued("Lê Thị An")
    with pytest.raises(CertificateRefused, match="not approved to sign"):
        world.may_sign(teacher, HOMEROOM)
    number = world.ask(teacher)
    with pytest.raises(CertificateRefused, match="not approved yet"):
        world.may_sign(teacher, HOMEROOM)
    world.registrations.decide(number, approved=True, by="Sở")
    line, judged = world.may_sign(teacher, HOMEROOM)
    assert (line.holder, judged.sha256, line.valid_from) == ("Lê Thị An", sha256(teacher), NOON)


@pytest.mark.parametrize(
    ("slot", "school_code"), [(PRINCIPAL, SCHOOL), (HOMEROOM, OTHER_SCHOOL), (Slot(Role.SUBJECT, "TOAN"), SCHOOL)]
)
def test_an_approval_is_for_one_role_and_one_school(world, slot, school_code):
    teacher = world.office.issued("Lê Thị An")
    world.approved(teacher)
    with pytest.raises(CertificateRefused):
        world.may_sign(teacher, slot, school_code)


def test_a_subject_teacher_signs_the_subjects_of_the_line_and_no_other(world):
    teacher = world.office.issued("Lê Thị An")
    world.approved(teacher, Role.SUBJECT, subjects=frozenset({"TOAN", "TIN_HOC"}))
    assert world.may_sign(teacher, Slot(Role.SUBJECT, "TOAN"))
    with pytest.raises(CertificateRefused):
        world.may_sign(teacher, Slot(Role.SUBJECT, "NGU_VAN"))


def test_a_refusal_has_a_reason_and_lets_nobody_sign(world):
    teacher = world.office.issued("Lê Thị An")
    number = world.ask(teacher)
    with pytest.raises(CertificateRefused, match="needs a reason"):
        world.registrations.decide(number, approved=False, by="Sở")
    world.registrations.decide(number, approved=False, reason="Sai tên", by="Sở")
    assert world.lines.registration(number).state is RegistrationState.REFUSED
    with pytest.raises(CertificateRefused):
        world.may_sign(teacher, HOMEROOM)


@pytest.mark.parametrize("decided", [None, False])
def test_what_is_pending_or_refused_lets_nobody_sign_from_whatever_day_it_was_asked_for(world, decided):
    teacher = world.office.issued("Lê Thị An")
    number = world.ask(teacher, valid_from=NOON - DAY)
    if decided is False:
        world.registrations.decide(number, approved=False, reason="Sai tên", by="Sở")
    with pytest.raises(CertificateRefused):
        world.may_sign(teacher, HOMEROOM)


def test_a_line_is_decided_once_and_an_unknown_one_is_named(world):
    number = world.approved(world.office.issued("Lê Thị An"))
    with pytest.raises(LostRace):
        world.registrations.decide(number, approved=False, reason="nghĩ lại", by="Sở")
    with pytest.raises(UnknownLine, match="99"):
        world.registrations.decide(99, approved=True, by="Sở")


def test_the_same_request_waits_once_and_its_number_is_told(world):
    teacher = world.office.issued("Lê Thị An")
    number = world.ask(teacher)
    with pytest.raises(CertificateRefused, match=f"Request number {number}"):
        world.ask(teacher)


def test_a_right_that_has_an_end_is_never_made_longer_by_ending_it(world):
    """A line that ended in May and is ended again in June would say that its signatures of June are good."""
    principal, deputy = world.office.issued("Trần Văn Bình"), world.office.issued("Phạm Thị Cúc")
    world.approved(principal, Role.PRINCIPAL)
    number = world.approved(deputy, Role.PRINCIPAL, delegated_by=sha256(principal), valid_to=NOON + 7 * DAY)
    for now, at in ((NOON, NOON + 30 * DAY), (NOON + 20 * DAY, None)):
        world.at = now
        with pytest.raises(CertificateRefused, match="already"):
            world.registrations.end(number, reason="thôi", at=at)
    assert world.lines.registration(number).valid_to == NOON + 7 * DAY
    world.at = NOON + DAY
    world.registrations.end(number, reason="thôi")
    assert world.lines.registration(number).valid_to == NOON + DAY


def test_a_right_that_would_end_before_it_begins_is_neither_asked_for_nor_approved(world):
    teacher = world.office.issued("Lê Thị An")
    with pytest.raises(CertificateRefused, match="later day"):
        world.ask(teacher, valid_to=NOON)
    number = world.ask(teacher, valid_to=NOON + DAY)
    world.at = NOON + 2 * DAY
    with pytest.raises(CertificateRefused, match="later day"):
        world.registrations.decide(number, approved=True, by="Sở")


@pytest.mark.parametrize(("role", "subjects"), [(Role.SUBJECT, {"TOAN", "TOÁN"}), (Role.HOMEROOM, {"TOAN"})])
def test_subjects_that_would_never_allow_anything_are_refused(world, role, subjects):
    with pytest.raises(CertificateRefused, match="subject codes"):
        world.ask(world.office.issued("Lê Thị An"), role, subjects=frozenset(subjects))


def test_a_deputy_signs_for_nobody_once_the_principal_may_not(world):
    principal, deputy, third = (world.office.issued(name) for name in ("Trần Văn Bình", "Phạm Thị Cúc", "Lê An"))
    number = world.approved(principal, Role.PRINCIPAL)
    for_a_time = {"delegated_by": sha256(principal), "valid_to": NOON + 7 * DAY}
    world.approved(deputy, Role.PRINCIPAL, **for_a_time)
    pending = world.ask(third, Role.PRINCIPAL, **for_a_time)
    world.at = NOON + DAY
    world.registrations.end(number, reason="nghỉ hưu")
    with pytest.raises(CertificateRefused, match="delegation is over"):
        world.may_sign(deputy, PRINCIPAL)
    with pytest.raises(CertificateRefused, match="delegation is not sound"):
        world.registrations.decide(pending, approved=True, by="Sở")


def test_what_is_ended_signs_no_more_and_the_line_stays_for_what_was_signed(world):
    teacher = world.office.issued("Lê Thị An")
    number = world.approved(teacher)
    world.at = NOON + 10 * DAY
    world.registrations.end(number, reason="Nghỉ việc")
    with pytest.raises(CertificateRefused, match="has ended"):
        world.may_sign(teacher, HOMEROOM)
    then = world.lines.line_for(sha256(teacher), HOMEROOM, school_code=SCHOOL, at=NOON + DAY)
    assert then is not None
    assert then.reason == "Nghỉ việc"


def test_nothing_is_ended_or_approved_back_in_time(world):
    teacher = world.office.issued("Lê Thị An")
    number = world.ask(teacher, valid_from=NOON - 30 * DAY)
    world.at = NOON + DAY
    world.registrations.decide(number, approved=True, by="Sở")
    assert world.lines.registration(number).valid_from == NOON + DAY
    with pytest.raises(CertificateRefused, match="in the past"):
        world.registrations.end(number, reason="Nghỉ việc", at=NOON)


@pytest.mark.parametrize(
    ("certificate", "complaint"),
    [
        ({"until": NOON - DAY}, "valid from"),
        ({"since": NOON + DAY}, "valid from"),
        ({"hierarchy": None}, "No certification authority"),
        ({"hierarchy": "vgca"}, "may not certify"),
    ],
)
def test_a_certificate_that_could_not_sign_is_not_even_asked_for(world, certificate, complaint):
    with pytest.raises(CertificateRefused, match=complaint):
        world.ask(world.office.issued("Lê Thị An", **certificate))


def test_one_revoked_or_ended_between_request_and_decision_is_not_approved(world):
    teacher = world.office.issued("Lê Thị An", until=NOON + 5 * DAY)
    number = world.ask(teacher)
    world.office.revoked.add(teacher)
    with pytest.raises(CertificateRefused, match="revoked"):
        world.registrations.decide(number, approved=True, by="Sở")
    world.office.revoked.clear()
    world.at = NOON + 6 * DAY
    with pytest.raises(CertificateRefused, match="valid from"):
        world.registrations.decide(number, approved=True, by="Sở")


def test_one_revoked_after_approval_signs_no_more_and_an_outage_alone_stops_nobody(world):
    teacher = world.office.issued("Lê Thị An")
    world.approved(teacher)
    world.office.answers = False
    assert not world.may_sign(teacher, HOMEROOM)[1].revocation_known
    world.office.answers = True
    world.office.revoked.add(teacher)
    with pytest.raises(CertificateRefused, match="revoked"):
        world.may_sign(teacher, HOMEROOM)


def test_a_public_school_under_hcmc_seals_with_vgca_and_a_private_one_may_do_otherwise(world):
    licensed = world.office.issued("TRƯỜNG THCS HOA MAI", hierarchy="public")
    state = world.office.issued("TRƯỜNG THCS HOA MAI", hierarchy="vgca")
    with pytest.raises(CertificateRefused, match="may not certify"):
        world.ask(licensed, Role.SEAL, school_code=PUBLIC)
    assert world.approved(state, Role.SEAL, school_code=PUBLIC)
    assert world.approved(licensed, Role.SEAL, school_code=PRIVATE)


def test_a_deputy_signs_for_the_principal_until_the_day_that_was_said(world):
    principal, deputy = world.office.issued("Trần Văn Bình"), world.office.issued("Phạm Thị Cúc")
    world.approved(principal, Role.PRINCIPAL)
    world.approved(deputy, Role.PRINCIPAL, delegated_by=sha256(principal), valid_to=NOON + 7 * DAY)
    assert world.may_sign(deputy, PRINCIPAL)[0].delegated_by == sha256(principal)
    world.at = NOON + 7 * DAY
    with pytest.raises(CertificateRefused, match="has ended"):
        world.may_sign(deputy, PRINCIPAL)


def test_a_delegation_without_end_by_nobody_in_charge_or_to_oneself_is_refused(world):
    principal, deputy, third = (world.office.issued(name) for name in ("Trần Văn Bình", "Phạm Thị Cúc", "Lê An"))
    until = NOON + 7 * DAY
    with pytest.raises(CertificateRefused, match="delegation"):
        world.ask(deputy, Role.PRINCIPAL, delegated_by=sha256(principal), valid_to=until)
    world.approved(principal, Role.PRINCIPAL)
    for refused in (
        {"delegated_by": sha256(principal)},
        {"delegated_by": sha256(third), "valid_to": until},
    ):
        with pytest.raises(CertificateRefused, match="delegation"):
            world.ask(deputy, Role.PRINCIPAL, **refused)
    with pytest.raises(CertificateRefused, match="delegation"):
        world.ask(principal, Role.PRINCIPAL, delegated_by=sha256(principal), valid_to=until)
    world.approved(deputy, Role.PRINCIPAL, delegated_by=sha256(principal), valid_to=until)
    with pytest.raises(CertificateRefused, match="delegation"):
        world.ask(third, Role.PRINCIPAL, delegated_by=sha256(deputy), valid_to=until)
