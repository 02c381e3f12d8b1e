# SPDX-License-Identifier: Apache-2.0

"""Statements: texts signed whole. Short ones lie inside their signature (CMS SignedData, RFC 5652), long ones beside it.

What a school says about itself, such as which account acts for it on the chain, is signed with the same key as its records.
A detached signature is CAdES-B-T (ETSI EN 319 122-1): with the certificate bound in, and a timestamp over its value.

Example::

    statement = sign_statement(text, key)
    opened(statement).content == text
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, x509
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signer.errors import BrokenStatement, SignerError, SigningFailed
from signer.library_errors import LIBRARY_ERRORS
from signer.profile import PADES
from signer.sessions import run
from signer.values import Signatory


@dataclass(frozen=True, slots=True)
class Statement:
    """A text, and the certificate it was signed with. Whether the certificate is trusted is for others to say."""

    content: bytes
    certificate: x509.Certificate

    @property
    def certificate_sha256(self) -> bytes:
        """The digest by which the certificate is known in manifests and signer lists."""
        return hashlib.sha256(self.certificate.dump()).digest()


def sign_statement(content: bytes, key: Signatory) -> bytes:
    """Sign `content` and return the DER of a CMS SignedData that holds it."""
    signed = run(HeldKeySigner(key).async_sign_general_data(content, PADES.digest, detached=False))
    return bytes(signed.dump())


def sign_detached(content: bytes, key: Signatory, *, timestamper: TimeStamper, signed_at: datetime) -> bytes:
    """Sign `content` and return the DER of a CMS SignedData that does not hold it (CAdES-B-T).

    `signed_at` is the time that the signer claims; the timestamp proves its own. Raises `CertificateNotValid`,
    `TimestampUnavailable`, `ClockWrong`, `SigningFailed`, or what the key raises; in each case nothing was signed.
    """
    key.who.require_valid_at(signed_at)
    work = HeldKeySigner(key).async_sign_general_data(
        content,
        PADES.digest,
        detached=True,
        use_cades=True,
        timestamper=timestamper,
        signed_attr_settings=PdfCMSSignedAttributes(signing_time=signed_at),
    )
    try:
        return bytes(run(work).dump())
    except SignerError:
        raise
    except LIBRARY_ERRORS as error:
        raise SigningFailed(
            f"Ký không thành công ({error}). Hãy thử lại; nếu vẫn lỗi, hãy gửi thông báo này cho bộ phận hỗ trợ.",
            f"Signing failed ({error}). Try again, and if it fails again send this message to support.",
        ) from error


def opened(statement: bytes) -> Statement:
    """Return what a statement says and who signed it. Raises `BrokenStatement` unless the signature is intact and valid."""
    try:
        info = cms.ContentInfo.load(statement, strict=True)
        signed = info["content"]
        (signer,) = signed["signer_infos"]
        serial = signer["sid"].chosen["serial_number"].native
        issuer = signer["sid"].chosen["issuer"]
        certificate = next(
            candidate.chosen
            for candidate in signed["certificates"]
            if candidate.chosen.serial_number == serial and candidate.chosen.issuer == issuer
        )
        content = bytes(signed["encap_content_info"]["content"])
        intact, valid = validate_sig_integrity(
            signer, certificate, expected_content_type="data", actual_digest=hashlib.sha256(content).digest()
        )
    except Exception as error:
        # The parser has many ways to stumble over bytes that are something else, and none of them matters here.
        raise _broken() from error
    if not (intact and valid):
        raise _broken()
    return Statement(content, certificate)


class HeldKeySigner(Signer):
    """Signs in one go with a key that is already open."""

    def __init__(self, key: Signatory) -> None:
        super().__init__(
            signing_cert=key.who.certificate,
            cert_registry=SimpleCertificateStore.from_certs(key.who.chain),  # type: ignore[no-untyped-call]
            embed_roots=PADES.embed_roots,
        )
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002, FBT001, FBT002
        """Sign; there are no dry runs, since the size is fixed."""
        if digest_algorithm != PADES.digest:
            raise SigningError(f"the profile signs with {PADES.digest}, not {digest_algorithm}")
        return self._key.sign(data)


def _broken() -> BrokenStatement:
    return BrokenStatement(
        "Văn bản này không được ký, hoặc đã bị sửa sau khi ký. Hãy lấy lại bản gốc từ nhà trường.",
        "This statement is not signed, or was changed after signing. Get the original from the school.",
    )
