# SPDX-License-Identifier: Apache-2.0

"""A school in which rounds are signed: a ledger and files on disk, real documents, real keys, and everything else driven by state.

`Room` is a school's `Office` whose people are registered. Its scribe works in this process and can be told that the time-stamping
authority is down; a key is asked by `values`. Two of them over one folder are two processes, and one can die at every statement and
every file (`dies`). Example::

    room = Room.opened(tmp_path)
    room.sign("GVCN")                        # the whole class, in one go
    room.scribe.tsa_down = True
    round_id = room.answered("CBQL")         # the key has signed; nothing can be put in
"""

import gc
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from asn1crypto import x509

from ledger.record.model import ClassSheet
from ledger.registering import Judged
from ledger.rounds import Stopped
from ledger.signing import Prepared, Signed, SignerIdentity, ToPrepare, Unfinished, Values
from ledger.store.reader import Unit
from ledger.store.signing_reader import SchoolClass
from ledger.store.signing_tables import ItemState
from ledger.unit import Role, Slot
from scripts import scribing
from scripts.demo_pki import STAFF, DemoPki, Person, create_pki
from signer.agent.sitting import signed_values
from signer.errors import TimestampUnavailable
from signer.keys import SigningKey, load_pkcs12
from tests.simulators.certificates import CertificateOffice, sha256
from tests.simulators.class_board import ClassBoard
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate
from tests.simulators.school_office import CODE, SHEET, YEAR, Office
from tests.simulators.signing_parts import signing_desk

PATIENCE_SECONDS = 60
START = datetime.now(UTC).replace(microsecond=0)
TEACHER = Person(SHEET.class_info.homeroom.name, SHEET.class_info.homeroom.personal_id)
PRINCIPAL = Person(SHEET.class_info.principal.name, SHEET.class_info.principal.personal_id)


def staffed_pki(folder: Path) -> DemoPki:
    """The people of the sample class, and a few more."""
    return create_pki(
        folder,
        school_code=CODE,
        school_name=SHEET.school.name,
        teacher=TEACHER,
        principal=PRINCIPAL,
        host="127.0.0.1",
        port=9,
        now=datetime.now(UTC),
        others=STAFF,
    )


@dataclass
class DeskScribe:
    """Implements `ledger.signing.Scribe` in this process."""

    pki: DemoPki
    now: object
    fate: Fate = field(default_factory=Fate)
    tsa_down: bool = False
    goes_on: threading.Event = field(default_factory=threading.Event)
    """Cleared, it stops before the next document until it is set again."""
    prepared: list[UUID] = field(default_factory=list)
    finished: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.goes_on.set()

    def prepare(
        self, units: Iterable[ToPrepare], *, slot: Slot, signer: SignerIdentity
    ) -> Iterator[Prepared | Unfinished]:
        for unit in units:
            self.fate.step("prepare")
            self.prepared.append(unit.documents.unit_id)
            yield scribing.prepare(unit, slot=slot, signer=signer, location="Hải Phòng", signed_at=self.now())

    def finish(
        self, units: Iterable[tuple[Prepared, Values]], *, slot: Slot, signer: SignerIdentity
    ) -> Iterator[Signed | Unfinished]:
        for prepared, values in units:
            self.fate.step("finish")
            assert self.goes_on.wait(PATIENCE_SECONDS), "nobody let the scribe go on"
            if self.tsa_down:
                error = TimestampUnavailable("máy chủ dấu thời gian không trả lời", "no answer")
                yield Unfinished(prepared.unit_id, error.vi, error.en, lasting=False)
                continue
            self.finished.append(prepared.unit_id)
            timestamper = self.pki.timestamper(self.now)
            yield scribing.finish(prepared, values, slot=slot, signer=signer, timestamper=timestamper)


@dataclass
class Room:
    """An office whose people sign in rounds."""

    office: Office
    pki: DemoPki
    at: datetime = START
    fate: Fate = field(default_factory=Fate)
    certificates: CertificateOffice = field(default_factory=CertificateOffice)

    def __post_init__(self) -> None:
        self.scribe = DeskScribe(self.pki, self.now, self.fate)
        self.board = ClassBoard()
        self.desk = signing_desk(
            self.office, self.now, certificates=self.certificates, scribe=self.scribe, board=self.board
        )
        self.lines, self.writer, self.rounds = self.desk.lines, self.desk.writer, self.desk.rounds
        self.issuing, self.registrations, self.returning = (
            self.desk.issuing,
            self.desk.registrations,
            self.desk.returning,
        )
        for name in self.pki.identities:
            self._certify(name)

    @classmethod
    def opened(cls, folder: Path, pki: DemoPki, *, profile: str = "moet", sheet: ClassSheet = SHEET) -> "Room":
        """A class that is imported and laid out for signing, and people who are approved."""
        office = Office.opened_with(folder, profile=profile, seal=sha256(certificate(pki, "KY_PHAT_HANH")))
        room = cls(office, pki)
        office.take_in(sheet)
        list(room.issuing.prepare(office.units(), planned_issue_date=START))
        for name in ("GVCN", "CBQL", "KY_PHAT_HANH"):
            room.approve(name)
        return room

    def now(self) -> datetime:
        return self.at

    def reopened(self, fate: Fate | None = None) -> "Room":
        """Another process over the same folder."""
        return Room(self.office.reopened(fate), self.pki, self.at, fate or Fate(), self.certificates)

    def copied(self, folder: Path) -> "Room":
        """The same school in another folder, to go its own way from here."""
        return Room(self.office.copied(folder), self.pki, self.at, certificates=self.certificates)

    def dies(self, step: int, deed: Callable[["Room"], object]) -> None:
        """Another process does `deed` and is killed at `step`; what it had open closes with it."""
        other = self.reopened(Fate(dies_at=step))
        try:
            deed(other)
        except Killed:
            return
        finally:
            other.office.ledger.engine.dispose()
            # A dead process holds no lock; here the frames of the dead hold its connection until they are swept up.
            del other
            gc.collect()
        raise AssertionError(f"nobody died at step {step}")

    @property
    def school_class(self) -> SchoolClass:
        return self.lines.school_class(school_code=CODE, school_year=YEAR, name=SHEET.class_info.name)

    def units(self) -> list[Unit]:
        return self.office.units()

    def open_rounds(self) -> list[UUID]:
        with self.office.ledger.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT id FROM signing_round WHERE state = 'open'")
            return [UUID(str(row[0])) for row in found]

    def key(self, name: str) -> SigningKey:
        identity = self.pki.identities[name]
        return load_pkcs12(identity.pkcs12.read_bytes(), identity.passphrase)

    def approve(self, name: str, role: Role | None = None, **more: object) -> None:
        """Registers and approves the certificate that is called so."""
        number = self.registrations.request(
            school_code=CODE,
            certificate=certificate(self.pki, name),
            role=role or Role(name.partition("-")[0]),
            by="văn thư",
            **more,
        )
        self.registrations.decide(number, approved=True, by="Sở")

    # A round, step by step; `who` is the name of an identity.

    def open(self, who: str, slot: Slot | None = None, **more: object) -> UUID:
        assigned = more.pop("assigned", frozenset({Role.HOMEROOM}))
        opened = self.rounds.open(
            self.school_class, slot or slot_of(who), self.identity(who), assigned=assigned, **more
        )
        self.said = [one for one in opened.preparing if isinstance(one, Stopped)]
        self.notice = opened.notice
        return opened.round_id

    def answer(self, round_id: UUID, who: str, *, many: int | None = None) -> int:
        items = self.lines.round(round_id).those(ItemState.PREPARED)[:many]
        parts = [(item.xml.to_be_signed, item.pdf.to_be_signed if item.pdf else None) for item in items]
        values = signed_values(self.key(who), parts)
        return sum(
            self.rounds.answer(round_id, {item.unit_id: Values(pdf=pdf, xml=xml)})
            for item, (xml, pdf) in zip(items, values, strict=True)
        )

    def finish(self, round_id: UUID) -> list[Stopped]:
        return [one for one in self.rounds.finish(round_id) if isinstance(one, Stopped)]

    def answered(self, who: str, slot: Slot | None = None, **more: object) -> UUID:
        round_id = self.open(who, slot, **more)
        self.answer(round_id, who)
        return round_id

    def sign(self, who: str, slot: Slot | None = None, **more: object) -> list[Stopped]:
        return self.finish(self.answered(who, slot, **more))

    def identity(self, who: str) -> SignerIdentity:
        return SignerIdentity(certificate=certificate(self.pki, who), chain=(), shown_role="")

    def _certify(self, name: str) -> None:
        der, found = certificate(self.pki, name), x509.Certificate.load(certificate(self.pki, name))
        names, hierarchy = found.subject.native, self.pki.identities[name].hierarchy
        self.certificates.known.setdefault(
            der,
            Judged(
                sha256=sha256(der),
                holder=names["common_name"],
                personal_number=str(names["serial_number"]).rpartition(":")[2] if "serial_number" in names else None,
                valid_from=found.not_valid_before,
                valid_to=found.not_valid_after,
                hierarchy=hierarchy,
                revoked=False,
                revocation_known=True,
                chain=(self.pki.certificate(hierarchy, f"{hierarchy}-ca").dump(),),
            ),
        )


def certificate(pki: DemoPki, name: str) -> bytes:
    return pki.identities[name].certificate.read_bytes()


def slot_of(name: str) -> Slot:
    role, _, more = name.partition("-")
    return Slot(Role(role), more if role == "GVBM" else "")
