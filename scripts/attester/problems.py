# SPDX-License-Identifier: Apache-2.0

"""Every way in which the attester says no, as one table; the only client is the verifier, and its operator reads this.

Whatever goes wrong, nothing that is not sealed is handed out. Rows that are not about sealing are the verifier's own.
"""

from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from ledger.paper.errors import PaperError
from ledger.web.languages import Language
from scripts.attester.errors import NotAVerdict, NotNow
from scripts.attester.sealing import TooManyWaiting
from signer.errors import (
    CertificateUntrusted,
    ClockWrong,
    SignerError,
    TimestampUnavailable,
    ValidationDataUnavailable,
)
from verifier_api import problems as of_verifier
from verifier_api.problems import PROBLEM_JSON, Problem, Refusal

TYPE: Final = "urn:hocba:problem:"
"""What names a kind of problem: this service has no pages to link to."""

TOKEN_REQUIRED = Problem(
    "token-required",
    HTTPStatus.UNAUTHORIZED,
    "Cần mã của trang tra cứu",
    "The verifier's token is needed",
    "Dịch vụ này chỉ nhận kết quả từ trang tra cứu. Hãy đặt cùng một mã trong tệp mã của hai bên.",
    "This service takes verdicts from the verifier alone. Put the same token into the token files of both.",
)
NOT_A_VERDICT = Problem(
    "not-a-verdict",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Không phải kết quả kiểm tra hợp lệ",
    "Not a proper verdict",
    "Dữ liệu gửi tới sai ở: {place}. Chưa ký gì cả; hãy dùng cùng một phiên bản hocba cho hai bên.",
    "What was sent is wrong in: {place}. Nothing was sealed; use the same version of hocba on both sides.",
)
NOT_NOW = Problem(
    "verdict-not-now",
    HTTPStatus.CONFLICT,
    "Kết quả không phải của lúc này",
    "The verdict is not of now",
    "Chỉ ký kết quả vừa có. Chưa ký gì cả; hãy kiểm tra lại tệp, và chỉnh đồng hồ của hai máy nếu vẫn vậy.",
    "Only what was just found out is sealed. Nothing was sealed; check the file again, and set both clocks if it stays so.",
)
TOO_LARGE = Problem(
    "too-large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "Dữ liệu gửi tới quá lớn",
    "What was sent is too large",
    "Dữ liệu vượt {limit} kB. Chưa ký gì cả; một kết quả kiểm tra không dài như vậy.",
    "It exceeds {limit} kB. Nothing was sealed; no verdict is that long.",
)
TOO_SLOW = Problem(
    "upload-too-slow",
    HTTPStatus.REQUEST_TIMEOUT,
    "Gửi quá lâu",
    "It took too long to arrive",
    "Dữ liệu chưa tới đủ trong {seconds} giây. Hãy thử lại.",
    "It did not arrive within {seconds} seconds. Try again.",
)
BUSY = Problem(
    "busy",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Đang có quá nhiều biên bản chờ ký",
    "Too many reports wait for the key",
    "Chưa ký gì cả. Hãy thử lại sau ít giây.",
    "Nothing was sealed. Try again in a few seconds.",
    retry_after=5,
)
TIMESTAMP_DOWN = Problem(
    "timestamp-unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Chưa có dấu thời gian",
    "There is no time-stamp",
    "Máy chủ dấu thời gian, CRL hoặc OCSP không trả lời đúng, hoặc đồng hồ lệch, nên chưa ký gì cả. Hãy thử lại sau; không có "
    "biên bản nào được đưa ra mà chưa ký.",
    "The time-stamping authority, a CRL or an OCSP responder gave no proper answer, or the clock is off, so nothing was sealed. "
    "Try again later; no report is handed out unsealed.",
    retry_after=60,
)
KEY_DOWN = Problem(
    "key-unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Chưa dùng được khóa ký",
    "The key cannot be used",
    "Khóa ký biên bản không mở được, đã hết hạn hoặc bị thu hồi, nên chưa ký gì cả. Hãy báo người vận hành; không có biên bản "
    "nào được đưa ra mà chưa ký.",
    "The key that seals reports cannot be opened, has ended or was revoked, so nothing was sealed. Tell the operator; no report "
    "is handed out unsealed.",
    retry_after=300,
)
UNDRAWABLE = Problem(
    "not-drawable",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Không lập được biên bản",
    "The report cannot be drawn",
    "Có nội dung không in được nên chưa ký gì cả. Hãy báo người vận hành.",
    "Something in it cannot be printed, so nothing was sealed. Tell the operator.",
)

ALL = tuple(value for value in globals().values() if isinstance(value, Problem))
"""Every problem of this service's own, for the documentation's test."""


def refusal_of(error: Exception) -> Refusal | None:
    """The table from errors to problems; None for what is in no row."""
    if isinstance(error, NotAVerdict):
        return Refusal(NOT_A_VERDICT, place=error.place)
    if isinstance(error, Refusal | HTTPException):
        return of_verifier.refusal_of(error)
    return next((Refusal(problem) for kind, problem in _ROWS if isinstance(error, kind)), None)


_ROWS: tuple[tuple[type[Exception], Problem], ...] = (
    (NotNow, NOT_NOW),
    (TooManyWaiting, BUSY),
    (CertificateUntrusted, KEY_DOWN),
    (ValidationDataUnavailable, TIMESTAMP_DOWN),
    (TimestampUnavailable, TIMESTAMP_DOWN),
    (ClockWrong, TIMESTAMP_DOWN),
    (SignerError, KEY_DOWN),
    (PaperError, UNDRAWABLE),
)
"""The first that fits: an untrusted certificate is a kind of missing validation data, and all of these are signer's errors."""


def json_answer(refusal: Refusal, *, language: Language) -> JSONResponse:
    """The refusal as an RFC 9457 document."""
    problem = refusal.problem
    document: dict[str, Any] = {
        "type": TYPE + problem.code,
        "title": problem.title(language),
        "status": problem.status.value,
        "detail": problem.detail(language, refusal.values),
        "code": problem.code,
    }
    return JSONResponse(
        document,
        status_code=problem.status,
        headers=of_verifier.headers(refusal, language=language),
        media_type=PROBLEM_JSON,
    )
