# SPDX-License-Identifier: Apache-2.0

"""A school, its chain and its verifier, and what an insider of that school can lay hands on.

Everything is genuine: keys and certificates of the demo PKI, the real signer, the real contract on eth-tester, the real verifier.
The insider holds the school's operator key, so any manifest over any file can be anchored; what he does not hold are other
people's signing keys. Made once for all attacks, since signing and deploying take their time. Example::

    paper = genuine()                                   # signed by all three, archived
    receipt = anchored(manifest_of(paper))
    judge(paper.pdf, receipt).conclusion                # TOTAL_PASSED
    judge(forged, anchored(manifest_of(paper, pdf=forged)))
"""

import atexit
import functools
import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID
from eth_tester import EthereumTester, PyEVMBackend
from web3 import EthereumTesterProvider

from ledger.chain.registry import (
    Head,
    LeafStatus,
    RecallReason,
    RegistryPin,
    RegistryReader,
    Replacement,
    SchoolOnChain,
    Statement,
)
from ledger.chain.wallet import KeyWallet
from ledger.chain.web3_node import Web3Node
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
from ledger.record.model import Record
from ledger.store.reader import ReceiptEntry
from ledger.unit import Role
from scripts.demo_pki import SIGNERS, STAFF, DemoPki, Person, create_pki
from scripts.deploy import Deployment, deploy
from scripts.sample_class import make_workbook
from signer.archive import archive
from signer.certificate import SignerCertificate
from signer.keys import LoadedKey, load_pkcs12
from signer.pdf import sign_field
from signer.validation_data import ValidationData
from signer.xml import keep_xml, sign_slot
from verifier_api.examination import Examiner, examine
from verifier_api.intake import UnsafeInProcessExaminer
from verifier_api.trust import Anchors, RegistrySettings, Trust, TrustSettings
from verifier_api.verdict import Check, Conclusion, Outcome, Standing, Verdict
from verifier_api.verifier import Issued, Verifier

SHEET = check_workbook(
    make_workbook(grade=9, class_name="9A1", pupils=3, seed=7),
    file="9A1.xlsx",
    options=CheckOptions(allow_synthetic_province=True),
).class_sheet
CODE, YEAR = SHEET.school.code, SHEET.class_info.school_year
OTHER_CODE, OTHER_NAME = "01000999", "Trường THCS Láng Giềng"
CONFIRMATIONS = 3
TEACHER, PRINCIPAL, SEAL = ROLES_IN_ORDER = (Role.HOMEROOM, Role.PRINCIPAL, Role.SEAL)
FAILED, OPEN, PASSED = Conclusion.TOTAL_FAILED, Conclusion.INDETERMINATE, Conclusion.TOTAL_PASSED


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@functools.cache
def folder() -> Path:
    path = Path(tempfile.mkdtemp(prefix="hocba-attacks-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


# Certificates.


def make_pki(label: str, *, when: datetime | None = None, authority: str = "DEMO") -> DemoPki:
    """The same names each time, under keys of its own. Nobody answers at port 9."""
    info = SHEET.class_info
    return create_pki(
        folder() / label,
        school_code=CODE,
        school_name=SHEET.school.name,
        teacher=Person(info.homeroom.name, "099180000001"),
        principal=Person(info.principal.name, "099170000002"),
        host="127.0.0.1",
        port=9,
        now=when or now(),
        authority=authority,
        others=STAFF,
    )


@functools.cache
def pki() -> DemoPki:
    return make_pki("pki")


@functools.cache
def stranger() -> DemoPki:
    """The same names under roots that nobody trusts."""
    return make_pki("stranger")


def roots_of(of: DemoPki) -> tuple[bytes, ...]:
    return of.root_certificates("vgca") + of.root_certificates("public")


def key_of(role: str, of: DemoPki | None = None) -> LoadedKey:
    identity = (of or pki()).identities[role]
    return load_pkcs12(identity.pkcs12.read_bytes(), identity.passphrase)


def certified(
    name: str,
    *,
    hierarchy: str,
    of: DemoPki | None = None,
    since: timedelta,
    until: timedelta,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
) -> LoadedKey:
    """A key of whoever calls themselves `name`, certified by the genuine authority from `since` to `until`, from now."""
    of = of or pki()
    ca = of.certificate(hierarchy, f"{hierarchy}-ca")
    ca_key = load_pem_private_key((of.folder / "keys" / f"{hierarchy}-ca.pem").read_bytes(), None)
    issuer = x509.load_der_x509_certificate(ca.dump())
    key = key or ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() + since)
        .not_valid_after(now() + until)
        .add_extension(usage, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
        # The authority's lists speak of the certificates that point to them.
        .add_extension(_lists_of(hierarchy, of), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return LoadedKey.holding(key, SignerCertificate.load(certificate.public_bytes(Encoding.DER), [ca.dump()]))


def _lists_of(hierarchy: str, of: DemoPki) -> x509.CRLDistributionPoints:
    someone = x509.load_der_x509_certificate(
        of.certificate(hierarchy, "seal" if hierarchy == "vgca" else "teacher").dump()
    )
    return someone.extensions.get_extension_for_class(x509.CRLDistributionPoints).value


YEAR_LONG = {"since": timedelta(days=-30), "until": timedelta(days=365)}


@functools.cache
def other_seal() -> LoadedKey:
    """The seal of the school next door: as genuine as ours."""
    return certified(OTHER_NAME, hierarchy="vgca", **YEAR_LONG)


# Papers.


@dataclass(frozen=True)
class Paper:
    """One unit's two files and who signed them."""

    unit_id: UUID
    pdf: bytes
    xml: bytes
    signers: tuple[tuple[Role, str], ...] = ()

    @property
    def record_sha256(self) -> str:
        return record_digest(self.xml).hex()


def drawn(
    number: int = 0, *, record: Record | None = None, replaces: UUID | None = None, attached: bytes | None = None
) -> Paper:
    """The paper of one pupil of the class, before anybody signed; `attached` instead of the pupil's own record."""
    record = record or SHEET.records[number]
    unit_id, when = uuid4(), now()
    document = record_xml.write(record, unit_id=unit_id, created_at=when, planned_issue_date=when, replaces=replaces)
    pdf = render_unit(
        from_record(record, unit_id=unit_id, planned_issue_date=when),
        record_xml=attached or record_xml.data_element(document),
        qr_url=f"https://hocba.example/q/{unit_id}",
        created=when,
    )
    return Paper(unit_id, pdf, document)


Stamper = Callable[[], object]


def signed(
    paper: Paper,
    role: Role,
    *,
    key: LoadedKey | None = None,
    when: datetime | None = None,
    stamper: object = None,
    xades: bool = False,
) -> Paper:
    """`paper` with one more signature on both files, by whoever should sign unless `key` says otherwise; `xades`: XAdES-T."""
    key, when = key or key_of(role), when or now()
    stamper = stamper or pki().timestamper(lambda: when)
    name = FieldName(role.value)
    place = box(paper.pdf, name)
    stamp = stamp_pdf(
        KIND_OF_FIELD[name],
        name=key.common_name,
        role=ROLES[name],
        organisation=key.common_name,
        signed_at=when,
        width=place.width,
        height=place.height,
    )
    pdf = sign_field(
        paper.pdf,
        field=name,
        key=key,
        stamp=stamp,
        first=not paper.signers,
        reason=ROLES[name],
        name=key.common_name,
        location="Hải Phòng",
        timestamper=stamper,
        signed_at=when,
    )
    cccd = None if role is SEAL else key.certificate.subject.native.get("serial_number")
    document = sign_slot(
        paper.xml, slot=role.value, key=key, signing_time=when, cccd=cccd, timestamper=stamper if xades else None
    )
    return replace(paper, pdf=pdf, xml=document, signers=(*paper.signers, (role, key.certificate_sha256.hex())))


def archived(
    paper: Paper, *, of: DemoPki | None = None, when: datetime | None = None, crls_of: datetime | None = None
) -> Paper:
    """`paper` with validation data and a document timestamp; an XML with time-stamps keeps its own."""
    of, when = of or pki(), when or now()
    trusted = (*roots_of(pki()), *roots_of(of))
    lists = {crl.dump(): crl for one in (pki(), of) for crl in one.crls(crls_of or when)}
    data = ValidationData.offline(trusted, crls=lists.values(), now=lambda: crls_of or when)
    pdf = archive(paper.pdf, timestamper=of.timestamper(lambda: when), validation_data=data)
    return replace(
        paper, pdf=pdf, xml=keep_xml(paper.xml, validation_data=data) if b"xades:" in paper.xml else paper.xml
    )


def signed_by(
    roles: Sequence[Role] = ROLES_IN_ORDER,
    *,
    number: int = 0,
    keys: Mapping[Role, LoadedKey] | None = None,
    record: Record | None = None,
) -> Paper:
    """A paper that `roles` signed in this order, each with its own key or the one in `keys`."""
    paper = drawn(number, record=record)
    for role in roles:
        paper = signed(paper, role, key=(keys or {}).get(role))
    return paper


def genuine(number: int = 0) -> Paper:
    """What the school issued to one of its three pupils."""
    return _issued(number)[0]


def genuine_receipt(number: int = 0) -> Receipt:
    return _issued(number)[1]


@functools.cache
def _issued(number: int) -> tuple[Paper, Receipt]:
    paper = archived(signed_by(number=number))
    return paper, anchored(manifest_of(paper))


# Manifests and receipts: the insider writes whatever he likes.


def manifest_of(paper: Paper, *, pdf: bytes | None = None, xml: bytes | None = None, **changes: object) -> Manifest:
    """The manifest over these files; `changes` are what the insider writes instead of the truth."""
    files = {"pdf": pdf or paper.pdf, "xml": xml or paper.xml}
    told = {
        "id": paper.unit_id,
        "school": CODE,
        "year": YEAR,
        "level": "THCS",
        "profile": "moet",
        "record_sha256": paper.record_sha256,
        "files": tuple(
            IssuedFile(role=role, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
            for role, data in files.items()
        ),
        "signers": tuple(ManifestSigner(role=role.value, cert_sha256=cert) for role, cert in paper.signers),
    }
    return Manifest(**{**told, **changes})


@dataclass(frozen=True)
class Chain:
    """A registry with our school and the one next door on a chain in this process."""

    backend: EthereumTester
    node: EthereumTesterProvider
    registry: Web3Registry
    deployment: Deployment
    authority: KeyWallet
    operators: Mapping[str, KeyWallet]

    def register(self, code: str, seal: LoadedKey) -> None:
        """The authority registers a school; one that is not ours nor next door shares our operator."""
        prepared = self.registry.prepare_register_school(
            sender=self.authority.address,
            nonce=self.registry.nonce(self.authority.address),
            school=code,
            operator=self.operators.get(code, self.operators[CODE]).address,
            seal_certificate=seal.certificate_sha256,
            consent=bytes.fromhex("c0" * 32),
        )
        self.send(self.authority, prepared)

    def send(self, wallet: KeyWallet, unsigned: object) -> None:
        sent = self.registry.broadcast(wallet.sign(unsigned).raw)
        assert self.registry.receipt(sent).status

    def anchor(self, root: bytes, *, school: str = CODE, year: int | None = None, deep: bool = True) -> None:
        wallet = self.operators.get(school, self.operators[CODE])
        prepared = self.registry.prepare_anchor(
            sender=wallet.address,
            nonce=self.registry.nonce(wallet.address),
            school=school,
            school_year=year or int(YEAR[:4]),
            root=root,
            leaf_count=2,
        )
        self.send(wallet, prepared)
        if deep:
            self.mine()

    def recall(
        self, receipt: Receipt, *, reason: RecallReason = RecallReason.WRONG_DATA, by: Receipt | None = None
    ) -> None:
        wallet = self.operators[receipt.manifest.school]
        prepared = self.registry.prepare_recall(
            sender=wallet.address,
            nonce=self.registry.nonce(wallet.address),
            school=receipt.manifest.school,
            root=receipt.root_bytes,
            entry=receipt.entry_bytes,
            reason=reason,
            replacement=None if by is None else Replacement(by.root_bytes, by.entry_bytes),
        )
        self.send(wallet, prepared)

    def publish(self, topic: bytes, digest: bytes) -> None:
        """The authority publishes a statement."""
        prepared = self.registry.prepare_publish(
            sender=self.authority.address,
            nonce=self.registry.nonce(self.authority.address),
            publisher=None,
            topic=topic,
            digest=digest,
        )
        self.send(self.authority, prepared)

    def mine(self) -> None:
        self.backend.mine_blocks(CONFIRMATIONS)


@functools.cache
def chain() -> Chain:
    backend = PyEVMBackend()
    tester = EthereumTester(backend)
    node = EthereumTesterProvider(tester)
    wallets = [KeyWallet(key.to_bytes()) for key in backend.account_keys]
    deployment = deploy(Web3Node(node), wallets[0], sleep=lambda _: None)
    registry = Web3Registry(node, deployment.pin)
    made = Chain(tester, node, registry, deployment, wallets[0], {CODE: wallets[1], OTHER_CODE: wallets[2]})
    made.register(CODE, key_of(SEAL))
    made.register(OTHER_CODE, other_seal())
    return made


def batched(*manifests: Manifest) -> list[Receipt]:
    """Receipts of a batch that nobody has anchored yet."""
    salts = [secrets.token_bytes(32) for _ in (*manifests, None)]
    leaves = [leaf_hash(salt=s, manifest_sha256=m.sha256()) for s, m in zip(salts, manifests, strict=False)]
    tree = MerkleTree([*leaves, leaf_hash(salt=salts[-1], manifest_sha256=bytes(32))])
    pin = chain().deployment.pin
    return [
        Receipt.of(
            manifest=manifest, salt=salt, proof=tree.proof(leaf), root=tree.root, chain_id=pin.chain_id,
            registry=pin.address,
        )
        for manifest, salt, leaf in zip(manifests, salts, leaves, strict=False)
    ]  # fmt: skip


def anchored(manifest: Manifest, *, school: str | None = None, year: int | None = None, deep: bool = True) -> Receipt:
    """The receipt of a batch that the operator anchored."""
    (receipt,) = batched(manifest)
    chain().anchor(receipt.root_bytes, school=school or manifest.school, year=year, deep=deep)
    return receipt


# Whom the verifier believes, and what it can ask.


def approved(role: Role, key: LoadedKey | None = None, *, school: str = CODE, **said: Any) -> ApprovedSigner:
    """A line for a signer of our school; `said` are its dates and whatever else it says."""
    return ApprovedSigner(
        cert_sha256=(key or key_of(role)).certificate_sha256.hex(),
        role=role.value,
        school=school,
        **{"valid_from": now() - timedelta(days=400), "hierarchy": SIGNERS.get(role, ("public",))[0], **said},
    )


def trusting(
    *signers: ApprovedSigner, no_list: bool = False, of: Sequence[DemoPki] = (), confirmations: int = CONFIRMATIONS
) -> Trust:
    """The authority's settings. `signers` stand on its list beside the three of our school; `of` are trusted as well."""
    pin = chain().deployment.pin
    listed = None if no_list else (*(approved(role) for role in ROLES_IN_ORDER), *signers)
    return _trust(listed, (pki(), *of), pin, confirmations)


def trusting_only(*signers: ApprovedSigner, of: Sequence[DemoPki] = ()) -> Trust:
    """The same with exactly this list, and with the roots of `of` instead of ours if there are any."""
    return _trust(signers, tuple(of) or (pki(),), chain().deployment.pin, CONFIRMATIONS)


def _trust(listed: object, infrastructures: Sequence[DemoPki], pin: object, confirmations: int) -> Trust:
    hierarchies = ("vgca", "public")
    return Trust(
        settings=TrustSettings(
            registry=RegistrySettings(
                chain_id=pin.chain_id, address=pin.address, code_hash=pin.code_hash, confirmations=confirmations
            ),
            rpc=(),
            hierarchies={name: (f"{name}.pem",) for name in hierarchies},
            roles={"GVBM": ("public",), **{role.value: (SIGNERS[role][0],) for role in ROLES_IN_ORDER}},
            signers=listed,
        ),
        pin=pin,
        anchors=Anchors(
            roots={
                name: tuple(root for one in infrastructures for root in one.root_certificates(name))
                for name in hierarchies
            },
            intermediates=tuple(
                one.certificate(name, f"{name}-ca").dump() for one in infrastructures for name in hierarchies
            ),
        ),
    )


@dataclass(frozen=True)
class AnchoredEarlier:
    """The registry as if its anchors had been made at another time: eth-tester begins today. Implements `RegistryReader`."""

    registry: RegistryReader
    when: datetime

    @property
    def pin(self) -> RegistryPin:
        return self.registry.pin

    def head(self) -> Head:
        return self.registry.head()

    def status_of(self, **asked: Any) -> LeafStatus:
        return replace(self.registry.status_of(**asked), anchored_at=self.when)

    def seal_at(self, **asked: Any) -> bytes:
        return self.registry.seal_at(**asked)

    def school(self, code: str) -> SchoolOnChain | None:
        return self.registry.school(code)

    def statement_at(self, **asked: Any) -> Statement | None:
        return self.registry.statement_at(**asked)


class Shelf:
    """Receipts as a ledger has them, driven by its state. Implements `Issued`."""

    def __init__(self, *receipts: Receipt) -> None:
        self.by_file: dict[str, ReceiptEntry] = {}
        self.by_unit: dict[UUID, ReceiptEntry] = {}
        self.successors: dict[UUID, UUID] = {}
        for receipt in receipts:
            entry = ReceiptEntry(unit_id=receipt.manifest.id, receipt=receipt.to_json(), final=True)
            self.by_unit[receipt.manifest.id] = entry
            self.by_file |= dict.fromkeys((file.sha256 for file in receipt.manifest.files), entry)

    complete = True

    def receipt_of_file(self, sha256: str) -> ReceiptEntry | None:
        return self.by_file.get(sha256)

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:
        return self.by_unit.get(unit_id)

    def successor(self, unit_id: UUID) -> UUID | None:
        return self.successors.get(unit_id)


def examiner(trust: Trust) -> Examiner:
    return _examiner(tuple(trust.anchors.roots.items()), trust.anchors.intermediates)


@functools.cache
def _examiner(roots: tuple[tuple[str, tuple[bytes, ...]], ...], intermediates: tuple[bytes, ...]) -> Examiner:
    """Looks into each file once, since many attacks differ only in what lies around the same file."""
    anchors = Anchors(roots=dict(roots), intermediates=intermediates)
    return UnsafeInProcessExaminer(functools.cache(functools.partial(examine, anchors=anchors)))


def verifier(
    *,
    trust: Trust | None = None,
    issued: Issued | None = None,
    registry: RegistryReader | None = None,
    examined_by: Examiner | None = None,
    now: Callable[[], datetime] = now,
) -> Verifier:
    trust = trust or trusting()
    return Verifier.live(
        trust=trust,
        issued=issued or Shelf(),
        registry=registry or chain().registry,
        examiner=examined_by or examiner(trust),
        now=now,
    )


def judge(data: bytes, receipt: Receipt | bytes | None = None, **parts: object) -> Verdict:
    """The verdict on `data` with the receipt that came along."""
    given = receipt.to_json() if isinstance(receipt, Receipt) else receipt
    return verifier(**parts).verify(data, receipt=given)


def codes(verdict: Verdict, *outcomes: Outcome) -> set[str]:
    """The codes of the findings with one of `outcomes`."""
    return {finding.code for finding in verdict.findings if finding.outcome in outcomes}


def complaints(verdict: Verdict) -> set[str]:
    """The codes of what does not speak for the file, the standing left out."""
    return {
        finding.code
        for finding in verdict.findings
        if finding.outcome in {Outcome.FAILED, Outcome.UNKNOWN} and finding.check is not Check.STANDING
    }


def concluded(data: bytes, manifest: Manifest, conclusion: Conclusion, *expected: str, **parts: object) -> Verdict:
    """The insider anchors `manifest`; whoever verifies `data` is told `expected`, and nothing else against it."""
    verdict = judge(data, anchored(manifest), **parts)
    assert (verdict.conclusion, complaints(verdict)) == (conclusion, set(expected))
    assert verdict.standing is Standing.CURRENT
    return verdict


def both(
    paper: Paper,
    conclusion: Conclusion,
    *expected: str,
    in_xml: tuple[str, ...] = (),
    xml_conclusion: Conclusion | None = None,
    **parts: object,
) -> None:
    """The same for both files of `paper`; `in_xml` where the XML is found out by other signs than the PDF."""
    manifest = manifest_of(paper)
    concluded(paper.pdf, manifest, conclusion, *expected, **parts)
    concluded(paper.xml, manifest, xml_conclusion or conclusion, *(in_xml or expected), **parts)
