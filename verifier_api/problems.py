# SPDX-License-Identifier: Apache-2.0

"""Every way in which a request can fail, as one table; and the one place that turns errors into answers.

A problem is about the *request*: what is wrong with a file is a finding, and comes with status 200. Codes are never renamed or
reused once released. Problems are RFC 9457 documents; the same rows, in words, make the pages of errors. Whatever is not in the
table becomes a plain 500 with an id, under which the log holds the kind of the error and where it arose, and nothing of what the
request held.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from ledger.errors import Unavailable
from verifier_api.errors import VerifierError
from verifier_api.intake import MAX_FILE_BYTES
from verifier_api.verdict import Language, Verdict

PROBLEM_JSON = "application/problem+json"
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Problem:
    """One row: `title` is the same every time, `detail` says what to do. `{name}` places take values."""

    code: str
    status: HTTPStatus
    title_vi: str
    title_en: str
    detail_vi: str
    detail_en: str
    retry_after: int | None = None
    """Seconds after which asking again makes sense."""

    def title(self, language: Language) -> str:
        """What kind of problem this is."""
        return self.title_vi if language == "vi" else self.title_en

    def detail(self, language: Language, values: Mapping[str, object]) -> str:
        """What to do about it."""
        return (self.detail_vi if language == "vi" else self.detail_en).format(**values)


UNKNOWN_UNIT = Problem(
    "unknown-unit",
    HTTPStatus.NOT_FOUND,
    "Không có học bạ mang mã này",
    "No record has this id",
    "Sổ cái này chưa từng phát hành học bạ mang mã đó. Hãy so lại từng ký tự của mã, quét lại mã QR, hoặc hỏi nhà trường.",
    "This ledger never issued a record with that id. Compare every character, scan the QR code again, or ask the school.",
)
UNKNOWN_SCHOOL = Problem(
    "unknown-school",
    HTTPStatus.NOT_FOUND,
    "Không có trường mang mã này",
    "No school has this code",
    "Chuỗi khối không có trường nào đăng ký mã đó. Hãy xem mã trường (8 chữ số) ở /v1/schools.",
    "No school is registered on the chain under that code. See the codes (8 digits) at /v1/schools.",
)
UNKNOWN_DIGEST = Problem(
    "unknown-digest",
    HTTPStatus.NOT_FOUND,
    "Chưa từng phát hành tệp này",
    "No such file was issued",
    "Không có tệp nào với mã băm đó được phát hành ở đây: tệp có thể đã bị sửa, lưu lại, hoặc của nơi khác. Hãy dùng tệp gốc.",
    "No file with that digest was issued here: it may have been altered, re-saved, or be from elsewhere. Use the original.",
)
BAD_UNIT_ID = Problem(
    "bad-unit-id",
    HTTPStatus.BAD_REQUEST,
    "Mã tra cứu sai dạng",
    "Not a lookup id",
    "Mã tra cứu là UUID (32 chữ số thập lục phân, chia nhóm 8-4-4-4-12), hoặc mã ngắn 17 ký tự in cạnh mã QR. Hãy quét lại "
    "mã QR hoặc gõ lại đủ mã.",
    "A lookup id is a UUID (32 hexadecimal digits in groups of 8-4-4-4-12), or the short code of 17 characters beside the QR "
    "code. Scan the QR code again, or type the whole code again.",
)
BAD_DIGEST = Problem(
    "bad-digest",
    HTTPStatus.BAD_REQUEST,
    "Mã băm sai dạng",
    "Not a SHA-256",
    "Mã băm SHA-256 gồm đúng 64 chữ số thập lục phân. Hãy tính lại từ tệp gốc.",
    "A SHA-256 has exactly 64 hexadecimal digits. Compute it again from the original file.",
)
RECEIPT_PENDING = Problem(
    "receipt-pending",
    HTTPStatus.CONFLICT,
    "Biên nhận chưa sẵn sàng",
    "The receipt is not ready",
    "Học bạ đã phát hành và đang chờ đủ xác nhận trên chuỗi khối. Hãy thử lại sau ít phút.",
    "The record is issued and waits for confirmations on the chain. Try again in a few minutes.",
    retry_after=60,
)
TOO_LARGE = Problem(
    "too-large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "Tệp quá lớn",
    "The file is too large",
    "Tệp gửi lên vượt {limit} MB nên không thể là học bạ số. Hãy chọn đúng tệp học bạ gốc.",
    "What was sent exceeds {limit} MB, so it cannot be a school record. Choose the original record.",
)
NO_FILE = Problem(
    "no-file",
    HTTPStatus.BAD_REQUEST,
    "Chưa có tệp nào",
    "There is no file",
    "Hãy chọn tệp học bạ (PDF hoặc XML) rồi gửi lại; trong API, tệp nằm ở trường «file».",
    "Choose the record's file (PDF or XML) and send it again; in the API it is the field `file`.",
)
ONE_FILE = Problem(
    "one-file",
    HTTPStatus.BAD_REQUEST,
    "Chỉ kiểm tra mỗi lần một tệp",
    "One file at a time",
    "Yêu cầu có nhiều hơn một tệp học bạ. Hãy gửi từng tệp một.",
    "The request holds more than one record. Send them one by one.",
)
BROKEN_UPLOAD = Problem(
    "broken-upload",
    HTTPStatus.BAD_REQUEST,
    "Tệp gửi lên bị đứt quãng",
    "The upload is broken",
    "Không đọc được yêu cầu gửi tệp: dữ liệu thiếu hoặc sai dạng multipart. Hãy gửi lại.",
    "The upload could not be read: it is cut off, or not proper multipart. Send it again.",
)
UNSUPPORTED = Problem(
    "unsupported-media-type",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "Cách gửi tệp không được hỗ trợ",
    "This way of sending is not supported",
    "Hãy gửi multipart/form-data với trường «file», hoặc gửi thẳng nội dung tệp với kiểu application/pdf hay application/xml.",
    "Send multipart/form-data with a field `file`, or the bare file as application/pdf or application/xml.",
)
TOO_SLOW = Problem(
    "upload-too-slow",
    HTTPStatus.REQUEST_TIMEOUT,
    "Gửi tệp quá lâu",
    "The upload took too long",
    "Tệp chưa tới đủ trong {seconds} giây. Hãy thử lại khi mạng tốt hơn.",
    "The file did not arrive within {seconds} seconds. Try again on a better network.",
)
BUSY = Problem(
    "busy",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Đang quá nhiều người kiểm tra",
    "Too many checks at once",
    "Máy chủ đang bận nên chưa nhận thêm tệp. Hãy thử lại sau ít giây; điều này không nói gì về học bạ.",
    "The server is busy and takes no more files right now. Try again in a few seconds; this says nothing about the record.",
    retry_after=10,
)
LEDGER_DOWN = Problem(
    "ledger-unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Chưa tra được sổ cái",
    "The ledger cannot be asked",
    "Sổ cái đang tạm ngừng nên chưa thể trả lời. Học bạ không vì thế mà sai; hãy thử lại sau.",
    "The ledger is down for the moment, so there is no answer. That says nothing against the record; try again later.",
    retry_after=60,
)
CHAIN_DOWN = Problem(
    "chain-unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Chưa hỏi được chuỗi khối",
    "The chain cannot be asked",
    "Chuỗi khối đang không trả lời nên cả lô chưa có câu trả lời. Học bạ không vì thế mà sai; hãy gửi lại sau.",
    "The chain does not answer, so there is no answer for this batch. That says nothing against the records; send it later.",
    retry_after=60,
)
KEY_REQUIRED = Problem(
    "key-required",
    HTTPStatus.UNAUTHORIZED,
    "Cần khóa API",
    "An API key is needed",
    "Tra cứu hàng loạt cần khóa API ở đầu mục «Authorization: Bearer …». Hãy xin khóa của đơn vị vận hành, hoặc gửi từng tệp.",
    "Bulk checks need an API key in the header `Authorization: Bearer …`. Ask the operator for one, or send single files.",
)
KEY_REVOKED = Problem(
    "key-revoked",
    HTTPStatus.FORBIDDEN,
    "Khóa API đã bị thu hồi",
    "This API key was revoked",
    "Khóa này không còn dùng được. Hãy xin đơn vị vận hành khóa mới.",
    "This key opens nothing any more. Ask the operator for a new one.",
)
QUOTA = Problem(
    "quota-used-up",
    HTTPStatus.TOO_MANY_REQUESTS,
    "Hết hạn mức trong ngày",
    "The day's quota is used up",
    "Yêu cầu này vượt hạn mức {limit} tệp mỗi ngày của khóa; còn {left}. Hãy gửi ít hơn, hoặc đợi {seconds} giây.",
    "This exceeds the key's {limit} files a day; {left} are left. Send fewer, or wait {seconds} seconds.",
)
TOO_MANY_REQUESTS = Problem(
    "too-many-requests",
    HTTPStatus.TOO_MANY_REQUESTS,
    "Hỏi quá nhanh",
    "Too many requests",
    "Máy của bạn vừa hỏi quá nhiều lần. Hãy đợi {seconds} giây rồi thử lại; cần nhiều hơn thì xin khóa API.",
    "Your address asked too often just now. Wait {seconds} seconds and try again; who needs more asks for an API key.",
)
TOO_MANY_JOBS = Problem(
    "too-many-jobs",
    HTTPStatus.TOO_MANY_REQUESTS,
    "Quá nhiều tác vụ đang chạy",
    "Too many jobs are running",
    "Khóa này đã có {limit} tác vụ đang chạy. Hãy đợi một tác vụ xong, hoặc hủy bớt.",
    "This key has {limit} jobs running. Wait for one to end, or cancel one.",
    retry_after=30,
)
ARCHIVE_REFUSED = Problem(
    "archive-refused",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Không nhận tệp ZIP này",
    "This ZIP is not accepted",
    "Tệp ZIP vượt giới hạn hoặc có cấu trúc không an toàn ({reason}). Hãy nén lại chỉ các tệp PDF, XML và biên nhận.",
    "The ZIP exceeds the limits or is built in an unsafe way ({reason}). Pack only the PDF, XML and receipt files again.",
)
BAD_BATCH = Problem(
    "bad-batch",
    HTTPStatus.BAD_REQUEST,
    "Danh sách mã băm không hợp lệ",
    "The list of digests is not valid",
    "Hãy gửi JSON {{«digests»: […]}} với 1 đến {limit} mã băm SHA-256, mỗi mã 64 chữ số thập lục phân.",
    "Send JSON {{`digests`: […]}} with 1 to {limit} SHA-256 digests of 64 hexadecimal digits each.",
)
UNSUPPORTED_BATCH = Problem(
    "unsupported-batch",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "Cách gửi lô không được hỗ trợ",
    "This way of sending a batch is not supported",
    "Hãy gửi mã băm bằng application/json, hoặc một tệp ZIP bằng application/zip hay multipart/form-data với trường «file».",
    "Send digests as application/json, or one ZIP as application/zip or as multipart/form-data with a field `file`.",
)
UNKNOWN_JOB = Problem(
    "unknown-job",
    HTTPStatus.NOT_FOUND,
    "Không có tác vụ này",
    "There is no such job",
    "Khóa này không có tác vụ nào mang mã đó. Hãy dùng đúng địa chỉ trong «Location» và đúng khóa đã gửi.",
    "This key has no job with that id. Use the address from `Location`, and the key that sent the files.",
)
JOB_RUNNING = Problem(
    "job-running",
    HTTPStatus.CONFLICT,
    "Tác vụ chưa xong",
    "The job is not done",
    "Tác vụ vẫn đang chạy. Hãy xem tiến độ ở địa chỉ của tác vụ rồi thử lại.",
    "The job is still running. Look at its progress at its address, and try again.",
    retry_after=5,
)
JOB_GONE = Problem(
    "job-gone",
    HTTPStatus.GONE,
    "Kết quả không còn",
    "The result is gone",
    "Tác vụ đã hủy, hỏng, hoặc xong quá một giờ nên tệp và kết quả đã bị xóa. Hãy gửi lại.",
    "The job was cancelled, failed, or ended over an hour ago, so files and results are deleted. Send them again.",
)
REPORT_UNCONFIGURED = Problem(
    "report-unconfigured",
    HTTPStatus.NOT_FOUND,
    "Nơi này không lập biên bản",
    "No reports are made here",
    "Trang tra cứu này chưa nối với dịch vụ ký biên bản. Hãy dùng kết quả trên trang hoặc /v1/verify, hay hỏi người vận hành.",
    "This verifier has no service that seals reports. Use the answer of the page or of /v1/verify, or ask the operator.",
)
REPORT_DOWN = Problem(
    "report-unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Chưa lập được biên bản",
    "There is no report right now",
    "Dịch vụ ký hoặc dấu thời gian đang không dùng được, và không có biên bản nào được đưa ra mà chưa ký. Điều này không nói gì "
    "về học bạ; hãy thử lại sau.",
    "The sealing service or its time-stamps are down, and no report is handed out unsealed. This says nothing about the record; "
    "try again later.",
    retry_after=60,
)
REPORT_REFUSED = Problem(
    "report-refused",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Không lập biên bản cho kết quả này được",
    "This verdict cannot become a report",
    "Kết quả có nội dung quá dài hoặc khác thường (do tệp gửi lên) nên không ký. Hãy dùng kết quả trên trang hoặc /v1/verify.",
    "Something in the verdict, which comes from the file that was sent, is too long or too odd, so it is not sealed. Use the "
    "answer of the page or of /v1/verify.",
)
NOT_FOUND = Problem(
    "not-found",
    HTTPStatus.NOT_FOUND,
    "Không có trang này",
    "There is no such page",
    "Địa chỉ không đúng. Hãy bắt đầu lại từ trang kiểm tra, hoặc xem các địa chỉ API ở /openapi.json.",
    "The address is wrong. Start again from the checking page, or see the API's addresses at /openapi.json.",
)
METHOD = Problem(
    "method-not-allowed",
    HTTPStatus.METHOD_NOT_ALLOWED,
    "Không dùng được cách gọi này",
    "This method is not allowed",
    "Địa chỉ này không nhận phương thức đó. Hãy xem /openapi.json.",
    "This address does not take that method. See /openapi.json.",
)
BAD_REQUEST = Problem(
    "bad-request",
    HTTPStatus.BAD_REQUEST,
    "Yêu cầu không hợp lệ",
    "The request is not valid",
    "Không hiểu được yêu cầu. Hãy xem lại theo /openapi.json.",
    "The request makes no sense here. Compare it with /openapi.json.",
)
INTERNAL = Problem(
    "internal",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Có lỗi phía máy chủ",
    "Something went wrong on our side",
    "Đây là lỗi của chúng tôi, không phải của học bạ. Hãy thử lại; nếu vẫn vậy, hãy báo người vận hành mã lỗi {id}.",
    "This is our fault and says nothing about the record. Try again; if it stays so, tell the operator the id {id}.",
)

ALL = tuple(value for value in globals().values() if isinstance(value, Problem))
"""Every problem, for the page that explains them and for the documentation's test."""


_MEMBERS = frozenset({"id", "reason", "entry"})
"""Values that are members of the document, for programs."""


class Refusal(VerifierError):
    """A request that gets no answer but `problem`."""

    def __init__(self, problem: Problem, *, headers: Mapping[str, str] | None = None, **values: object) -> None:
        super().__init__(problem.detail("vi", values), problem.detail("en", values))
        self.problem = problem
        self.values = values
        self.headers = {} if headers is None else headers
        """What else the answer says in its head, such as when to come back."""
        self.verdict: Verdict | None = None
        """What the refusal means for the file, when it means anything; filled in by whoever can judge."""


def too_large() -> Refusal:
    """The refusal of an upload beyond the bound."""
    return Refusal(TOO_LARGE, limit=MAX_FILE_BYTES // MEGABYTE)


def refusal_of(error: Exception) -> Refusal | None:
    """The table from errors to problems; None for what is in no row."""
    match error:
        case Refusal():
            return error
        case Unavailable():
            return Refusal(LEDGER_DOWN)
        case HTTPException(status_code=HTTPStatus.NOT_FOUND):
            return Refusal(NOT_FOUND)
        case HTTPException(status_code=HTTPStatus.METHOD_NOT_ALLOWED):
            return Refusal(METHOD)
        case HTTPException(status_code=status) if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return Refusal(BAD_REQUEST)
    return None


def document(refusal: Refusal, *, language: Language, public_url: str) -> dict[str, Any]:
    """The RFC 9457 document. `type` leads to the page that explains all problems.

    A refusal that says something about the file itself carries the verdict's members too (RFC 9457, 3.2), so that a program
    which reads verdicts finds one.
    """
    problem = refusal.problem
    return {
        **({} if refusal.verdict is None else refusal.verdict.to_dict(language)),
        "type": f"{public_url}/problems#{problem.code}",
        "title": problem.title(language),
        "status": problem.status.value,
        "detail": problem.detail(language, refusal.values),
        "code": problem.code,
        **{name: value for name, value in refusal.values.items() if name in _MEMBERS and value is not None},
    }


def json_answer(refusal: Refusal, *, language: Language, public_url: str) -> JSONResponse:
    """The refusal as a response."""
    return JSONResponse(
        document(refusal, language=language, public_url=public_url),
        status_code=refusal.problem.status,
        headers=headers(refusal, language=language),
        media_type=PROBLEM_JSON,
    )


def headers(refusal: Refusal, *, language: Language) -> dict[str, str]:
    """What goes with a refusal, as page or as document."""
    retry = refusal.problem.retry_after
    return {
        "Cache-Control": "no-store",
        "Content-Language": language,
        **({} if retry is None else {"Retry-After": str(retry)}),
        **refusal.headers,
    }
