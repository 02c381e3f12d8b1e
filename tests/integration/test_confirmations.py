# SPDX-License-Identifier: Apache-2.0

"""The confirmation of a mid-year transfer, with real keys and real PDFs: what is good, and everything that is refused by name.

One signing serves all: each test changes a file that is good, or the world around it.
"""

import datetime as dt
import functools
import io
from dataclasses import dataclass, replace

import pikepdf
import pytest

from ledger.confirming import Confirmations, Doubt
from ledger.errors import CannotTransfer, ConfirmationRefused
from ledger.paper.errors import LayoutError
from ledger.record import xml
from ledger.record.check import check_workbook
from ledger.record.errors import Unreadable
from ledger.transferring import Transferring
from ledger.unit import Role, Slot, UnitState
from scripts.confirmations import TrustedExaminer, examined, identity, kept, signed
from scripts.sample_class import make_workbook
from signer.archive import archive
from signer.errors import AlreadySigned, NotYetSigned, ValidationDataUnavailable
from signer.validation_data import ValidationData
from tests.simulators.certificates import CertificateOffice, sha256
from tests.simulators.school_ledger import OTHER_SCHOOL, SCHOOL
from tests.simulators.school_office import corrected
from tests.simulators.signing_room import START, Room, certificate, staffed_pki
from tests.small_classes import half_year
from verifier_api.examination import examine
from verifier_api.trust import Anchors, RegistrySettings, Trust, TrustSettings, UnusableTrust

ROLES = {"GVBM": ("public",), "GVCN": ("public",), "CBQL": ("public",), "KY_PHAT_HANH": ("vgca",)}
HALF = half_year(make_workbook(grade=9, class_name="9A2", pupils=1, seed=12))
(PUPIL,) = check_workbook(HALF, file="9A2.xlsx").draft.records
LEAVING = {
    "pupil_code": PUPIL.pupil.code,
    "level": "THCS",
    "school_year": PUPIL.class_info.school_year,
    "from_school": PUPIL.school.code,
    "to_school": OTHER_SCHOOL,
}
HEAD, SEAL = Slot(Role.PRINCIPAL), Slot(Role.SEAL)


@dataclass
class Chamber:
    """A school in which a confirmation is made and judged. Implements `ConfirmationExaminer`, in this process."""

    room: Room
    wrong_trust: bool = False

    def __post_init__(self) -> None:
        self.judge = CertificateOffice(dict(self.room.certificates.known))
        """What the certification authorities say when they are asked."""

    @property
    def trust(self) -> Trust:
        registry = RegistrySettings(
            chain_id=31337, address="0x" + "11" * 20, code_hash="0x" + "22" * 32, confirmations=1
        )
        names = self.room.pki.roots
        settings = TrustSettings(registry=registry, rpc=(), hierarchies=dict.fromkeys(names, ("x.pem",)), roles=ROLES)
        roots = {name: self.room.pki.root_certificates(name) for name in names}
        if self.wrong_trust:
            roots = {name: roots[other] for name, other in zip(names, reversed(list(names)), strict=True)}
        return Trust(settings, None, Anchors(roots))

    def examine(self, pdf):
        return examined(examine(pdf, self.trust.anchors), self.trust, self.judge)

    @property
    def confirmations(self) -> Confirmations:
        reader = self.room.office.ledger.reader
        return Confirmations(reader, self.room.office.drawing, self.room.lines, self, now=lambda: START)

    @property
    def transferring(self) -> Transferring:
        ledger, files = self.room.office.ledger, self.room.office.files
        return Transferring(
            ledger.reader, ledger.transfers, files, ledger.journal, self.confirmations, new_id=self.room.office.new_id
        )

    def of_sheet(self):
        """The confirmation of a pupil whose class nobody could import yet."""
        leaving = {name: value for name, value in LEAVING.items() if name != "pupil_code"}
        return self.transferring.confirmation_of_sheet(
            LEAVING["pupil_code"], HALF, file="9A2.xlsx", until=START, by="van.thu", **leaving
        )

    def release(self, pdf, **changes):
        return self.transferring.release(**{**LEAVING, "confirmation": pdf, "by": "van.thu", **changes})

    def unit(self, stt=1):
        return self.room.units()[stt - 1]

    def drawn(self, stt=1, to=OTHER_SCHOOL):
        return self.confirmations.draw(self.unit(stt), to_school=to, handed_over=(), until=START)

    def judged(self, pdf, *, stt=1, to=OTHER_SCHOOL, handed_over=()):
        return self.confirmations.require(pdf, self.unit(stt), to_school=to, handed_over=handed_over)

    def sign(self, pdf, who, slot, *, registered=True):
        key = self.room.key(who)
        chain = self.judge.known[certificate(self.room.pki, who)].chain
        asked = replace(self.room.identity(who), chain=chain)
        if registered:
            asked = identity(key, slot, self.room.registrations, school_code=self.unit().school_code)
        stamps = self.room.pki.timestamper(self.room.now)
        return signed(pdf, slot, key, asked, timestamper=stamps, location="Hải Phòng", now=self.room.now)

    def kept(self, pdf):
        roots = [root for name in self.room.pki.roots for root in self.room.pki.root_certificates(name)]
        data = ValidationData.offline(roots, crls=self.room.pki.crls(START), now=self.room.now)
        return archive(pdf, timestamper=self.room.pki.timestamper(self.room.now), validation_data=data)


@dataclass(frozen=True)
class Papers:
    """One confirmation at each step."""

    drawn: bytes
    by_head: bytes
    by_both: bytes
    kept: bytes


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    folder = tmp_path_factory.mktemp("begun")
    return Chamber(Room.opened(folder, staffed_pki(folder / "pki")))


@pytest.fixture(scope="module")
def papers(begun):
    drawn = begun.drawn()
    by_head = begun.sign(drawn, "CBQL", HEAD)
    by_both = begun.sign(by_head, "KY_PHAT_HANH", SEAL)
    return Papers(drawn, by_head, by_both, begun.kept(by_both))


@pytest.fixture
def chamber(begun, tmp_path):
    return Chamber(begun.room.copied(tmp_path / "chamber"))


def refused(chamber, pdf, *words, **about):
    with pytest.raises(ConfirmationRefused) as caught:
        chamber.judged(pdf, **about)
    for word in words:
        assert word in caught.value.vi, caught.value.vi
    assert len(caught.value.wrong) == len(words), caught.value.wrong
    assert all(vi and en for vi, en in caught.value.wrong)


def test_signed_by_head_and_seal_it_is_good_and_says_who_and_when(begun, papers):
    found = begun.judged(papers.kept)
    assert [(one.role, one.cert_sha256, one.doubts) for one in found.signatures] == [
        (Role.PRINCIPAL, sha256(certificate(begun.room.pki, "CBQL")), ()),
        (Role.SEAL, sha256(certificate(begun.room.pki, "KY_PHAT_HANH")), ()),
    ]
    assert all(abs(one.signed_at - START) < dt.timedelta(seconds=2) for one in found.signatures)
    assert found.until == START


def test_the_drawing_is_the_same_each_time_and_of_the_day(begun, papers):
    assert begun.drawn() == papers.drawn
    later = START + dt.timedelta(days=1)
    again = begun.confirmations.draw(begun.unit(), to_school=OTHER_SCHOOL, handed_over=(), until=later)
    assert again != papers.drawn


@pytest.mark.parametrize(("answers", "doubts"), [(True, {Doubt.NO_PROVEN_TIME}), (False, set(Doubt))])
def test_what_cannot_be_found_out_is_a_doubt_and_no_refusal(chamber, papers, answers, doubts):
    chamber.judge.answers = answers
    for one in chamber.judged(papers.by_both).signatures:
        assert set(one.doubts) == doubts


def test_a_certificate_that_its_authority_has_revoked_is_refused(chamber, papers):
    chamber.judge.revoked.add(certificate(chamber.room.pki, "CBQL"))
    refused(chamber, papers.by_both, "đã bị thu hồi")


def test_what_nobody_or_only_one_has_signed_is_refused(begun, papers):
    refused(
        begun,
        papers.drawn,
        "không bao trùm toàn bộ tệp",
        "thiếu chữ ký số của hiệu trưởng",
        "thiếu chữ ký số của con dấu",
    )
    refused(begun, papers.by_head, "thiếu chữ ký số của con dấu")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"%PDF-1.7 scanned", b"%PDF-1.7\n%%EOF"])
def test_what_is_no_confirmation_is_refused(begun, data):
    refused(begun, data, "không phải bản xác nhận do phần mềm này lập")


def test_another_pupils_confirmation_is_refused(begun, papers):
    refused(begun, papers.kept, "của một học bạ khác", stt=2)


def test_a_confirmation_for_another_school_is_refused(begun, papers):
    refused(begun, papers.kept, "trường đến khác với bản xác nhận", to=SCHOOL)


def test_a_confirmation_that_hands_over_other_years_is_refused(begun, papers):
    refused(begun, papers.kept, "học bạ bàn giao", handed_over=(begun.unit(2),))


def test_marks_that_changed_since_want_a_new_confirmation(chamber, papers):
    chamber.room.office.take_in(corrected(0))
    assert chamber.unit().state is UnitState.SIGNING or chamber.unit().state is UnitState.DRAFT
    refused(chamber, papers.kept, "hãy lập và ký bản mới")


def test_a_byte_that_changed_breaks_it(begun, papers):
    place = papers.kept.index(b"/ByteRange") - 40
    changed = papers.kept[:place] + bytes([papers.kept[place] ^ 1]) + papers.kept[place + 1 :]
    with pytest.raises(ConfirmationRefused):
        begun.judged(changed)
    refused(begun, papers.kept + b"\n% more", "không bao trùm toàn bộ tệp")


def test_what_was_added_after_signing_is_refused(begun, papers):
    with pikepdf.open(io.BytesIO(papers.by_both)) as document:
        document.pages[0].rotate(90, relative=False)
        out = io.BytesIO()
        document.save(out)
    with pytest.raises(ConfirmationRefused):
        begun.judged(out.getvalue())


def test_a_seal_that_is_not_the_registered_one_is_refused_with_both_digests(begun, papers, tmp_path):
    other = staffed_pki(tmp_path / "other")
    stranger = Chamber(Room(begun.room.office, other))
    # Its own authority is trusted here too, so that nothing but the registration speaks against it.
    pdf = stranger.sign(papers.by_head, "KY_PHAT_HANH", SEAL, registered=False)
    roots = {name: begun.room.pki.root_certificates(name) + other.root_certificates(name) for name in other.roots}
    trust = Trust(begun.trust.settings, None, Anchors(roots))
    stranger.judge.known |= begun.judge.known
    seen = examined(examine(pdf, trust.anchors), trust, stranger.judge)
    confirmations = Confirmations(
        begun.room.office.ledger.reader, begun.room.office.drawing, begun.room.lines, Told(seen), now=lambda: START
    )
    with pytest.raises(ConfirmationRefused) as caught:
        confirmations.require(pdf, begun.unit(), to_school=OTHER_SCHOOL, handed_over=())
    ((vi, _),) = caught.value.wrong
    for name in (other, begun.room.pki):
        assert sha256(certificate(name, "KY_PHAT_HANH"))[:12] in vi


@dataclass(frozen=True)
class Told:
    """An examiner that has looked already."""

    seen: object

    def examine(self, _pdf):
        return self.seen


def test_a_head_who_is_not_on_the_list_is_refused_by_name(begun):
    drawn = begun.drawn()
    pdf = begun.sign(drawn, "CBQL-deputy", HEAD, registered=False)
    refused(begun, begun.sign(pdf, "KY_PHAT_HANH", SEAL), "Ngô Thị Phó Trường không có trong danh sách")


def test_a_deputy_signs_for_the_head_and_is_believed(chamber):
    principal = sha256(certificate(chamber.room.pki, "CBQL"))
    until = START + dt.timedelta(days=30)
    chamber.room.approve("CBQL-deputy", delegated_by=principal, valid_to=until)
    pdf = chamber.sign(chamber.drawn(), "CBQL-deputy", HEAD)
    found = chamber.judged(chamber.kept(chamber.sign(pdf, "KY_PHAT_HANH", SEAL)))
    assert found.signatures[0].signer == "Ngô Thị Phó Trường"


def test_a_teachers_certificate_in_the_seals_place_is_refused(begun, papers):
    pdf = begun.sign(papers.by_head, "GVCN", SEAL, registered=False)
    refused(begun, pdf, "không do tổ chức được chấp nhận cấp cho vai trò này")


def test_nobody_is_believed_under_roots_that_are_not_trusted_for_the_role(begun, papers):
    other = Chamber(begun.room, wrong_trust=True)
    refused(other, papers.kept, "chứng thư số của hiệu trưởng", "chứng thư số của con dấu")


def test_the_seal_waits_for_the_head_and_each_signs_once(begun, papers):
    with pytest.raises(NotYetSigned):
        begun.sign(papers.drawn, "KY_PHAT_HANH", SEAL)
    with pytest.raises(AlreadySigned):
        begun.sign(papers.by_both, "KY_PHAT_HANH", SEAL)
    with pytest.raises(LayoutError):
        begun.sign(b"%PDF-1.7", "CBQL", HEAD)


def test_the_real_examiner_looks_in_a_process_of_its_own(begun, papers):
    found = TrustedExaminer(lambda: begun.trust, now=lambda: START).examine(papers.kept)
    assert found == begun.examine(papers.kept)


def test_without_trust_settings_nothing_is_known_and_nothing_stored():
    def nobody():
        raise UnusableTrust("trust.json", "missing")

    with pytest.raises(CannotTransfer, match="could not be looked into"):
        TrustedExaminer(nobody, now=lambda: START).examine(b"%PDF-")


def test_what_makes_it_last_fails_without_validation_data_and_leaves_the_file(begun, papers):
    stamps = begun.room.pki.timestamper(begun.room.now)
    work = functools.partial(kept, papers.by_both, begun.trust, timestamper=stamps, now=begun.room.now)
    with pytest.raises(ValidationDataUnavailable):
        work()


def test_of_a_sheet_with_one_semester_it_is_signed_judged_and_taken_along(chamber):
    drawn = chamber.of_sheet()
    with pytest.raises(ConfirmationRefused, match="the signature of the head"):
        chamber.release(drawn)
    pdf = chamber.kept(chamber.sign(chamber.sign(drawn, "CBQL", HEAD), "KY_PHAT_HANH", SEAL))
    with pytest.raises(ConfirmationRefused, match="the new school differ"):
        chamber.release(pdf, to_school=SCHOOL)
    with pytest.raises(ConfirmationRefused, match="do not cover the whole file"):
        chamber.release(pdf + b"\n% more")
    transfer = chamber.release(pdf)
    found = chamber.transferring.confirmed(transfer)
    assert (found.until, [one.role for one in found.signatures]) == (START, [Role.PRINCIPAL, Role.SEAL])
    assert chamber.room.office.files.get(transfer.confirmation_sha256) == pdf
    assert chamber.transferring.accept(transfer.id, school_code=OTHER_SCHOOL, by="nhan").unfinished is None


def test_the_record_so_far_is_inside_and_nobody_takes_it_for_a_record(chamber):
    drawn = chamber.of_sheet()
    with pikepdf.open(io.BytesIO(drawn)) as document:
        inside = document.attachments["record.xml"].get_file().read_bytes()
    assert xml.read(inside, so_far=True).record == PUPIL
    with pytest.raises(Unreadable):
        xml.read(inside)
    assert examine(drawn, chamber.trust.anchors).record is None
