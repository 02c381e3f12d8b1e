# SPDX-License-Identifier: Apache-2.0

"""What a decision rests on: the reason that somebody types, and the document that they hand in. Either is kept for good.

Documents are what a scanner, a telephone or an office makes, and are told apart by their first bytes, whatever their name says.
They are handed out as downloads only: no browser shows, on a page of ours, what somebody else has uploaded.
"""

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from ledger.desk.visits import field
from ledger.errors import EvidenceMissing, ForbiddenMove, LedgerError, LostRace
from ledger.web import bodies
from ledger.web.languages import Text

MOST_WORDS = 1000
"""Characters of a reason. The journal takes more, but no form does."""

KINDS = ((b"%PDF-", "pdf", "application/pdf"), (b"\xff\xd8\xff", "jpg", "image/jpeg"), (b"\x89PNG", "png", "image/png"))
"""What a document may be: its first bytes, the end of its name, its type."""

SHOWN_DIGITS = 12

NO_REASON = LedgerError(
    "Quyết định này cần có lý do, để người xem lại sau này hiểu vì sao. Hãy ghi lý do.",
    "This decision needs a reason, so that whoever looks back understands it. Give one.",
)
TOO_MANY_WORDS = LedgerError(
    f"Lý do dài quá {MOST_WORDS} ký tự. Hãy viết gọn lại; phần chi tiết để trong văn bản đính kèm.",
    f"The reason is longer than {MOST_WORDS} characters. Say it shorter, and leave details to the document.",
)
NO_DOCUMENT = LedgerError(
    "Thay đổi hộ tịch và đính chính cần văn bản làm căn cứ. Hãy chọn tệp quyết định rồi gửi lại.",
    "A change of civil status or an amendment needs the document that it rests on. Choose the decision's file and send again.",
)
NOT_A_DOCUMENT = LedgerError(
    "Văn bản phải là tệp PDF, hoặc ảnh chụp JPG hay PNG. Hãy chọn lại tệp.",
    "The document has to be a PDF, or a picture as JPG or PNG. Choose the file again.",
)
DECIDED_MEANWHILE = LedgerError(
    "Việc này vừa được quyết định trước đó, hoặc đã thay đổi từ khi bạn mở trang, nên không ghi thêm gì. Hãy xem lại trang này.",
    "This was decided already, or has changed since you opened the page, so nothing was stored. Look at this page again.",
)
NOT_ON_THE_CHAIN = LedgerError(
    "Chỉ thu hồi được học bạ đã neo lên chuỗi. Học bạ này chưa neo xong hoặc đã thu hồi; hãy xem trạng thái ở đầu trang.",
    "Only a record on the chain can be recalled. This one is not anchored yet, or is recalled; see its state at the top.",
)


def reason_in(request: Request) -> str:
    """The reason of a form. Raises a `LedgerError` for none, and for one that no page would show whole."""
    reason = " ".join(field(request, "ly-do").split())
    if not reason:
        raise NO_REASON
    if len(reason) > MOST_WORDS:
        raise TOO_MANY_WORDS
    return reason


async def document_in(request: Request) -> bytes | None:
    """The document of a form; None where none was chosen."""
    files = [one for one in request.state.form.getlist("tep") if isinstance(one, UploadFile)]
    if len(files) != 1 or bodies.left_empty(files[0]):
        return None
    return await files[0].read()


def require_document(data: bytes | None) -> None:
    """Raises a `LedgerError` for a document of no kind that people can open later."""
    if data is not None and _kind(data) is None:
        raise NOT_A_DOCUMENT


def as_download(data: bytes, sha256: str) -> Response:
    """A stored document. Its name says nothing of whom it is about."""
    end, media_type = _kind(data) or ("bin", "application/octet-stream")
    name = f"van-ban-{sha256[:SHOWN_DIGITS]}.{end}"
    return Response(data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def at_the_desk(error: LedgerError) -> Text:
    """What a refused decision says at the desk, where nobody types options of a command."""
    match error:
        case EvidenceMissing():
            error = NO_DOCUMENT
        case LostRace():
            error = DECIDED_MEANWHILE
        case ForbiddenMove():
            error = NOT_ON_THE_CHAIN
    return Text(error.vi, error.en)


def _kind(data: bytes) -> tuple[str, str] | None:
    return next(((end, media_type) for start, end, media_type in KINDS if data.startswith(start)), None)
