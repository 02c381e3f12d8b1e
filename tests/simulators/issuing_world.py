# SPDX-License-Identifier: Apache-2.0

"""A small world for the public side: a ledger, a chain and what is to be seen in files, all driven by their state.

The verdicts come from the real `Verifier` over real manifests and receipts; only what lies outside of it is simulated. Example::

    world = World()
    unit = world.issue()                   # anchored and deep
    world.recall(unit, at=...)
    app = world.app()
    world.chain_down = True                # from now on every question to the chain fails

`asked` counts what was asked of ledger and chain.
"""

import datetime as dt
import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from uuid import UUID

from fastapi import FastAPI
from simulators.registry_answers import NEVER_HEARD_OF

from ledger.chain.errors import Unreachable
from ledger.chain.registry import Head, LeafStatus, RecallReason, RegistryPin, SchoolOnChain, Statement
from ledger.errors import Unavailable, UnknownSchool
from ledger.proof.leaf import leaf_hash
from ledger.proof.manifest import IssuedFile, Manifest, ManifestSigner
from ledger.proof.receipt import Receipt
from ledger.proof.signer_list import SIGNERS_TOPIC, ApprovedSigner
from ledger.short_code import lookup_key
from ledger.store.reader import ReceiptEntry, School
from verifier_api.app import create_app
from verifier_api.examination import Examination, FileKind, kind_of
from verifier_api.intake import Exhausted, Shortage, UnsafeInProcessExaminer
from verifier_api.judgements import SignatureJudgement
from verifier_api.trust import Anchors, RegistrySettings, Trust, TrustSettings
from verifier_api.verdict import Outcome
from verifier_api.verifier import Verifier

NOW = dt.datetime(2026, 6, 2, 3, 4, tzinfo=dt.UTC)
SIGNED = dt.datetime(2026, 5, 28, 2, 12, tzinfo=dt.UTC)
ANCHORED = dt.datetime(2026, 5, 28, 7, 30, tzinfo=dt.UTC)
SCHOOL = "79000601"
SCHOOL_NAME = "Trường THCS Lê Quý Đôn"
ROOT_CERTIFICATE = b"the one root that this world trusts"
CONFIRMATIONS = 12
PUPIL = "Nguyễn Thị Ngọc Ánh"
"""In every file of this world, so that no page, answer or log line may ever hold it."""

SIGNERS = {
    "GVCN": "Trần Văn Bình",
    "CBQL": "Lê Thị Hồng Cúc",
    "KY_PHAT_HANH": "TRƯỜNG THCS LÊ QUÝ ĐÔN",
}


@dataclass
class Unit:
    """One issued unit and where it stands."""

    id: UUID
    pdf: bytes
    receipt: Receipt
    batched: bool = True
    final: bool = True
    depth: int = CONFIRMATIONS
    recalled_at: dt.datetime | None = None
    reason: RecallReason | None = None
    replaced_by: UUID | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()


@dataclass
class World:
    """Ledger, chain and files. Implements `Issued`, `Ledger`, `RegistryReader` and what an examining worker does."""

    units: dict[UUID, Unit] = field(default_factory=dict)
    seen: dict[bytes, Examination] = field(default_factory=dict)
    ledger_down: bool = False
    chain_down: bool = False
    newest_list: Statement | None = None
    """What the authority published last under the topic of signer lists."""
    list_before: Statement | None = None
    """And the last before that."""
    ledger_broken: bool = False
    """Raises what nobody foresaw, quoting a pupil."""
    asked: Counter[str] = field(default_factory=Counter)

    def issue(self, **state: object) -> Unit:
        """A new unit in good standing, unless `state` says otherwise."""
        number = len(self.units) + 1
        unit_id = UUID(int=number, version=4)
        pdf = b"%PDF-1.7\n% " + f"{PUPIL} {unit_id}".encode()
        record = hashlib.sha256(b"record" + unit_id.bytes).hexdigest()
        manifest = Manifest(
            id=unit_id,
            school=SCHOOL,
            year="2025-2026",
            level="THCS",
            profile="moet",
            record_sha256=record,
            files=(IssuedFile(role="pdf", sha256=hashlib.sha256(pdf).hexdigest(), size=len(pdf)),),
            signers=tuple(ManifestSigner(role=role, cert_sha256=_certificate(role).hex()) for role in SIGNERS),
        )
        salt = hashlib.sha256(unit_id.bytes).digest()
        leaf = leaf_hash(salt=salt, manifest_sha256=manifest.sha256())
        receipt = Receipt.of(manifest=manifest, salt=salt, proof=(), root=leaf, chain_id=31337, registry=PIN.address)
        unit = Unit(id=unit_id, pdf=pdf, receipt=receipt, **state)
        self.units[unit_id] = unit
        self.seen[pdf] = Examination(
            kind=FileKind.PDF,
            signatures=tuple(_judgement(role, number) for number, role in enumerate(SIGNERS)),
            record_sha256=record,
            record=b"<record/>",
            claimed_unit=unit_id,
            claimed_school=SCHOOL,
            claimed_year="2025-2026",
            claimed_level="THCS",
        )
        return unit

    def recall(self, unit: Unit, *, reason: RecallReason, replaced_by: Unit | None = None) -> None:
        """Recalls `unit` on the chain."""
        unit.recalled_at, unit.reason = NOW - dt.timedelta(days=1), reason
        unit.replaced_by = None if replaced_by is None else replaced_by.id

    def forged(self, unit: Unit) -> bytes:
        """A file that claims to be `unit`, with one signature broken."""
        forged = unit.pdf.replace(b"%PDF-1.7", b"%PDF-1.6")
        self.seen[forged] = self.seen[unit.pdf]
        return forged

    def app(self, **parts: object) -> FastAPI:
        """The application over this world."""
        return create_app(
            **{
                "verifier": self.verifier(),
                "reader": self,
                "registry": self,
                "public_url": "https://hocba.example",
                **parts,
            }
        )

    @property
    def head_time(self) -> dt.datetime:
        """A time at which the newest block is a minute and a half old."""
        return NOW + dt.timedelta(seconds=90)

    def verifier(
        self, trust: Trust | None = None, *, at: dt.datetime | None = None, minutes_later: int = 0
    ) -> Verifier:
        """The real verifier over this world, asked about now or about an earlier moment."""
        examiner = UnsafeInProcessExaminer(self._examine)
        now = NOW + dt.timedelta(minutes=minutes_later)
        return Verifier.live(
            trust=trust or TRUST, issued=self, registry=self, examiner=examiner, now=lambda: now, at=at
        )

    def _examine(self, data: bytes) -> Examination:
        if data == b"%PDF bomb":
            raise Exhausted(Shortage.TIME)
        return self.seen.get(data, Examination(kind=kind_of(data)))

    # What the ledger answers.

    complete = True

    def receipt_of_file(self, sha256: str) -> ReceiptEntry | None:
        self._ask_ledger("receipt_of_file")
        return next((_entry(unit) for unit in self.units.values() if unit.sha256 == sha256), None)

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:
        self._ask_ledger("receipt_of_unit")
        return _entry(self.units[unit_id]) if unit_id in self.units else None

    def successor(self, unit_id: UUID) -> UUID | None:
        self._ask_ledger("successor")
        return self.units[unit_id].replaced_by

    def school(self, code: str) -> School | SchoolOnChain:
        self._ask_ledger("school")
        if code != SCHOOL:
            raise UnknownSchool(code)
        return THE_SCHOOL

    def unit_with_short_code(self, key: str) -> UUID | None:
        self._ask_ledger("unit_with_short_code")
        return next((unit_id for unit_id in self.units if lookup_key(unit_id) == key), None)

    def schools(self) -> list[School]:
        self._ask_ledger("schools")
        return [THE_SCHOOL]

    # What the chain answers.

    @property
    def pin(self) -> RegistryPin:
        return PIN

    def head(self) -> Head:
        self._ask_chain("head")
        return Head(number=1_000, time=NOW)

    def status_of(
        self,
        *,
        school: str,
        root: bytes,  # noqa: ARG002
        entry: bytes,
        proof: object,  # noqa: ARG002
        at: dt.datetime | None = None,
    ) -> LeafStatus:
        self._ask_chain("status_of")
        unit = next((unit for unit in self.units.values() if unit.receipt.entry_bytes == entry), None)
        status = replace(NEVER_HEARD_OF, head=Head(number=1_000, time=NOW))
        if unit is None or unit.depth == 0 or school != SCHOOL or (at is not None and at < ANCHORED):
            return status
        if at is not None and unit.recalled_at is not None and at < unit.recalled_at:
            unit = replace(unit, recalled_at=None, reason=None, replaced_by=None)
        return replace(
            status,
            anchored_at=ANCHORED,
            anchored_in_block=1_001 - unit.depth,
            leaf_count=1,
            school_year=2025,
            included=True,
            version=1,
            seal_certificate=_certificate("KY_PHAT_HANH"),
            recalled_at=unit.recalled_at,
            reason=unit.reason,
            replacement=None
            if unit.replaced_by is None
            else (SCHOOL, self.units[unit.replaced_by].receipt.entry_bytes),
        )

    def seal_at(self, *, school: str, at: object) -> bytes:  # noqa: ARG002
        self._ask_chain("seal_at")
        return _certificate("KY_PHAT_HANH") if school == SCHOOL else b""

    def statement_at(self, *, publisher: str | None, topic: bytes, at: dt.datetime | None = None) -> Statement | None:
        self._ask_chain("statement_at")
        if (publisher, topic) != (None, SIGNERS_TOPIC):
            return None
        later = at is not None and self.newest_list is not None and at < self.newest_list.published_at
        return self.list_before if later else self.newest_list

    def _ask_ledger(self, question: str) -> None:
        self.asked[question] += 1
        if self.ledger_broken:
            raise LookupError(PUPIL)
        if self.ledger_down:
            raise Unavailable

    def _ask_chain(self, question: str) -> None:
        self.asked[question] += 1
        if self.chain_down:
            raise Unreachable("http://node", "connection refused")


def _entry(unit: Unit) -> ReceiptEntry:
    return ReceiptEntry(
        unit_id=unit.id, receipt=unit.receipt.to_json() if unit.batched else None, final=unit.batched and unit.final
    )


def _certificate(role: str) -> bytes:
    return hashlib.sha256(role.encode()).digest()


def _judgement(role: str, number: int) -> SignatureJudgement:
    signed = SIGNED + dt.timedelta(minutes=number)
    return SignatureJudgement(
        field=role,
        signer=SIGNERS[role],
        stated_reason=role,
        cert_der=b"",
        cert_sha256=_certificate(role),
        hierarchy="demo",
        issuer_root_sha256=hashlib.sha256(ROOT_CERTIFICATE).digest(),
        claimed_at=signed,
        timestamped_at=signed,
        intact=True,
        valid=True,
        trusted=True,
        revoked=False,
        revoked_at=None,
        covers_entire_file=True,
        sub_indication="OK",
        outcome=Outcome.PASSED,
        reason="",
    )


PIN = RegistryPin(chain_id=31337, address="0x" + "aa" * 20, code_hash="0x" + "bb" * 32)
THE_SCHOOL = School(
    code=SCHOOL,
    name=SCHOOL_NAME,
    authority="Sở GDĐT TP. Hồ Chí Minh",
    profile="moet",
    operator="0x" + "11" * 20,
    seal_cert_sha256=_certificate("KY_PHAT_HANH").hex(),
)
TRUST = Trust(
    settings=TrustSettings(
        registry=RegistrySettings(
            chain_id=PIN.chain_id, address=PIN.address, code_hash=PIN.code_hash, confirmations=CONFIRMATIONS
        ),
        rpc=("http://127.0.0.1:8545",),
        hierarchies={"demo": ("demo.pem",)},
        roles=dict.fromkeys(SIGNERS, ("demo",)),
        signers=tuple(
            ApprovedSigner(
                cert_sha256=_certificate(role).hex(),
                role=role,
                school=SCHOOL,
                valid_from=SIGNED - dt.timedelta(days=9),
                hierarchy="demo",
            )
            for role in SIGNERS
        ),
    ),
    pin=PIN,
    anchors=Anchors(roots={"demo": (ROOT_CERTIFICATE,)}),
)
