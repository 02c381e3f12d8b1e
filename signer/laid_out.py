# SPDX-License-Identifier: Apache-2.0

"""Papers that we laid out, and no others: opened for one more signature if it is this field's turn.

A PDF from elsewhere is refused, because signed content can be hidden content.
"""

import io

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import enumerate_sig_fields

from signer.errors import AlreadySigned, NotLaidOut, NotYetSigned, UnreadableDocument
from signer.library_errors import LIBRARY_ERRORS
from signer.profile import PADES


def open_laid_out(pdf: bytes, *, field: str, first: bool) -> IncrementalPdfFileWriter:
    """Open the file for one more revision, if it is one of ours and it is this field's turn."""
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        reader = writer.prev
        found = {name: (value, ref.get_object()) for name, value, ref in enumerate_sig_fields(reader)}
        revisions = reader.xrefs.total_revisions
        encrypted = reader.encrypted
    except LIBRARY_ERRORS as error:
        raise unreadable(error) from error
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


def unreadable(error: Exception) -> UnreadableDocument:
    """The refusal of bytes that a library could not make sense of."""
    return UnreadableDocument(
        f"Không đọc được tệp PDF ({error}). Hãy in lại học bạ từ phần mềm rồi ký.",
        f"The PDF cannot be read ({error}). Print the record again from the software, then sign.",
    )
