# SPDX-License-Identifier: Apache-2.0

"""PDF signatures: one field at a time, then one archive revision for all of them.

    laid-out file ──sign_field──▶ B-T ──sign_field──▶ B-T ──sign_field──▶ B-T ──archive──▶ B-LTA ──retimestamp──▶ …

Each signature is made in three steps, because the key may be on another machine: `prepare_field` makes all of it but the
value, the key makes the value from 32 bytes, `finish_field` checks it, puts it in and has it time-stamped. `sign_field` does
all three with a key that is at hand.

Every step only appends: the file before is a prefix of the file after, so whatever was anchored stays findable. Only fields
which `ledger.paper` laid out are signed; a PDF from elsewhere is refused, because signed content can be hidden content.
The values used stand in `signer.profile`; why they are so was tried out and is told in SIGNING.md.

All functions are synchronous and meant for worker processes; see `signer.sessions`. pyHanko writes the wall clock into the
metadata of every revision (/ModDate), so equal input does not give equal bytes here.

Example::

    signed = sign_field(paper, field="GVCN", key=key, stamp=stamp, first=True, reason="Giáo viên chủ nhiệm",
                        name=key.who.common_name, location="TP. Hồ Chí Minh", timestamper=timestamper, signed_at=now)
"""

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from asn1crypto import cms, x509
from asn1crypto.algos import SignedDigestAlgorithm
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.general import as_signing_certificate_v2
from pyhanko.sign.signers import ExternalSigner, PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signer import sessions
from signer.certificate import SignerCertificate
from signer.errors import ChangedSincePrepared, SignerError, SigningFailed
from signer.laid_out import open_laid_out
from signer.library_errors import LIBRARY_ERRORS
from signer.profile import PADES
from signer.stamp_page import stamp_style
from signer.values import Signatory, require_fit

SIGNED_ATTRIBUTES: Final = frozenset({"content_type", "message_digest", "signing_certificate_v2"})
"""What a signature says beside the document: nothing that a signer was not shown (PAdES leaves the claimed time out)."""


@dataclass(frozen=True)
class PreparedPdf:
    """A paper with an empty place for one value: plain bytes and numbers, to be stored while the key is elsewhere."""

    document: bytes
    """The file with one revision more, in which /Contents holds nothing yet."""
    to_be_signed: bytes
    """The CMS signed attributes in DER; the key signs their SHA-256 (RFC 5652, 5.4)."""
    reserved_from: int
    """Where the value of /Contents begins in the file, with its angle bracket."""
    reserved_to: int
    """Where it ends."""


def sign_field(
    pdf: bytes,
    *,
    field: str,
    key: Signatory,
    stamp: bytes,
    first: bool,
    reason: str,
    name: str,
    location: str,
    timestamper: TimeStamper,
    signed_at: datetime,
) -> bytes:
    """Sign the empty laid-out `field` with a key that is at hand, and return the file with one more revision (PAdES B-T).

    The same as `prepare_field`, the key's value, `finish_field`; see there. Raises what these two raise. In each case nothing
    was signed.
    """
    prepared = prepare_field(
        pdf,
        field=field,
        who=key.who,
        stamp=stamp,
        first=first,
        reason=reason,
        name=name,
        location=location,
        signed_at=signed_at,
    )
    return finish_field(prepared, who=key.who, value=key.sign(prepared.to_be_signed), timestamper=timestamper)


def prepare_field(
    pdf: bytes,
    *,
    field: str,
    who: SignerCertificate,
    stamp: bytes,
    first: bool,
    reason: str,
    name: str,
    location: str,
    signed_at: datetime,
) -> PreparedPdf:
    """Fill the empty laid-out `field` with all of a signature by `who` but its value.

    `stamp` is a one-page PDF of the field's size: the visible appearance. `first` says that nobody has signed yet; that
    signature certifies the file. `reason` names the role, so that a viewer shows who signed as what. `signed_at` is the
    time the signer claims; the time that counts is the token's.

    Raises `UnreadableDocument`, `NotLaidOut`, `AlreadySigned`, `NotYetSigned`, `CertificateNotValid` or `SigningFailed`.
    """
    who.require_valid_at(signed_at)
    writer = open_laid_out(pdf, field=field, first=first)
    meta = PdfSignatureMetadata(
        field_name=field,
        md_algorithm=PADES.digest,
        subfilter=PADES.subfilter,
        certify=first,
        docmdp_permissions=PADES.first_certifies,
        reason=reason,
        name=name,
        location=location,
    )
    signer = _signer(who)
    session = _TimedPdfSigner(meta, signer, stamp_style=stamp_style(stamp))
    session.signed_at = signed_at
    try:
        place, _, _ = sessions.run(
            session.async_digest_doc_for_signing(
                writer, existing_fields_only=True, bytes_reserved=PADES.signature_reserved, output=(out := io.BytesIO())
            )
        )
        attributes = _attributes(place.document_digest, who.certificate.dump())
    except SignerError:
        raise
    except LIBRARY_ERRORS as error:
        raise _failed(error) from error
    return PreparedPdf(out.getvalue(), attributes, place.reserved_region_start, place.reserved_region_end)


def finish_field(prepared: PreparedPdf, *, who: SignerCertificate, value: bytes, timestamper: TimeStamper) -> bytes:
    """Put the value in, time-stamped, and return the file (PAdES B-T).

    Before that it is checked: the document is still the one that was prepared, for this signer, and `value` is this
    certificate's signature over it. A value that was put into the wrong file would be found out only by a reader
    (SIGNING.md 6).

    Raises `ChangedSincePrepared`, `WrongValue`, `TimestampUnavailable` or `SigningFailed`. Nothing is lost: the same value
    will do for the same prepared document later.
    """
    attributes = require_as_prepared(prepared, who)
    require_fit(who, prepared.to_be_signed, value)
    signer = _signer(who, value)
    place = PreparedByteRangeDigest(b"", prepared.reserved_from, prepared.reserved_to)
    out = io.BytesIO(prepared.document)
    try:
        work = signer.async_sign_prescribed_attributes(
            PADES.digest, attributes, timestamper=timestamper if PADES.timestamp_each_signature else None
        )
        place.fill_with_cms(out, sessions.run(work))
    except SignerError:
        raise
    except LIBRARY_ERRORS as error:
        raise _failed(error) from error
    return out.getvalue()


def _attributes(document_digest: bytes, certificate: bytes) -> bytes:
    """The signed attributes, DER: those that pyHanko would make, which writes the certificate's name out anew several times."""
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [document_digest]}),
            cms.CMSAttribute.load(_naming(certificate)),
        ]
    )
    return bytes(attributes.dump())


@lru_cache(maxsize=8)
def _naming(certificate: bytes) -> bytes:
    """The attribute that binds the signer's certificate into the signature; the same for a whole class."""
    named = as_signing_certificate_v2(x509.Certificate.load(certificate), PADES.digest)
    return bytes(cms.CMSAttribute({"type": "signing_certificate_v2", "values": [named]}).dump())


def _signer(who: SignerCertificate, value: bytes | None = None) -> ExternalSigner:
    return ExternalSigner(
        signing_cert=who.certificate,
        cert_registry=SimpleCertificateStore.from_certs(who.chain),  # type: ignore[no-untyped-call]
        signature_value=value,
        signature_mechanism=SignedDigestAlgorithm({"algorithm": who.algorithm}),
        embed_roots=PADES.embed_roots,
    )


def require_as_prepared(prepared: PreparedPdf, who: SignerCertificate) -> cms.CMSAttributes:
    """The signed attributes, if they are over this very document, its place is empty, and they name this certificate.

    What a signer is shown is then what the value will be over: nobody signs blind. Raises `ChangedSincePrepared`.
    """
    start, end, document = prepared.reserved_from, prepared.reserved_to, prepared.document
    covered = hashlib.sha256(memoryview(document)[:start])
    covered.update(memoryview(document)[end:])
    try:
        attributes = cms.CMSAttributes.load(prepared.to_be_signed, strict=True)
        said = {one["type"].native: one["values"][0] for one in attributes}
        digest = said["message_digest"].native
        named = said["signing_certificate_v2"]["certs"][0]["cert_hash"].native
    except LIBRARY_ERRORS as error:
        raise ChangedSincePrepared(f"{type(error).__name__}: {error}") from error
    if len(said) != len(attributes) or said.keys() != SIGNED_ATTRIBUTES:
        raise ChangedSincePrepared("CMS")
    if digest != covered.digest() or document[start:end] != b"<" + b"0" * (end - start - 2) + b">":
        raise ChangedSincePrepared("PDF")
    if named != who.certificate_sha256:
        raise ChangedSincePrepared(who.common_name)
    return attributes


class _TimedPdfSigner(PdfSigner):
    """Takes the claimed time from its caller and not from the wall clock."""

    signed_at: datetime

    def init_signing_session(
        self,
        pdf_out: BasePdfFileWriter,
        existing_fields_only: bool = False,  # noqa: FBT001, FBT002 - as the library calls it
    ) -> PdfSigningSession:
        """As pyHanko does, then set the time."""
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.signed_at
        return session


def _failed(error: Exception) -> SigningFailed:
    return SigningFailed(
        f"Ký không thành công ({error}). Tệp cũ vẫn nguyên; hãy thử lại, nếu vẫn lỗi hãy gửi thông báo này cho bộ phận hỗ trợ.",
        f"Signing failed ({error}). The old file is unchanged; try again, and if it fails again send this message to support.",
    )
