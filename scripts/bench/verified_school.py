# SPDX-License-Identifier: Apache-2.0

"""One record as it is issued, on a chain, and what a verifier has to believe: what `bench_verify` and `fuzz` look at.

Everything is genuine: keys of the demo PKI, the signer, the contract on anvil. Example::

    with Devchain() as chain:
        record = issued_record(folder, chain)
        record.pdf, record.receipt, record.trust
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from ledger.chain.web3_registry import Web3Registry
from ledger.paper.fields import ROLES, FieldName, box
from ledger.paper.render import render_unit
from ledger.paper.stamps import KIND_OF_FIELD, stamp_pdf
from ledger.paper.wording import from_record
from ledger.proof.leaf import leaf_hash
from ledger.proof.manifest import IssuedFile, Manifest, ManifestSigner
from ledger.proof.merkle import MerkleTree
from ledger.proof.receipt import Receipt
from ledger.proof.signer_list import ApprovedSigner
from ledger.record import xml as record_xml
from ledger.record.check import CheckOptions, check_workbook
from ledger.record.digest import record_digest
from ledger.record.model import ClassSheet
from ledger.store.reader import ReceiptEntry
from ledger.unit import MOET, Role
from scripts.demo_pki import DemoPki, Person, create_pki
from scripts.deploy import deploy
from scripts.devchain import Devchain
from scripts.sample_class import make_workbook
from signer.archive import archive
from signer.keys import LoadedKey, load_pkcs12
from signer.pdf import sign_field
from signer.validation_data import ValidationData
from signer.xml import sign_slot
from verifier_api.trust import Anchors, RegistrySettings, Trust, TrustSettings

SIGNERS: Final = (Role.HOMEROOM, Role.PRINCIPAL, Role.SEAL)
BATCH: Final = 315
"""Leaves of the batch: a grade of seven classes."""
CONFIRMATIONS: Final = 3


@dataclass(frozen=True)
class IssuedRecord:
    """A record with three B-LTA signatures, anchored; and whom to believe about it."""

    unit_id: UUID
    pdf: bytes
    xml: bytes
    receipt: Receipt
    trust: Trust
    pki: DemoPki

    complete = True

    def receipt_of_file(self, sha256: str) -> ReceiptEntry | None:
        """As the ledger would answer; with the two below it makes this an `Issued`."""
        return self._entry if self.receipt.manifest.file(sha256) is not None else None

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:
        """The same by the unit's id."""
        return self._entry if unit_id == self.unit_id else None

    def successor(self, unit_id: UUID) -> UUID | None:  # noqa: ARG002 - a Protocol
        """Nothing replaces it."""
        return None

    @property
    def _entry(self) -> ReceiptEntry:
        return ReceiptEntry(unit_id=self.unit_id, receipt=self.receipt.to_json(), final=True)


def now() -> datetime:
    """The wall clock, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def issued_record(folder: Path, chain: Devchain) -> IssuedRecord:
    """Draws a record, has all three sign it, archives it, and anchors it on `chain`."""
    return issued_records(folder, chain, 1)[0]


def issued_records(folder: Path, chain: Devchain, count: int) -> list[IssuedRecord]:
    """So many records of one school and one batch, each as `issued_record` makes it."""
    sheet = _sheet(pupils=min(max(count, 3), 45))
    info, school = sheet.class_info, sheet.school
    pki = create_pki(
        folder,
        school_code=school.code,
        school_name=school.name,
        teacher=Person(info.homeroom.name, "099180000001"),
        principal=Person(info.principal.name, "099170000002"),
        host="127.0.0.1",
        port=9,
        now=now(),
    )
    keys = {role: _key(pki, role) for role in SIGNERS}
    drawn = []
    for number in range(count):
        unit_id = uuid4()
        pdf, xml = _signed(sheet, number % len(sheet.records), unit_id, pki, keys)
        drawn.append((_manifest(sheet, unit_id, pdf, xml, keys), pdf, xml))
    receipts, trust = _anchored([manifest for manifest, _, _ in drawn], chain, pki, keys)
    return [
        IssuedRecord(manifest.id, pdf, xml, receipt, trust, pki)
        for (manifest, pdf, xml), receipt in zip(drawn, receipts, strict=True)
    ]


def _manifest(sheet: ClassSheet, unit_id: UUID, pdf: bytes, xml: bytes, keys: dict[Role, LoadedKey]) -> Manifest:
    info = sheet.class_info
    return Manifest(
        id=unit_id,
        school=sheet.school.code,
        year=info.school_year,
        level=info.level.value,
        profile=MOET.name,
        record_sha256=record_digest(xml).hex(),
        files=(
            IssuedFile(role="pdf", sha256=hashlib.sha256(pdf).hexdigest(), size=len(pdf)),
            IssuedFile(role="xml", sha256=hashlib.sha256(xml).hexdigest(), size=len(xml)),
        ),
        signers=tuple(ManifestSigner(role=r.value, cert_sha256=k.certificate_sha256.hex()) for r, k in keys.items()),
    )


def _sheet(*, pupils: int) -> ClassSheet:
    source = make_workbook(grade=9, class_name="9A1", pupils=pupils, seed=7)
    options = CheckOptions(allow_synthetic_province=True)
    sheet = check_workbook(source, file="9A1.xlsx", options=options).class_sheet
    if sheet is None:
        raise SystemExit("the sample class does not check")
    return sheet


def _key(pki: DemoPki, role: Role) -> LoadedKey:
    identity = pki.identities[role]
    return load_pkcs12(identity.pkcs12.read_bytes(), identity.passphrase)


def _signed(
    sheet: ClassSheet, pupil: int, unit_id: UUID, pki: DemoPki, keys: dict[Role, LoadedKey]
) -> tuple[bytes, bytes]:
    when, record = now(), sheet.records[pupil]
    xml = record_xml.write(record, unit_id=unit_id, created_at=when, planned_issue_date=when, replaces=None)
    pdf = render_unit(
        from_record(record, unit_id=unit_id, planned_issue_date=when),
        record_xml=record_xml.data_element(xml),
        qr_url=f"https://hocba.example/q/{unit_id}",
        created=when,
    )
    stamper: Any = pki.timestamper(now)
    for role, key in keys.items():
        field = FieldName(role.value)
        place = box(pdf, field)
        stamp = stamp_pdf(
            KIND_OF_FIELD[field],
            name=key.common_name,
            role=ROLES[field],
            organisation=key.common_name,
            signed_at=when,
            width=place.width,
            height=place.height,
        )
        pdf = sign_field(
            pdf,
            field=field,
            key=key,
            stamp=stamp,
            first=role is SIGNERS[0],
            reason=ROLES[field],
            name=key.common_name,
            location="Hải Phòng",
            timestamper=stamper,
            signed_at=when,
        )
        number = None if role is Role.SEAL else key.certificate.subject.native.get("serial_number")
        xml = sign_slot(xml, slot=role.value, key=key, signing_time=when, cccd=number)
    roots = [root for name in pki.roots for root in pki.root_certificates(name)]
    data = ValidationData.offline(roots, crls=pki.crls(when), now=now)
    return archive(pdf, timestamper=stamper, validation_data=data), xml


def _anchored(
    manifests: Sequence[Manifest], chain: Devchain, pki: DemoPki, keys: dict[Role, LoadedKey]
) -> tuple[list[Receipt], Trust]:
    authority, operator = chain.wallet(0), chain.wallet(1)
    pin = deploy(chain.url, authority).pin
    registry = Web3Registry(chain.url, pin)
    salts = [secrets.token_bytes(32) for _ in manifests]
    leaves = [leaf_hash(salt=s, manifest_sha256=m.sha256()) for s, m in zip(salts, manifests, strict=True)]
    others = [secrets.token_bytes(32) for _ in range(BATCH - len(leaves))]
    tree, manifest = MerkleTree([*leaves, *others]), manifests[0]
    registering = registry.prepare_register_school(
        sender=authority.address,
        nonce=registry.nonce(authority.address),
        school=manifest.school,
        operator=operator.address,
        seal_certificate=keys[Role.SEAL].certificate_sha256,
        consent=b"\x01" * 32,
    )
    registry.broadcast(authority.sign(registering).raw)
    anchoring = registry.prepare_anchor(
        sender=operator.address,
        nonce=registry.nonce(operator.address),
        school=manifest.school,
        school_year=int(manifest.year[:4]),
        root=tree.root,
        leaf_count=len(leaves) + len(others),
    )
    registry.broadcast(operator.sign(anchoring).raw)
    for name in range(CONFIRMATIONS):  # Each makes a block, as anvil mines every transaction at once.
        telling = registry.prepare_publish(
            sender=authority.address,
            nonce=registry.nonce(authority.address),
            publisher=None,
            topic=bytes([name + 1]) * 32,
            digest=b"\x01" * 32,
        )
        registry.broadcast(authority.sign(telling).raw)
    receipts = [
        Receipt.of(
            manifest=manifest,
            salt=salt,
            proof=tree.proof(leaf),
            root=tree.root,
            chain_id=pin.chain_id,
            registry=pin.address,
        )
        for manifest, salt, leaf in zip(manifests, salts, leaves, strict=True)
    ]
    hierarchies = {role: pki.identities[role].hierarchy for role in SIGNERS}
    settings = TrustSettings(
        registry=RegistrySettings(
            chain_id=pin.chain_id, address=pin.address, code_hash=pin.code_hash, confirmations=CONFIRMATIONS
        ),
        rpc=(chain.url,),
        hierarchies={name: (f"{name}.pem",) for name in pki.roots},
        roles={role.value: (hierarchies[role],) for role in SIGNERS},  # type: ignore[misc]
        signers=tuple(
            ApprovedSigner(
                cert_sha256=key.certificate_sha256.hex(),
                role=role.value,
                school=manifest.school,
                valid_from=datetime(2020, 1, 1, tzinfo=UTC),
                hierarchy=hierarchies[role],
            )
            for role, key in keys.items()
        ),
    )
    anchors = Anchors(
        roots={name: tuple(pki.root_certificates(name)) for name in pki.roots},
        intermediates=tuple(pki.certificate(name, f"{name}-ca").dump() for name in pki.roots),
    )
    return receipts, Trust(settings=settings, pin=pin, anchors=anchors)
