# SPDX-License-Identifier: Apache-2.0

"""PDF signatures, one field at a time; `signer.archive` closes the file when all have signed.

Every step only appends: the file before is a prefix of the file after, so whatever was anchored stays findable. Only fields
which `ledger.paper` laid out are signed; a PDF from elsewhere is refused, because signed content can be hidden content.
The values used stand in `signer.profile`; why they are so was tried out and is told in SIGNING.md.

All functions are synchronous and meant for worker processes; see `signer.sessions`. pyHanko writes the wall clock into the
metadata of every revision (/ModDate), so equal input does not give equal bytes here.

Example::

    signed = sign_field(paper, field="GVCN", key=key, stamp=stamp, first=True, reason="Giáo viên chủ nhiệm",
                        name=key.common_name, location="TP. Hồ Chí Minh", timestamper=timestamper, signed_at=now)
"""

import io
from datetime import datetime

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import ImportedPdfPage, PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signer import sessions
from signer.errors import AlreadySigned, NotLaidOut, NotYetSigned, SignerError, SigningFailed, UnreadableDocument
from signer.keys import LoadedKey, SigningKey
from signer.library_errors import LIBRARY_ERRORS
from signer.profile import PADES


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
    except LIBRARY_ERRORS as error:
        raise _failed(error) from error


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
    except LIBRARY_ERRORS as error:
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
