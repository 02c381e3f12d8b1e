# SPDX-License-Identifier: Apache-2.0

"""Registering a school on the chain: the school consents with its seal, and the authority registers what the consent names."""

import datetime as dt
import hashlib
from dataclasses import dataclass

from ledger.chain.errors import Rejected
from ledger.chain.registry import Wallet
from ledger.chain.web3_registry import Web3Registry
from ledger.consent import Consent
from ledger.errors import LedgerError
from ledger.store.reader import School
from ledger.unit import Role
from scripts.compose import Ledger
from scripts.workday import until_mined
from signer.keys import LoadedKey
from signer.statements import opened, sign_statement
from verifier_api.trust import Trust


class ConsentRefused(LedgerError):
    """A consent that is sound, but not for this school and registry, or not signed with the seal it names."""


@dataclass(frozen=True)
class SignedConsent:
    """A consent and the statement that carries it."""

    consent: Consent
    statement: bytes

    @property
    def digest(self) -> bytes:
        """What the registry contract keeps of it: SHA-256 of the signed statement."""
        return hashlib.sha256(self.statement).digest()


def give_consent(trust: Trust, seal: LoadedKey, *, school: str, operator: str, now: dt.datetime) -> bytes:
    """The school's part: the statement, signed with its seal, that `operator` acts for it in the trusted registry.

    Raises `MalformedConsent` for a code or an account that is none, and `CertificateNotValid` for a seal that has ended.
    """
    seal.require_valid_at(now)
    consent = Consent.of(
        school=school,
        operator=operator,
        seal_sha256=seal.certificate_sha256.hex(),
        chain_id=trust.pin.chain_id,
        registry=trust.pin.address,
        given_on=now.date(),
    )
    return sign_statement(consent.canonical(), seal)


def read_consent(trust: Trust, statement: bytes, *, school: str, now: dt.datetime) -> SignedConsent:
    """The authority's look at it. Raises `BrokenStatement`, `MalformedConsent` or `ConsentRefused`.

    Anybody can make a key and call it a school's seal, so only one counts that the authority has on its own list of signers.
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
    if not any(
        line.covers(cert_sha256=consent.seal_sha256, role=Role.SEAL.value, school=school, at=now)
        for line in trust.lines_of(consent.seal_sha256)
    ):
        raise ConsentRefused(
            f"Con dấu số đã ký văn bản này (SHA-256 {consent.seal_sha256}) không có trong danh sách người ký được Sở duyệt cho "
            f"trường {school}. Hãy xác minh với trường rồi bổ sung con dấu vào danh sách.",
            f"The seal under this consent (SHA-256 {consent.seal_sha256}) is not on the authority's list of approved signers "
            f"for school {school}. Verify it with the school, then put the seal on the list.",
        )
    return SignedConsent(consent, statement)


def register_school(ledger: Ledger, trust: Trust, authority: Wallet, school: School, consent: bytes) -> None:
    """Registers a school in the registry contract and in the ledger. Safe to repeat with the same values.

    `consent` is the SHA-256 of the school's signed statement.
    """
    registry = Web3Registry(trust.settings.rpc[0], trust.pin)
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
