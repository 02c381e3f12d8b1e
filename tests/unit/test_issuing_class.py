# SPDX-License-Identifier: Apache-2.0

"""From a class sheet to issued units, with real signatures: whole, once, and only what was asked for."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4

import pikepdf
import pytest
from asn1crypto import cms

from ledger.drawing import Drawing
from ledger.errors import (
    CannotRead,
    CannotStore,
    ForbiddenMove,
    LostRace,
    NotAllIssued,
    NotAllSigned,
    NotSigned,
    UnknownSchool,
    WrongCertificate,
)
from ledger.importing import Importing
from ledger.issuing import Issuing
from ledger.proof.manifest import Manifest
from ledger.record.check import CheckOptions, check_workbook
from ledger.signing import Documents, Unfinished
from ledger.store.database import migrate, open_for_writing
from ledger.store.files import FileStore, FolderFiles
from ledger.store.reader import Reader, School
from ledger.store.tables import FileRole
from ledger.store.writer import Writer
from ledger.unit import MOET, PROFILES, Role, Slot, UnitState
from scripts.demo_pki import Person, create_pki
from scripts.sample_class import make_workbook
from tests.simulators.databases import copy_folder, database_at
from tests.simulators.failing_files import Ailment, FailingFiles
from tests.simulators.hands import DeskArchivist, DeskHand, Killed, utc_now

WORKBOOK = make_workbook(grade=9, class_name="9A1", pupils=2, seed=7)
SHEET = check_workbook(WORKBOOK, file="9A1.xlsx", options=CheckOptions(allow_synthetic_province=True)).class_sheet
CODE, YEAR = SHEET.school.code, SHEET.class_info.school_year
PLANNED = datetime(2026, 5, 30, 8, 0, tzinfo=UTC)
EVERYBODY = frozenset(Role)
NO_TEACHER = frozenset()
HOMEROOM, PRINCIPAL, SEAL = Slot(Role.HOMEROOM), Slot(Role.PRINCIPAL), Slot(Role.SEAL)


@dataclass
class Approvals:
    """Everybody was approved for whatever they sign, but for some slots."""

    but_for: frozenset[Slot] = frozenset()

    def line_for(self, cert_sha256, slot, *, school_code, at):
        assert (len(cert_sha256), school_code, at.tzinfo) == (64, CODE, UTC)
        return None if slot in self.but_for else slot


@dataclass
class Office:
    """A school's ledger on disk, opened anew by `reopened` as after a crash."""

    pki: object
    folder: object
    profile: str = MOET.name
    approvals: Approvals = field(default_factory=Approvals)

    def __post_init__(self) -> None:
        engine = open_for_writing(database_at(self.folder / "ledger.db", new=True))
        migrate(engine)
        self.reader, self.writer = Reader(engine), Writer(engine, now=utc_now)
        self.keep_on(FolderFiles(self.folder / "files"))

    def keep_on(self, files: FileStore) -> None:
        """Has everybody work with these files from now on."""
        self.files = files
        self.importing = Importing(self.reader, self.writer, self.files, now=utc_now, new_id=uuid4)
        self.drawing = Drawing(self.files, public_url="https://hocba.example/")
        self.issuing = Issuing(self.reader, self.writer, self.files, self.drawing, self.approvals)

    def reopened(self) -> "Office":
        return Office(self.pki, self.folder, self.profile)

    def register(self) -> None:
        seal = DeskHand(self.pki, SEAL).cert_sha256
        self.writer.register_school(
            School(CODE, SHEET.school.name, SHEET.school.authority_name, self.profile, "0x" + "11" * 20, seal)
        )

    def take_in(self, sheet=SHEET):
        self.importing.carry_out(self.importing.plan(sheet), source=WORKBOOK)

    def units(self):
        return self.reader.units(school_code=CODE, school_year=YEAR)

    def waiting(self, slot, assigned=EVERYBODY):
        return self.issuing.waiting_for(slot, self.units(), assigned=assigned)

    def prepare(self):
        return list(self.issuing.prepare(self.units(), planned_issue_date=PLANNED))

    def sign(self, slot, assigned=EVERYBODY, **state) -> DeskHand:
        hand = DeskHand(self.pki, slot, **state)
        list(self.issuing.sign(hand, self.waiting(slot, assigned)))
        return hand

    def issue(self, **state) -> DeskArchivist:
        archivist = DeskArchivist(self.pki, **state)
        list(self.issuing.issue(archivist, self.units()))
        return archivist

    def stored(self):
        """Everything that a refused step must leave as it was."""
        return self.units(), sorted(path.name for path in (self.folder / "files").rglob("*") if path.is_file())

    def bytes_of(self, unit, role):
        return self.files.get(unit.file(role).sha256)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return create_pki(
        tmp_path_factory.mktemp("pki"),
        school_code=CODE,
        school_name=SHEET.school.name,
        teacher=Person("Lê Thị An", "079180000001"),
        principal=Person("Trần Văn Bình", "079170000002"),
        host="127.0.0.1",
        port=9,
        now=utc_now(),
    )


@pytest.fixture(scope="module")
def stage(pki, tmp_path_factory) -> Callable[[str], object]:
    """Folders as they stand after each step, made once: later steps are the dear ones."""
    root = tmp_path_factory.mktemp("stages")
    steps = {
        "registered": lambda office: office.register(),
        "drafts": lambda office: office.take_in(),
        "prepared": lambda office: office.prepare(),
        "GVCN": lambda office: office.sign(HOMEROOM),
        "CBQL": lambda office: office.sign(PRINCIPAL),
        "KY_PHAT_HANH": lambda office: office.sign(SEAL),
        "issued": lambda office: office.issue(),
    }

    def folder_after(name: str):
        names = list(steps)
        here = root / name
        if not here.exists():
            place = names.index(name)
            if place:
                copy_folder(folder_after(names[place - 1]), here, database="ledger.db")
            else:
                here.mkdir()
            steps[name](Office(pki, here))
        return here

    return folder_after


@pytest.fixture
def office_after(pki, stage, tmp_path):
    def office(step: str) -> Office:
        return Office(pki, copy_folder(stage(step), tmp_path / "office", database="ledger.db"))

    return office


def refused_and_nothing_stored(office, act, error):
    units_before, _ = office.stored()
    with pytest.raises(error) as caught:
        act()
    assert office.stored()[0] == units_before
    return caught.value


def test_a_class_goes_from_sheet_to_issued(office_after):
    office = office_after("issued")
    for unit in office.units():
        manifest = Manifest.parse(unit.manifest)
        assert unit.state is UnitState.ISSUED
        assert unit.signed_roles == (Role.HOMEROOM, Role.PRINCIPAL, Role.SEAL)
        assert (manifest.id, manifest.school, manifest.year) == (unit.id, CODE, YEAR)
        assert manifest.record_sha256 == unit.record_sha256
        for file, role in zip(manifest.files, (FileRole.PDF, FileRole.XML), strict=True):
            assert (file.role, file.sha256) == (role.value, unit.file(role).sha256)
            assert len(office.bytes_of(unit, role)) == file.size
        assert [signer.role for signer in manifest.signers] == ["GVCN", "CBQL", "KY_PHAT_HANH"]
        assert [signer.cert_sha256 for signer in manifest.signers] == [s.cert_sha256 for s in unit.signatures]


def test_an_unregistered_school_imports_nothing(pki, tmp_path):
    office = Office(pki, tmp_path)
    with pytest.raises(UnknownSchool):
        office.take_in()
    assert office.units() == []


def test_preparing_goes_on_where_it_was_killed(office_after):
    office = office_after("drafts")
    work = office.issuing.prepare(office.units(), planned_issue_date=PLANNED)
    done = next(work)
    work.close()
    again = office.reopened()
    states = {unit.id: unit.state for unit in again.units()}
    assert states.pop(done) is UnitState.SIGNING
    assert set(states.values()) == {UnitState.DRAFT}
    drafts = again.reader.units(school_code=CODE, school_year=YEAR, states=[UnitState.DRAFT])
    assert list(again.issuing.prepare(drafts, planned_issue_date=PLANNED)) == list(states)
    assert {unit.state for unit in again.units()} == {UnitState.SIGNING}


def test_what_was_prepared_is_not_prepared_twice(office_after):
    office = office_after("prepared")
    refused_and_nothing_stored(office, office.prepare, LostRace)


@pytest.mark.parametrize(("slot", "step"), [(HOMEROOM, "prepared"), (PRINCIPAL, "GVCN"), (SEAL, "CBQL")])
def test_signing_goes_on_where_it_was_killed_and_signs_nobody_twice(office_after, slot, step):
    office = office_after(step)
    with pytest.raises(Killed):
        office.sign(slot, dies_after=1)
    again = office.reopened()
    signed, unsigned = again.units()
    assert signed.signed_slots[-1:] == (slot,)
    assert slot not in unsigned.signed_slots
    before = {kind: again.bytes_of(signed, kind) for kind in FileRole}
    assert again.sign(slot).asked == [unsigned.id]
    assert {kind: again.bytes_of(again.units()[0], kind) for kind in FileRole} == before
    assert again.waiting(slot) == []


DEEDS_ON_FILES = {
    "signing": ("GVCN", lambda office: office.sign(PRINCIPAL)),
    "issuing": (
        "KY_PHAT_HANH",
        lambda office: list(office.issuing.issue(DeskArchivist(office.pki), still_open(office))),
    ),
}


def still_open(office):
    return [unit for unit in office.units() if unit.state is UnitState.SIGNING]


@pytest.mark.parametrize("ailment", Ailment)
@pytest.mark.parametrize("deed", DEEDS_ON_FILES)
def test_whichever_file_cannot_be_kept_or_read_only_whole_units_move_and_the_rest_follows(
    office_after, pki, tmp_path, deed, ailment
):
    step, do = DEEDS_ON_FILES[deed]
    office = office_after(step)
    before = office.units()
    whole = Office(pki, copy_folder(office.folder, tmp_path / "whole", database="ledger.db"))
    whole.keep_on(FailingFiles(whole.folder / "files"))
    do(whole)
    moved = [(unit.state, unit.signed_roles) for unit in whole.units()]
    calls = whole.files.calls
    fails_at = next(number for number, call in enumerate(calls, 1) if call == "put" and number > len(calls) // 2)
    office.keep_on(FailingFiles(office.folder / "files", ailment=ailment, from_call=fails_at))
    with pytest.raises((CannotStore, CannotRead), match=os.strerror(ailment.value)):
        do(office)
    for unit, old, new in zip(office.units(), before, moved, strict=True):
        assert (unit.state, unit.signed_roles) in {(old.state, old.signed_roles), new}
        for role in FileRole:
            assert FolderFiles(office.folder / "files").get(unit.file(role).sha256)
    again = office.reopened()
    do(again)
    assert [(unit.state, unit.signed_roles) for unit in again.units()] == moved


def test_a_signer_who_sits_down_twice_is_asked_for_nothing(office_after):
    assert office_after("GVCN").sign(HOMEROOM).asked == []


def test_nobody_signs_out_of_turn(office_after):
    office = office_after("prepared")
    seal = DeskHand(office.pki, SEAL)
    refused_and_nothing_stored(office, lambda: list(office.issuing.sign(seal, office.units())), ForbiddenMove)
    assert seal.asked == []


def test_drafts_are_not_signed(office_after):
    office = office_after("drafts")
    hand = DeskHand(office.pki, HOMEROOM)
    refused_and_nothing_stored(office, lambda: list(office.issuing.sign(hand, office.units())), ForbiddenMove)
    assert hand.asked == []


def test_another_seal_than_the_registered_one_signs_nothing(office_after):
    office = office_after("CBQL")
    stranger = DeskHand(office.pki, SEAL, announces="ab" * 32)
    waiting = office.waiting(SEAL)
    refused_and_nothing_stored(office, lambda: list(office.issuing.sign(stranger, waiting)), WrongCertificate)
    assert stranger.asked == []


def garbled(data: bytes) -> bytes:
    return data[:-300] + bytes([data[-300] ^ 1]) + data[-299:]


def with_another_value(after: bytes) -> bytes:
    """Everything is in its place and digests to the same, but it is not what the key computed."""
    written = after[after.rindex(b"/Contents <") + 11 :].split(b">")[0]
    contents = bytes.fromhex(written.decode())
    value = cms.ContentInfo.load(contents)["content"]["signer_infos"][0]["signature"].native
    place = after.index(written) + 2 * (contents.index(value) + len(value)) - 1
    return after[:place] + (b"0" if after[place : place + 1] != b"0" else b"1") + after[place + 1 :]


def unsigned_but_longer(before: bytes, after: bytes) -> bytes:
    return before + b"\n% " + b"x" * (len(after) - len(before))


def only_resaved(before: bytes, after: bytes) -> bytes:
    """A revision that fills nothing: what a viewer appends when it saves."""
    start = before.rindex(b"startxref") + len(b"startxref")
    address = before[start:].split()[0]
    tail = b"\nxref\n0 0\ntrailer\n<< /Size 1 /Prev " + address + b" >>\nstartxref\n%d\n%%%%EOF\n" % (len(before) + 1)
    return before + tail


SPOILT_PDF = {
    "nothing was done": lambda before, _: before,
    "the last byte is lost": lambda _, after: after[:-1],
    "a byte more": lambda _, after: after + b"\n",
    "an earlier byte is changed": lambda _, after: b"%PDF-1.6" + after[8:],
    "the signature's value is changed": lambda _, after: with_another_value(after),
    "a byte of the new revision is changed": lambda _, after: garbled(after),
    "longer, and not signed": unsigned_but_longer,
    "saved again, and not signed": only_resaved,
    "no PDF": lambda *_: b"<html>session expired</html>",
    "empty": lambda *_: b"",
}


@pytest.mark.parametrize("spoil", SPOILT_PDF.values(), ids=SPOILT_PDF)
def test_a_pdf_without_its_signature_is_refused(office_after, spoil):
    office = office_after("GVCN")
    hand = {"spoils": lambda before, after: replace(after, pdf=spoil(before.pdf, after.pdf))}
    refused_and_nothing_stored(office, lambda: office.sign(PRINCIPAL, **hand), NotSigned)


SPOILT_XML = {
    "nothing was done": lambda before, _: before,
    "only a space is added": lambda before, _: before.replace(b"</HOC_BA>", b" </HOC_BA>"),
    "the data is changed": lambda _, after: after.replace(b"<NAM_HOC>2025", b"<NAM_HOC>2024"),
    "the slot's signature is taken out again": lambda _, after: (
        after[: after.index(b"<Signature", after.index(b"<CBQL>"))] + after[after.index(b"</CBQL>") :]
    ),
    "the teacher's signature is gone": lambda _, after: (
        after[: after.index(b"<GVCN>")] + b"<GVCN/>" + after[after.index(b"</GVCN>") + 7 :]
    ),
    "no XML": lambda *_: b"\x00" * 400,
    "empty": lambda *_: b"",
}


@pytest.mark.parametrize("spoil", SPOILT_XML.values(), ids=SPOILT_XML)
def test_an_xml_without_its_signature_is_refused(office_after, spoil):
    office = office_after("GVCN")

    def spoils(before: Documents, after: Documents) -> Documents:
        spoilt = spoil(before.xml, after.xml)
        assert spoilt != after.xml
        return replace(after, xml=spoilt)

    refused_and_nothing_stored(office, lambda: office.sign(PRINCIPAL, spoils=spoils), NotSigned)


def test_a_hand_that_signs_with_another_certificate_than_it_says_is_refused(office_after):
    office = office_after("GVCN")
    refused_and_nothing_stored(office, lambda: office.sign(PRINCIPAL, announces="cd" * 32), NotSigned)


def test_another_units_documents_are_refused(office_after):
    office = office_after("GVCN")
    first, second = office.units()
    swap = {first.id: second.id, second.id: first.id}
    hand = {"spoils": lambda _, after: replace(after, unit_id=swap[after.unit_id])}
    refused_and_nothing_stored(office, lambda: office.sign(PRINCIPAL, **hand), NotSigned)


def test_a_unit_that_nobody_asked_for_is_refused(office_after):
    office = office_after("GVCN")
    hand = {"spoils": lambda _, after: replace(after, unit_id=uuid4())}
    refused_and_nothing_stored(office, lambda: office.sign(PRINCIPAL, **hand), NotSigned)


def test_without_an_assigned_homeroom_teacher_the_principal_signs_first(office_after):
    office = office_after("prepared")
    assert len(office.waiting(PRINCIPAL, NO_TEACHER)) == 2
    assert office.waiting(PRINCIPAL) == []
    for slot in (PRINCIPAL, SEAL):
        office.sign(slot, NO_TEACHER)
    office.issue()
    assert {unit.state for unit in office.units()} == {UnitState.ISSUED}
    assert {unit.signed_roles for unit in office.units()} == {(Role.PRINCIPAL, Role.SEAL)}


def test_a_teacher_forgotten_after_signing_leaves_nothing_stuck(office_after):
    assert len(office_after("GVCN").waiting(PRINCIPAL, NO_TEACHER)) == 2


@pytest.mark.parametrize("step", ["drafts", "prepared", "GVCN", "CBQL"])
def test_nothing_is_issued_with_a_signature_missing(office_after, step):
    office = office_after(step)
    before = office.stored()
    assert office.issue().asked == []
    assert office.stored() == before


def test_issuing_goes_on_where_it_was_killed(office_after):
    office = office_after("KY_PHAT_HANH")
    with pytest.raises(Killed):
        office.issue(dies_after=1)
    again = office.reopened()
    issued, waiting = again.units()
    assert (issued.state, waiting.state) == (UnitState.ISSUED, UnitState.SIGNING)
    signing = again.reader.units(school_code=CODE, school_year=YEAR, states=[UnitState.SIGNING])
    archivist = DeskArchivist(again.pki)
    assert list(again.issuing.issue(archivist, signing)) == [waiting.id]
    assert again.units()[0] == issued
    assert {unit.state for unit in again.units()} == {UnitState.ISSUED}


SPOILT_ARCHIVE = {name: spoil for name, spoil in SPOILT_PDF.items() if name != "the signature's value is changed"}


@pytest.mark.parametrize("spoil", SPOILT_ARCHIVE.values(), ids=SPOILT_ARCHIVE)
def test_a_pdf_without_its_archive_revision_is_not_issued(office_after, spoil):
    office = office_after("KY_PHAT_HANH")
    archivist = {"spoils": lambda before, after: replace(after, pdf=spoil(before.pdf, after.pdf))}
    refused_and_nothing_stored(office, lambda: office.issue(**archivist), NotSigned)


def test_the_archived_file_begins_with_the_signed_one(office_after):
    office = office_after("KY_PHAT_HANH")
    signed = {unit.id: office.bytes_of(unit, FileRole.PDF) for unit in office.units()}
    office.issue()
    for unit in office.units():
        assert office.bytes_of(unit, FileRole.PDF).startswith(signed[unit.id])


@pytest.mark.parametrize("step", ["prepared", "KY_PHAT_HANH", "issued"])
def test_a_paper_is_drawn_again_to_the_bytes_that_people_signed(office_after, step):
    office = office_after(step)
    for unit in office.units():
        assert office.bytes_of(unit, FileRole.PDF).startswith(office.drawing.redraw(unit))


def test_the_link_on_the_paper_leads_to_its_unit(office_after, tmp_path):
    office = office_after("prepared")
    for unit in office.units():
        assert office.drawing.link(unit.id) == f"https://hocba.example/q/{unit.id}"
        path = tmp_path / "paper.pdf"
        path.write_bytes(office.bytes_of(unit, FileRole.PDF))
        with pikepdf.open(path) as paper:
            assert paper.Root.AcroForm.Fields


def test_what_a_hand_could_not_finish_is_told_at_the_end_and_the_others_are_signed(office_after):
    office = office_after("GVCN")
    first, second = office.units()
    with pytest.raises(NotAllSigned) as caught:
        office.sign(PRINCIPAL, cannot={first.id: "máy chủ dấu thời gian không trả lời"})
    assert f"STT {first.stt}: máy chủ dấu thời gian không trả lời" in caught.value.vi
    assert [unit.id for unit in office.waiting(PRINCIPAL)] == [first.id]
    assert [unit.id for unit in office.waiting(SEAL)] == [second.id]


def test_who_was_not_approved_then_leaves_nothing_issued(office_after):
    office = office_after("KY_PHAT_HANH")
    office.approvals.but_for = frozenset({PRINCIPAL})
    refused_and_nothing_stored(office, office.issue, NotAllIssued)


def test_one_record_that_cannot_be_archived_or_moved_meanwhile_stops_none_of_the_others(office_after, pki):
    office = office_after("KY_PHAT_HANH")
    first, _ = office.units()

    class Interrupted(DeskArchivist):
        def archive(self, units):
            for unit in units:
                if unit.documents.unit_id == first.id:
                    yield Unfinished(first.id, "máy chủ CRL không trả lời", "no CRL", lasting=False)
                else:
                    yield from super().archive([unit])

    with pytest.raises(NotAllIssued) as caught:
        list(office.issuing.issue(Interrupted(pki), office.units()))
    assert f"STT {first.stt}: máy chủ CRL không trả lời" in caught.value.vi
    assert [unit.state for unit in office.units()] == [UnitState.SIGNING, UnitState.ISSUED]
    stale = office.units()[:1]
    list(office.issuing.issue(DeskArchivist(pki), stale))
    with pytest.raises(NotAllIssued, match=f"no. {first.stt}"):
        list(office.issuing.issue(DeskArchivist(pki), stale))


# Ho Chi Minh City: subject teachers sign their own row in the XML, with time-stamps.


@pytest.fixture(scope="module")
def city(pki, tmp_path_factory):
    office = Office(pki, tmp_path_factory.mktemp("city"), "hcmc")
    office.register()
    office.take_in()
    office.prepare()
    return office


def test_a_class_of_the_city_is_signed_by_its_subject_teachers_first(city):
    profile = PROFILES["hcmc"]
    subjects = [Slot(Role.SUBJECT, subject.code) for subject in SHEET.records[0].year.subjects]
    drawn = {unit.id: unit.file(FileRole.PDF).sha256 for unit in city.units()}
    for slot in reversed(subjects):
        assert city.waiting(HOMEROOM) == []
        city.sign(slot)
    # Nothing was done to the paper yet.
    assert {unit.id: unit.file(FileRole.PDF).sha256 for unit in city.units()} == drawn
    for slot in (HOMEROOM, PRINCIPAL, SEAL):
        city.sign(slot)
    before = {unit.id: city.bytes_of(unit, FileRole.XML) for unit in city.units()}
    city.issue()
    for unit in city.units():
        manifest = Manifest.parse(unit.manifest)
        assert unit.state is UnitState.ISSUED
        assert unit.signed_slots == (*reversed(subjects), HOMEROOM, PRINCIPAL, SEAL)
        assert [signer.subject for signer in manifest.signers if signer.role == "GVBM"] == [
            slot.subject for slot in reversed(subjects)
        ]
        kept = city.bytes_of(unit, FileRole.XML)
        assert profile.xml_timestamps
        assert (
            kept.count(b"SignatureTimeStamp>")
            == before[unit.id].count(b"SignatureTimeStamp>")
            == 2 * len(unit.signatures)
        )
        assert kept.count(b"<xades:RevocationValues>") == len(unit.signatures)
        assert b"RevocationValues" not in before[unit.id]
