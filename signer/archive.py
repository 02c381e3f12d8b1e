# SPDX-License-Identifier: Apache-2.0

"""What makes signatures last: validation data and document timestamps, appended to a signed PDF.

    B-T by everybody ──archive──▶ B-LTA ──retimestamp──▶ B-LTA ──retimestamp──▶ …

Each step appends one revision that ends in a document timestamp over the whole file, so the file before is a prefix of the
file after, and whatever was anchored stays findable. A file is renewed before the certificate of its last timestamp ends;
afterwards nothing can prove it any more.

All functions are synchronous and meant for worker processes; see `signer.sessions`.

Example::

    kept = archive(signed, timestamper=timestamper, validation_data=ValidationData.online(roots, now=utc_now))
    years_later = retimestamp(kept, timestamper=timestamper, validation_data=ValidationData.online(roots, now=utc_now))
"""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError

from signer import sessions
from signer.errors import NotYetSigned, SignerError, SigningFailed, UnreadableDocument
from signer.library_errors import LIBRARY_ERRORS
from signer.profile import PADES
from signer.validation_data import ValidationData


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


def _append_timestamp(
    pdf: bytes, timestamper: TimeStamper, validation_data: ValidationData, *, only_last_timestamp: bool
) -> bytes:
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        reader = writer.prev
        needed = _last_timestamp(reader) if only_last_timestamp else _all_signatures(reader)
        kept = _certificates_kept(reader)
    except LIBRARY_ERRORS as error:
        raise _unreadable(error) from error
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


def stamps_until(*, timestamper: TimeStamper, validation_data: ValidationData) -> datetime:
    """Until when a document timestamp made now would last: the first end on the path of the authority's certificate.

    Raises `CertificateUntrusted`, `ValidationDataUnavailable` or `TimestampUnavailable`.
    """

    async def ask() -> datetime:
        sample = await timestamper.async_dummy_response(PADES.digest)
        own, others, _ = timestamp_signer(sample["content"])
        path = (await validation_data.proof(own, others, timestamping=True)).path
        ends: datetime = min(certificate.not_valid_after for certificate in path.iter_certs(include_root=False))
        return ends

    return sessions.run(ask())


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
    needed = [*needed, timestamp_signer(sample["content"])]
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
                needed += [timestamp_signer(token["content"]) for token in attribute["values"]]
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


def timestamp_signer(token: cms.SignedData) -> _Needed:
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
    assert isinstance(stream, io.BytesIO)  # noqa: S101 - the writer was given no output, and then makes this
    return stream.getvalue()


def _unreadable(error: Exception) -> UnreadableDocument:
    return UnreadableDocument(
        f"Không đọc được tệp PDF ({error}) nên chưa thêm dấu thời gian. Hãy khôi phục tệp này từ bản sao lưu.",
        f"The PDF cannot be read ({error}), so it was not timestamped. Restore this file from its backup.",
    )


def _failed(error: Exception) -> SigningFailed:
    return SigningFailed(
        f"Chưa thêm được dấu thời gian ({error}). Tệp cũ vẫn nguyên; hãy thử lại, nếu vẫn lỗi hãy gửi thông báo này cho bộ phận "
        "hỗ trợ.",
        f"The document timestamp could not be added ({error}). The old file is unchanged; try again, and if it fails again "
        "send this message to support.",
    )
