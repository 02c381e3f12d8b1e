# SPDX-License-Identifier: Apache-2.0

"""Every way in which the desk refuses a request, as one table; and the one place that turns errors into refusals.

A refusal is a page for people, and a problem (RFC 9457, with both languages in it) for the agent. Codes are never renamed once
released. What an error of the ledger says is shown as it is: each ends in a remedy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from ledger.errors import (
    CannotRead,
    CannotStore,
    InvitationOver,
    LedgerError,
    TooOften,
    Unavailable,
    UnknownAccount,
    UnknownClass,
    UnknownFile,
    UnknownLine,
    UnknownRound,
    UnknownSchool,
    UnknownUnit,
)
from ledger.web.languages import Text

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """One row: `title` is the same every time, `detail` says what to do. `{name}` places take values."""

    code: str
    status: HTTPStatus
    title: Text
    detail: Text


WRONG_SIGN_IN = Problem(
    "wrong-sign-in",
    HTTPStatus.UNAUTHORIZED,
    Text("Chưa đăng nhập được", "Not signed in"),
    Text(
        "Tên đăng nhập hoặc mật khẩu không đúng. Hãy gõ lại; nếu quên mật khẩu, hãy hỏi người quản trị để nhận liên kết đặt lại.",
        "Sign-in name or password is wrong. Type both again; if you forgot the password, ask the administrator for a link to set "
        "a new one.",
    ),
)
NOT_SIGNED_IN = Problem(
    "not-signed-in",
    HTTPStatus.UNAUTHORIZED,
    Text("Cần đăng nhập", "Sign in first"),
    Text(
        "Phiên làm việc đã hết hạn hoặc chưa bắt đầu. Hãy đăng nhập lại.",
        "The session has ended, or never began. Sign in again.",
    ),
)
FORBIDDEN = Problem(
    "not-your-duty",
    HTTPStatus.FORBIDDEN,
    Text("Trang này thuộc nhiệm vụ của người khác", "This page belongs to another duty"),
    Text(
        "Tài khoản của bạn không có nhiệm vụ cần cho việc này. Hãy quay về trang “Việc chờ tôi”; nếu đây là việc của bạn, hãy đề "
        "nghị người quản trị giao nhiệm vụ.",
        "Your account does not have the duty that this needs. Go back to “Waiting for me”; if it is your work, ask the "
        "administrator to give you the duty.",
    ),
)
STALE_FORM = Problem(
    "stale-form",
    HTTPStatus.FORBIDDEN,
    Text("Biểu mẫu đã cũ", "The form is out of date"),
    Text(
        "Biểu mẫu này mở từ phiên trước, từ trang khác, hoặc trình duyệt chặn cookie nên chưa có gì được thực hiện. Hãy mở lại "
        "trang và làm lại.",
        "This form is from an earlier session or another site, or the browser blocks cookies, so nothing was done. Open the page "
        "again and start over.",
    ),
)
NOT_FOUND = Problem(
    "not-found",
    HTTPStatus.NOT_FOUND,
    Text("Không có trang này", "There is no such page"),
    Text(
        "Địa chỉ không đúng, hoặc nội dung không thuộc trường của bạn. Hãy bắt đầu lại từ trang “Việc chờ tôi”.",
        "The address is wrong, or what it names is not your school's. Start again from “Waiting for me”.",
    ),
)
NOT_YOUR_SLOT = Problem(
    "not-your-slot",
    HTTPStatus.FORBIDDEN,
    Text("Phần ký này được phân công cho người khác", "Somebody else signs here"),
    Text(
        "Bạn không ký phần này ở lớp này. Hãy quay về trang “Việc chờ tôi”; nếu phân công chưa đúng, hãy báo văn thư.",
        "You do not sign this in this class. Go back to “Waiting for me”; if that is wrong, tell the clerk.",
    ),
)
NO_PDF_YET = Problem(
    "no-pdf-yet",
    HTTPStatus.CONFLICT,
    Text("Chưa có bản PDF", "There is no PDF yet"),
    Text(
        "Học bạ này còn là bản nháp nên chưa có bản PDF. Hãy nhờ văn thư bấm “Chuẩn bị ký” ở trang của lớp.",
        "This record is still a draft and has no PDF yet. Ask the clerk to prepare the class for signing on its page.",
    ),
)
METHOD = Problem(
    "method-not-allowed",
    HTTPStatus.METHOD_NOT_ALLOWED,
    Text("Không dùng được cách gọi này", "This method is not allowed"),
    Text(
        "Địa chỉ này không nhận cách gọi đó. Hãy quay về trang “Việc chờ tôi”.",
        "This address does not take that method. Go back to “Waiting for me”.",
    ),
)
BAD_REQUEST = Problem(
    "bad-request",
    HTTPStatus.BAD_REQUEST,
    Text("Yêu cầu không hợp lệ", "The request is not valid"),
    Text(
        "Máy chủ không hiểu được yêu cầu này. Hãy mở lại trang và làm lại.",
        "The request makes no sense here. Open the page again and start over.",
    ),
)
TOO_LARGE = Problem(
    "too-large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Text("Tệp quá lớn", "The file is too large"),
    Text(
        "Nội dung gửi lên quá lớn (tối đa {limit} MB). Hãy chọn đúng tệp, hoặc quét văn bản ở độ phân giải thấp hơn, rồi gửi "
        "lại.",
        "What was sent is too large (at most {limit} MB). Choose the right file, or scan the document at a lower resolution, and "
        "send it again.",
    ),
)
BROKEN_BODY = Problem(
    "broken-upload",
    HTTPStatus.BAD_REQUEST,
    Text("Nội dung gửi lên bị đứt quãng", "What was sent is broken"),
    Text(
        "Dữ liệu gửi lên bị thiếu hoặc sai dạng. Hãy gửi lại.",
        "What was sent is cut off or malformed. Send it again.",
    ),
)
TOO_SLOW = Problem(
    "upload-too-slow",
    HTTPStatus.REQUEST_TIMEOUT,
    Text("Gửi tệp quá lâu", "The upload took too long"),
    Text(
        "Tệp chưa tới đủ trong {seconds} giây. Hãy thử lại khi mạng tốt hơn.",
        "The file did not arrive within {seconds} seconds. Try again on a better network.",
    ),
)
UNSUPPORTED = Problem(
    "unsupported-media-type",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Text("Cách gửi không được hỗ trợ", "This way of sending is not supported"),
    Text("Hãy gửi nội dung dạng application/json.", "Send the content as application/json."),
)
NO_SINGLE_SIGN_ON = Problem(
    "no-single-sign-on",
    HTTPStatus.BAD_GATEWAY,
    Text("Chưa đăng nhập một lần được", "Single sign-on did not work"),
    Text(
        "Hệ thống đăng nhập một lần không trả lời hoặc trả lời không hợp lệ. Hãy thử lại sau ít phút, hoặc đăng nhập bằng mật "
        "khẩu.",
        "The single sign-on provider does not answer, or not properly. Try again in a few minutes, or sign in with a password.",
    ),
)
DECLINED = Problem(
    "single-sign-on-declined",
    HTTPStatus.FORBIDDEN,
    Text("Đăng nhập một lần đã bị hủy", "Single sign-on was cancelled"),
    Text(
        "Hệ thống đăng nhập một lần không xác nhận danh tính của bạn. Hãy thử lại, hoặc đăng nhập bằng mật khẩu.",
        "The single sign-on provider did not confirm who you are. Try again, or sign in with a password.",
    ),
)
NOT_LINKED = Problem(
    "not-linked",
    HTTPStatus.FORBIDDEN,
    Text("Danh tính này chưa gắn với tài khoản nào", "This identity belongs to no account"),
    Text(
        "Danh tính đã được xác nhận nhưng chưa gắn với tài khoản nào ở đây. Hãy mở liên kết mời mà người quản trị gửi "
        "cho bạn và chọn “Liên kết”; nếu chưa có, hãy xin một liên kết.",
        "Your identity was confirmed, but no account here is linked to it. Open the invitation that the administrator sent you "
        "and choose “Link”; if you have none, ask for one.",
    ),
)
DOWN = Problem(
    "ledger-unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    Text("Chưa truy cập được sổ cái", "The ledger cannot be asked"),
    Text("{vi}", "{en}"),
)
UNKNOWN = Problem("unknown", HTTPStatus.NOT_FOUND, Text("Không tìm thấy", "Not found"), Text("{vi}", "{en}"))
OVER = Problem(
    "link-over",
    HTTPStatus.GONE,
    Text("Liên kết không còn dùng được", "The link is of no use any more"),
    Text("{vi}", "{en}"),
)
TOO_OFTEN = Problem(
    "too-many-attempts",
    HTTPStatus.TOO_MANY_REQUESTS,
    Text("Đã thử quá nhiều lần", "Too many attempts"),
    Text("{vi}", "{en}"),
)
REFUSED = Problem(
    "refused", HTTPStatus.CONFLICT, Text("Chưa thực hiện được", "This could not be done"), Text("{vi}", "{en}")
)
INTERNAL = Problem(
    "internal",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    Text("Có lỗi phía máy chủ", "Something went wrong on our side"),
    Text(
        "Đây là lỗi của hệ thống, không phải của bạn. Hãy thử lại; nếu vẫn vậy, hãy báo người vận hành mã lỗi {id}.",
        "This is our fault, not yours. Try again; if it stays so, tell the operator the id {id}.",
    ),
)


class Refusal(LedgerError):
    """A request that gets no answer but `problem`."""

    def __init__(self, problem: Problem, **values: object) -> None:
        super().__init__(problem.detail.vi.format(**values), problem.detail.en.format(**values))
        self.problem = problem
        self.retry_after: int | None = None

    @property
    def detail(self) -> Text:
        """What to do, in both languages."""
        return Text(self.vi, self.en)

    def document(self) -> dict[str, Any]:
        """The RFC 9457 problem. Both languages are in it: the agent shows its user one of them, or both."""
        return {
            "type": f"urn:hocba:problem:{self.problem.code}",
            "title": self.problem.title.en,
            "status": self.problem.status.value,
            "detail": self.en,
            "code": self.problem.code,
            "vi": self.vi,
            "en": self.en,
        }

    def as_json(self) -> JSONResponse:
        """The refusal for the agent."""
        return JSONResponse(
            self.document(), status_code=self.problem.status, headers=self.headers, media_type=PROBLEM_JSON
        )

    @property
    def headers(self) -> dict[str, str]:
        """What goes with a refusal, as page or as document."""
        return {"Cache-Control": "no-store", **({"Retry-After": str(self.retry_after)} if self.retry_after else {})}


def refusal_of(error: Exception) -> Refusal | None:
    """The table from errors to refusals; None for what is in no row."""
    match error:
        case Refusal():
            return error
        case LedgerError():
            problem = next(problem for kinds, problem in _LEDGER_ERRORS if isinstance(error, kinds))
            refusal = Refusal(problem, vi=error.vi, en=error.en)
            refusal.retry_after = error.seconds if isinstance(error, TooOften) else None
            return refusal
        case RequestValidationError():
            # An id in a path that cannot be one names nothing.
            return Refusal(NOT_FOUND if all(one["loc"][0] == "path" for one in error.errors()) else BAD_REQUEST)
        case HTTPException(status_code=status) if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return Refusal(_STATUSES.get(status, BAD_REQUEST))
    return None


_LEDGER_ERRORS: tuple[tuple[tuple[type[LedgerError], ...], Problem], ...] = (
    ((TooOften,), TOO_OFTEN),
    ((Unavailable, CannotRead, CannotStore), DOWN),
    ((InvitationOver,), OVER),
    ((UnknownUnit, UnknownClass, UnknownRound, UnknownLine, UnknownAccount, UnknownFile, UnknownSchool), UNKNOWN),
    ((LedgerError,), REFUSED),
)
_STATUSES: Mapping[int, Problem] = {HTTPStatus.NOT_FOUND: NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED: METHOD}
