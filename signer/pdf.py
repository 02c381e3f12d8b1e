# SPDX-License-Identifier: Apache-2.0

"""PDF signatures: one field at a time, then one archive revision for all of them.

    laid-out file ──sign_field──▶ B-T ──sign_field──▶ B-T ──sign_field──▶ B-T ──archive──▶ B-LTA ──retimestamp──▶ …

Every step only appends: the file before is a prefix of the file after, so whatever was anchored stays findable. Only fields
which `ledger.paper` laid out are signed; a PDF from elsewhere is refused, because signed content can be hidden content.
The values used stand in `signer.profile`; why they are so was tried out and is told in SIGNING.md.

All functions are synchronous and meant for worker processes; see `signer.sessions`. pyHanko writes the wall clock into the
metadata of every revision (/ModDate), so equal input does not give equal bytes here.

Example::

    signed = sign_field(paper, field="GVCN", key=key, stamp=stamp, first=True, reason="Giáo viên chủ nhiệm",
                        name=key.common_name, location="TP. Hồ Chí Minh", timestamper=timestamper, signed_at=now)
    kept = archive(signed, timestamper=timestamper, validation_data=ValidationData.online(roots, now=utc_now))
"""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import ImportedPdfPage, PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signer import sessions
from signer.errors import AlreadySigned, NotLaidOut, NotYetSigned, SignerError, SigningFailed, UnreadableDocument
from signer.keys import LoadedKey, SigningKey
from signer.profile import PADES
from signer.validation_data import ValidationData

# What the PDF and CMS libraries raise over bytes that are not as they should be.
_LIBRARY_ERRORS: Final = (
    PdfError,
    SigningError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    NotImplementedError,
    RecursionError,
    OverflowError,
)


def sign_field(
    pdf: bytes,
    *,
    field: str,
    key: LoadedKey,
    stamp: bytes,
    first: bool,
    reason: str,
    name: str,
    location: str,
    timestamper: TimeStamper,
    signed_at: datetime,
) -> bytes:
    """Sign the empty laid-out `field` with `key`, and return the file with one more revision (PAdES B-T).

    `stamp` is a one-page PDF of the field's size: the visible appearance. `first` says that nobody has signed yet; that
    signature certifies the file. `reason` names the role, so that a viewer shows who signed as what. `signed_at` is the
    time the signer claims; the time that counts is the token's.

    Raises `UnreadableDocument`, `NotLaidOut`, `AlreadySigned`, `NotYetSigned`, `CertificateNotValid`,
    `TimestampUnavailable` or `SigningFailed`. In each case nothing was signed.
    """
    key.require_valid_at(signed_at)
    writer = _open_laid_out(pdf, field=field, first=first)
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
    signer = _TimedPdfSigner(
        meta,
        HeldKeySigner(key),
        timestamper=timestamper if PADES.timestamp_each_signature else None,
        stamp_style=_stamp_style(stamp),
    )
    signer.signed_at = signed_at
    try:
        work = signer.async_sign_pdf(writer, existing_fields_only=True, bytes_reserved=PADES.signature_reserved)
        return _bytes_of(sessions.run(work))
    except SignerError:
        raise
    except _LIBRARY_ERRORS as error:
        raise _failed(error) from error


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


class HeldKeySigner(Signer):
    """Signs with a key that is already open; the stock signer opens and checks it twice per signature."""

    def __init__(self, key: SigningKey) -> None:
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


class _StampPage(ImportedPdfPage):
    """A stamp's page from memory.

    To be made anew for each signature: it remembers resources of the file it was last drawn into, and a second file would
    get references that lead nowhere (SIGNING.md 1).
    """

    def __init__(self, pdf: bytes) -> None:
        PdfContent.__init__(self)
        self._pdf = pdf

    def render(self) -> bytes:
        """Copy the page into the file that is being written."""
        form = self._ensure_writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._pdf)), page_ix=0)
        self.resources.xobject["/Stamp"] = form
        left, bottom, right, top = form.get_object()["/BBox"]
        self.box = BoxConstraints(width=abs(right - left), height=abs(top - bottom))
        return b"/Stamp Do"


def _stamp_style(stamp: bytes) -> StaticStampStyle:
    whole_field = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MID, y_align=AxisAlignment.ALIGN_MID, margins=Margins(0, 0, 0, 0)
    )
    return StaticStampStyle(
        background=_StampPage(stamp), background_opacity=1, background_layout=whole_field, border_width=0
    )


def _open_laid_out(pdf: bytes, *, field: str, first: bool) -> IncrementalPdfFileWriter:
    """Open the file for one more revision, if it is one of ours and it is this field's turn."""
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        reader = writer.prev
        found = {name: (value, ref.get_object()) for name, value, ref in enumerate_sig_fields(reader)}
        revisions = reader.xrefs.total_revisions
        encrypted = reader.encrypted
    except _LIBRARY_ERRORS as error:
        raise _unreadable(error) from error
    if field not in found or encrypted or not _locks_itself(found[field][1], field):
        raise NotLaidOut(
            f"Tệp PDF này không có ô ký “{field}” do phần mềm tạo sẵn nên không ký. Hãy in lại học bạ từ phần mềm rồi ký.",
            f"This PDF has no signature field “{field}” that we laid out, so it is not signed. Print the record again "
            "from the software, then sign.",
        )
    if found[field][0] is not None:
        raise AlreadySigned(
            f"Ô ký “{field}” đã có chữ ký. Nếu cần ký lại, hãy thu hồi và lập học bạ mới.",
            f"The field “{field}” is signed already. To sign again, recall the record and prepare a new one.",
        )
    signatures = sum(value is not None for value, _ in found.values())
    if first and (signatures or revisions != 1):
        raise NotLaidOut(
            "Tệp PDF đã bị thay đổi sau khi in từ phần mềm nên không ký. Hãy in lại học bạ rồi ký.",
            "The PDF was changed after the software made it, so it is not signed. Print the record again, then sign.",
        )
    if not first and not signatures:
        raise NotYetSigned(
            "Chưa có ai ký học bạ này; người ký đầu tiên phải ký trước.",
            "Nobody has signed this record; the first signer has to sign before.",
        )
    return writer


def _locks_itself(field: generic.DictionaryObject, name: str) -> bool:
    try:
        lock = field["/Lock"]
        return bool(lock["/Action"] == PADES.lock_action and [str(other) for other in lock["/Fields"]] == [name])
    except (KeyError, TypeError, PdfError):
        return False


def _append_timestamp(
    pdf: bytes, timestamper: TimeStamper, validation_data: ValidationData, *, only_last_timestamp: bool
) -> bytes:
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        reader = writer.prev
        needed = _last_timestamp(reader) if only_last_timestamp else _all_signatures(reader)
        kept = _certificates_kept(reader)
    except _LIBRARY_ERRORS as error:
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
    except _LIBRARY_ERRORS as error:
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


def _unreadable(error: Exception) -> UnreadableDocument:
    return UnreadableDocument(
        f"Không đọc được tệp PDF ({error}). Hãy in lại học bạ từ phần mềm rồi ký.",
        f"The PDF cannot be read ({error}). Print the record again from the software, then sign.",
    )


def _failed(error: Exception) -> SigningFailed:
    return SigningFailed(
        f"Ký không thành công ({error}). Tệp cũ vẫn nguyên; hãy thử lại, nếu vẫn lỗi hãy gửi thông báo này cho bộ phận hỗ trợ.",
        f"Signing failed ({error}). The old file is unchanged; try again, and if it fails again send this message to support.",
    )
