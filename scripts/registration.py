# SPDX-License-Identifier: Apache-2.0

"""What the authority puts on the chain: a school, registered as its consent says, and the list of those who may sign."""

import datetime as dt
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ledger.chain.errors import Rejected
from ledger.chain.registry import Registry, Statement, Wallet
from ledger.consent import Consent
from ledger.errors import LedgerError
from ledger.proof.errors import MalformedSignerList
from ledger.proof.signer_list import SIGNERS_TOPIC, ApprovedSigner, SignerList
from ledger.store.reader import School
from ledger.store.signing_tables import RegistrationState
from ledger.unit import Role, Slot
from scripts.compose import Ledger, registry_access
from scripts.crew import utc_now
from scripts.workday import until_mined
from signer.keys import SigningKey
from signer.statements import opened, sign_statement
from verifier_api.trust import SIGNERS_FILE, TRUST_FILE, Trust, TrustSettings

PUBLISHED_FOLDER = "published"
"""In a trust folder: every list that was ever to be published, by its SHA-256. Auditors compare the chain with it."""


class ConsentRefused(LedgerError):
    """A consent that is sound, but not for this school and registry, or not signed with the seal it names."""


class ListRefused(LedgerError):
    """A signer list that must not be published: it would lose lines, or be one of two."""


@dataclass(frozen=True)
class SignedConsent:
    """A consent and the statement that carries it."""

    consent: Consent
    statement: bytes
    seal: bytes
    """The seal's certificate, DER."""

    @property
    def digest(self) -> bytes:
        """What the registry contract keeps of it: SHA-256 of the signed statement."""
        return hashlib.sha256(self.statement).digest()


def give_consent(trust: Trust, seal: SigningKey, *, school: str, operator: str, now: dt.datetime) -> bytes:
    """The school's part: the statement, signed with its seal, that `operator` acts for it in the trusted registry.

    Raises `MalformedConsent` for a code or an account that is none, and `CertificateNotValid` for a seal that has ended.
    """
    seal.who.require_valid_at(now)
    consent = Consent.of(
        school=school,
        operator=operator,
        seal_sha256=seal.who.certificate_sha256.hex(),
        chain_id=trust.pin.chain_id,
        registry=trust.pin.address,
        given_on=now.date(),
    )
    return sign_statement(consent.canonical(), seal)


def read_consent(
    trust: Trust, statement: bytes, *, school: str, now: dt.datetime, known_seal: str | None = None
) -> SignedConsent:
    """The authority's look at it. Raises `BrokenStatement`, `MalformedConsent` or `ConsentRefused`.

    Anybody can make a key and call it a school's seal, so only one counts that the authority has on its own list of signers, or
    whose SHA-256 it has learnt from the school in another way: `known_seal`.
    """
    signed = opened(statement)
    consent = Consent.parse(signed.content)
    if consent.seal_sha256 != signed.certificate_sha256.hex():
        raise ConsentRefused(
            "Văn bản đồng ý không được ký bằng con dấu số nêu trong đó. Hãy đề nghị trường làm lại.",
            "The consent is not signed with the seal that it names. Ask the school to make it again.",
        )
    if (consent.school, consent.chain_id, consent.registry) != (school, trust.pin.chain_id, trust.pin.address):
        raise ConsentRefused(
            f"Văn bản đồng ý là của trường {consent.school}, sổ đăng ký {consent.registry} trên chuỗi {consent.chain_id}; "
            "không phải của trường và sổ đăng ký này. Hãy chọn đúng tệp.",
            f"The consent is for school {consent.school} and registry {consent.registry} on chain {consent.chain_id}, "
            "not for this school and registry. Choose the right file.",
        )
    if consent.seal_sha256 != known_seal and not any(
        line.covers(cert_sha256=consent.seal_sha256, role=Role.SEAL.value, school=school, at=now)
        for line in trust.lines_of(consent.seal_sha256)
    ):
        raise ConsentRefused(
            f"Con dấu số đã ký văn bản này (SHA-256 {consent.seal_sha256}) không có trong danh sách người ký được Sở duyệt cho "
            f"trường {school}. Hãy đối chiếu mã này với trường qua kênh khác, rồi chạy lại với --seal-sha256.",
            f"The seal under this consent (SHA-256 {consent.seal_sha256}) is not on the authority's list of approved signers "
            f"for school {school}. Compare this digest with the school by another way, then run again with --seal-sha256.",
        )
    return SignedConsent(consent, statement, signed.certificate.dump())


def register_school(ledger: Ledger, trust: Trust, authority: Wallet, school: School, consent: bytes) -> None:
    """Registers a school in the registry contract and in the ledger. Safe to repeat with the same values.

    `consent` is the SHA-256 of the school's signed statement.
    """
    registry = registry_access(trust)
    seal = bytes.fromhex(school.seal_cert_sha256)
    known = registry.school(school.code)
    if known is None:
        unsigned = registry.prepare_register_school(
            sender=authority.address,
            nonce=registry.nonce(authority.address),
            school=school.code,
            operator=school.operator,
            seal_certificate=seal,
            consent=consent,
        )
        transaction = registry.broadcast(authority.sign(unsigned).raw)
        receipt = until_mined(lambda: registry.receipt(transaction))
        if not receipt.status:
            raise Rejected("registerSchool", {"school": school.code})
    elif (known.operator.lower(), known.seal_certificate) != (school.operator.lower(), seal):
        raise LedgerError(
            f"Trường {school.code} đã đăng ký trên chuỗi với khóa hoặc con dấu khác. Hãy kiểm tra lại với Sở GDĐT.",
            f"School {school.code} is registered on the chain with another operator or seal. Ask the authority.",
        )
    ledger.writer.register_school(school)


def approve_seal(ledger: Ledger, trust: Trust, school_code: str, seal: bytes, *, by: str) -> None:
    """The line for a school's seal, asked for and approved at once: who registers a school has looked at its seal.

    Safe to repeat. Raises `CertificateRefused` for a seal that the school's profile does not allow.
    """
    digest, slot = hashlib.sha256(seal).hexdigest(), Slot(Role.SEAL)
    if ledger.signing_reader.line_for(digest, slot, school_code=school_code, at=utc_now()) is not None:
        return
    registrations = ledger.registrations(trust)
    pending = ledger.signing_reader.registrations(school_code=school_code, cert_sha256=digest)
    waiting = [line.id for line in pending if line.state is RegistrationState.PENDING and line.role is Role.SEAL]
    number = waiting[0] if waiting else None
    if number is None:
        number = registrations.request(school_code=school_code, certificate=seal, role=Role.SEAL, by=by)
    registrations.decide(number, approved=True, by=by)


def signer_list(ledger: Ledger, *, authority: str, now: dt.datetime) -> SignerList:
    """Every line that was ever approved, as the authority publishes it."""
    return SignerList(
        authority=authority,
        issued_at=now,
        lines=tuple(
            ApprovedSigner(
                cert_sha256=line.cert_sha256,
                role=line.role.value,
                school=line.school_code,
                subjects=tuple(sorted(line.subjects)) or None,
                valid_from=line.valid_from or line.requested_at,
                valid_to=line.valid_to,
                hierarchy=line.hierarchy,
                delegated_by=line.delegated_by,
            )
            for line in ledger.signing_reader.registrations(state=RegistrationState.APPROVED)
        ),
    )


def publish_signer_list(trust_folder: Path, registry: Registry, authority: Wallet, signer_list: SignerList) -> None:
    """Publishes the authority's list on the chain and puts it into the trust folder. Safe to repeat, wherever it was stopped.

    1. The list has every line of the one that is in force: lines are ended, never taken out.
    2. It is written under its digest, so that nothing is ever published that nobody has.
    3. Its digest is published, unless it is the newest already. Stopped while that was under way, it is published twice, which
       says nothing new.
    4. It takes the place of `signers.json`. Until then the folder holds a list of which the verifier says that it is old.

    Raises `ListRefused`, or what the registry raises.
    """
    if TrustSettings.model_validate_json((trust_folder / TRUST_FILE).read_bytes()).signers is not None:
        raise ListRefused(
            f"{TRUST_FILE} đã ghi sẵn danh sách người ký (mục signers). Hãy bỏ mục đó trước khi công bố danh sách.",
            f"{TRUST_FILE} holds a list of signers itself (signers). Take it out before publishing one.",
        )
    newest = registry.statement_at(publisher=None, topic=SIGNERS_TOPIC)
    digest = signer_list.sha256()
    if newest is None or newest.digest != digest:
        _require_growth(_in_force(trust_folder, newest), signer_list)  # (1)
    published = trust_folder / PUBLISHED_FOLDER
    published.mkdir(exist_ok=True)
    _write(published / f"{digest.hex()}.json", signer_list.canonical())  # (2)
    if newest is None or newest.digest != digest:  # (3)
        _publish(registry, authority, digest)
    _write(trust_folder / SIGNERS_FILE, signer_list.canonical())  # (4)


def _in_force(trust_folder: Path, newest: Statement | None) -> SignerList | None:
    """The list that the chain names as the newest; while it names none, the one that the folder holds, if any."""
    kept = [] if newest is None else [trust_folder / PUBLISHED_FOLDER / f"{newest.digest.hex()}.json"]
    for path in (*kept, trust_folder / SIGNERS_FILE):
        try:
            found = SignerList.parse(path.read_bytes())
        except FileNotFoundError:
            continue
        except MalformedSignerList as error:
            raise ListRefused(
                f"Danh sách {path.name} trong thư mục tin cậy bị hỏng ({error}). Hãy khôi phục thư mục từ bản sao lưu.",
                f"The list {path.name} in the trust folder is damaged ({error}). Restore the folder from its backup.",
            ) from error
        if newest is None or found.sha256() == newest.digest:
            return found
    if newest is None:
        return None
    raise ListRefused(
        f"Thư mục tin cậy không có danh sách đang có hiệu lực trên chuỗi khối (SHA-256 {newest.digest.hex()}), nên không biết "
        "danh sách mới có thiếu dòng nào không. Hãy dùng thư mục tin cậy mới nhất.",
        f"The trust folder lacks the list that is in force on the chain (SHA-256 {newest.digest.hex()}), so it is not known "
        "whether the new one loses a line. Use the newest trust folder.",
    )


def _require_growth(older: SignerList | None, signer_list: SignerList) -> None:
    lost = () if older is None else signer_list.lost_since(older)
    if lost:
        named = ", ".join(f"{line.role} {line.school} {line.cert_sha256[:16]}" for line in lost)
        raise ListRefused(
            f"Danh sách mới thiếu {len(lost)} dòng của danh sách cũ: {named}. Chữ ký cũ cần các dòng này; hãy ghi ngày kết thúc "
            "(valid_to) thay vì bỏ dòng.",
            f"The new list lacks {len(lost)} lines of the old one: {named}. Old signatures need them; end a line (valid_to) "
            "instead of taking it out.",
        )


def _publish(registry: Registry, authority: Wallet, digest: bytes) -> None:
    unsigned = registry.prepare_publish(
        sender=authority.address,
        nonce=registry.nonce(authority.address),
        publisher=None,
        topic=SIGNERS_TOPIC,
        digest=digest,
    )
    transaction = registry.broadcast(authority.sign(unsigned).raw)
    if not until_mined(lambda: registry.receipt(transaction)).status:
        raise Rejected("publish", {"digest": digest.hex()})


def _write(path: Path, data: bytes) -> None:
    """Puts a file there whole or not at all, and on disk before returning."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
