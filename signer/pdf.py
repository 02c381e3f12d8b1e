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
    kept = archive(signed, timestamper=timestamper, validation_data=ValidationData.online(roots, now=utc_now))
"""

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import cms, crl, ocsp, x509
from asn1crypto.algos import SignedDigestAlgorithm
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.signers import ExternalSigner, PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signer import sessions
from signer.certificate import SignerCertificate
from signer.errors import ChangedSincePrepared, NotYetSigned, SignerError, SigningFailed
from signer.laid_out import LIBRARY_ERRORS, open_laid_out, unreadable
from signer.profile import PADES
from signer.stamp_page import stamp_style
from signer.validation_data import ValidationData
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
        place, _, out = sessions.run(
            session.async_digest_doc_for_signing(
                writer, existing_fields_only=True, bytes_reserved=PADES.signature_reserved
            )
        )
        attributes = sessions.run(signer.signed_attrs(place.document_digest, PADES.digest, use_pades=True))
    except SignerError:
        raise
    except LIBRARY_ERRORS as error:
        raise _failed(error) from error
    return PreparedPdf(_bytes_of(out), attributes.dump(), place.reserved_region_start, place.reserved_region_end)


def finish_field(prepared: PreparedPdf, *, who: SignerCertificate, value: bytes, timestamper: TimeStamper) -> bytes:
    """Put the value in, time-stamped, and return the file (PAdES B-T).

    Before that it is checked: the document is still the one that was prepared, for this signer, and `value` is this
    certificate's signature over it. A value that was put into the wrong file would be found out only by a reader
    (SIGNING.md 6).

    Raises `ChangedSincePrepared`, `WrongValue`, `TimestampUnavailable` or `SigningFailed`. Nothing is lost: the same value
    will do for the same prepared document later.
    """
    attributes = _require_as_prepared(prepared, who)
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


def _signer(who: SignerCertificate, value: bytes | None = None) -> ExternalSigner:
    return ExternalSigner(
        signing_cert=who.certificate,
        cert_registry=SimpleCertificateStore.from_certs(who.chain),  # type: ignore[no-untyped-call]
        signature_value=value,
        signature_mechanism=SignedDigestAlgorithm({"algorithm": who.algorithm}),
        embed_roots=PADES.embed_roots,
    )


def _require_as_prepared(prepared: PreparedPdf, who: SignerCertificate) -> cms.CMSAttributes:
    """The signed attributes, if they are over this very document, its place is empty, and they name this certificate."""
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


def archive(pdf: bytes, *, timestamper: TimeStamper, validation_data: ValidationData) -> bytes:
    """Append one revision that makes all signatures last: validation data of all, then a document timestamp (B-LTA).

    The timestamp covers the entire file. To be called once, after the last signature, while the certificates are valid
    and their revocation data fresh. Raises `UnreadableDocument`, `NotYetSigned`, `CertificateUntrusted`,
    `ValidationDataUnavailable`, `TimestampUnavailable` or `SigningFailed`.
    """
    return _append_timestamp(pdf, timestamper, validation_data, only_last_timestamp=False)


def retimestamp(pdf: bytes, *, timestamper: TimeStamper, validation_data: ValidationData) -> bytes:
    """Renew the protection of an archived file before its last document timestamp's certificate ends.

    Appends one revision with that certificate's validation data and a new document timestamp. Raises as `archive`.
    """
    return _append_timestamp(pdf, timestamper, validation_data, only_last_timestamp=True)


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


def _append_timestamp(
    pdf: bytes, timestamper: TimeStamper, validation_data: ValidationData, *, only_last_timestamp: bool
) -> bytes:
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        reader = writer.prev
        needed = _last_timestamp(reader) if only_last_timestamp else _all_signatures(reader)
        kept = _certificates_kept(reader)
    except LIBRARY_ERRORS as error:
        raise unreadable(error) from error
    if not needed:
        raise NotYetSigned(
            "Học bạ chưa có chữ ký hoặc dấu thời gian nên chưa lưu trữ lâu dài được. Hãy ký đủ trước.",
            "The record has no signature or timestamp yet, so there is nothing to keep. Let everybody sign first.",
        )
    try:
        return sessions.run(
            _archive_revision(writer, needed, kept, timestamper=timestamper, validation_data=validation_data)
        )
    except SignerError:
        raise
    except LIBRARY_ERRORS as error:
        raise _failed(error) from error


_Needed = tuple[x509.Certificate, Sequence[x509.Certificate], bool]
"""A certificate to prove, certificates that came with it, and whether it stamps time."""


async def _archive_revision(
    writer: IncrementalPdfFileWriter,
    needed: Sequence[_Needed],
    kept: Sequence[x509.Certificate],
    *,
    timestamper: TimeStamper,
    validation_data: ValidationData,
) -> bytes:
    # The authority that is about to stamp the file needs its proof in it too. One token per timestamper object tells who
    # it is; pyHanko keeps that token.
    sample = await timestamper.async_dummy_response(PADES.digest)
    needed = [*needed, _of_token(sample["content"])]
    others = [*kept, *(certificate for own, more, _ in needed for certificate in (own, *more))]
    proofs = [await validation_data.proof(own, others, timestamping=stamping) for own, _, stamping in needed]
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        paths=[proof.path for proof in proofs],
        crls=_once(found for proof in proofs for found in proof.crls),
        ocsps=_once(found for proof in proofs for found in proof.ocsps),
        embed_roots=PADES.embed_roots,
    )
    # No validation context here: the data is in the writer already, and the library would add whatever it ever saw.
    stamps = len(writer.prev.embedded_timestamp_signatures)
    stamping = PdfTimeStamper(timestamper, field_name=f"Timestamp-{stamps + 1}", readable_field_name="Dấu thời gian")
    out = await stamping.async_timestamp_pdf(writer, PADES.digest, bytes_reserved=PADES.timestamp_reserved)
    return _bytes_of(out)


def _all_signatures(reader: PdfFileReader) -> list[_Needed]:
    needed: list[_Needed] = []
    for signature in reader.embedded_regular_signatures:
        needed.append((signature.signer_cert, signature.other_embedded_certs, False))
        for attribute in signature.signer_info["unsigned_attrs"]:
            if attribute["type"].native == "signature_time_stamp_token":
                needed += [_of_token(token["content"]) for token in attribute["values"]]
    return needed


def _last_timestamp(reader: PdfFileReader) -> list[_Needed]:
    stamps = reader.embedded_timestamp_signatures
    return [(stamps[-1].signer_cert, stamps[-1].other_embedded_certs, True)] if stamps else []


def _certificates_kept(reader: PdfFileReader) -> list[x509.Certificate]:
    """Certificates that an earlier archive revision put into the file; tokens often come without their CA's."""
    try:
        return list(DocumentSecurityStore.read_dss(reader).load_certs())
    except NoDSSFoundError:
        return []


def _of_token(token: cms.SignedData) -> _Needed:
    """The certificate that signed a timestamp token, found by issuer and serial number (RFC 5652, 5.3)."""
    certificates = [choice.chosen for choice in token["certificates"] if choice.name == "certificate"]
    signer = token["signer_infos"][0]["sid"].chosen
    wanted = (signer["issuer"].dump(), signer["serial_number"].native)
    for certificate in certificates:
        if (certificate.issuer.dump(), certificate.serial_number) == wanted:
            return certificate, certificates, True
    raise ValueError("the timestamp token does not hold its own certificate")


def _once(items: Iterable[crl.CertificateList | ocsp.OCSPResponse]) -> list[crl.CertificateList | ocsp.OCSPResponse]:
    return list({item.dump(): item for item in items}.values())


def _bytes_of(stream: object) -> bytes:
    assert isinstance(stream, io.BytesIO)  # noqa: S101 - both writers were given no output, and then make this
    return stream.getvalue()


def _failed(error: Exception) -> SigningFailed:
    return SigningFailed(
        f"Ký không thành công ({error}). Tệp cũ vẫn nguyên; hãy thử lại, nếu vẫn lỗi hãy gửi thông báo này cho bộ phận hỗ trợ.",
        f"Signing failed ({error}). The old file is unchanged; try again, and if it fails again send this message to support.",
    )
