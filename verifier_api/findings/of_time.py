# SPDX-License-Identifier: Apache-2.0

"""What the time-stamp tokens in a receipt come to, beside the steps: they never decide (`verifier_api.witness`)."""

from verifier_api.findings.kind import FAILED as _F
from verifier_api.findings.kind import PASSED as _P
from verifier_api.findings.kind import SKIPPED as _S
from verifier_api.findings.kind import UNKNOWN as _U
from verifier_api.findings.kind import Kind

TIME_STAMPED = Kind(
    "time.stamped",
    _P,
    "Không cần chuỗi khối cũng có bằng chứng về thời gian: học bạ đã tồn tại muộn nhất lúc {when}, theo dấu thời gian của "
    "{authority} trong biên nhận.",
    "There is proof of time that needs no chain: the record existed at {when} at the latest, by the time-stamp of {authority} in "
    "the receipt.",
)
TIME_LATER = Kind(
    "time.later",
    _S,
    "Dấu thời gian trong biên nhận được đóng lúc {when}, sau thời điểm được hỏi, nên không nói lên điều gì về lúc đó.",
    "The time-stamp in the receipt was made at {when}, after the moment asked about, and says nothing of that moment.",
)
TIME_INDETERMINATE = Kind(
    "time.indeterminate",
    _U,
    "Biên nhận có dấu thời gian nhưng chưa đủ dữ liệu để tin: không rõ máy chủ đóng dấu có được tin cậy và còn hiệu lực "
    "không. Điều này không làm học bạ sai.",
    "The receipt carries a time-stamp, and there is not enough data to believe it: whether its authority is trusted and "
    "in force is not known. That says nothing against the record.",
)
TIME_NOT_OF_ROOT = Kind(
    "time.not_of_root",
    _F,
    "Dấu thời gian trong biên nhận không phải của đợt học bạ này hoặc đã bị sửa, nên không chứng minh gì. Bản thân học bạ "
    "không vì thế mà sai; hãy lấy lại biên nhận từ nơi phát hành.",
    "The time-stamp in the receipt is not over this batch of records, or was altered, and proves nothing. That says "
    "nothing against the record itself; fetch the receipt again from where it was issued.",
)
TIME_NO_TOKEN = Kind(
    "time.no_token",
    _S,
    "Biên nhận không kèm dấu thời gian; thời gian chỉ do chuỗi khối làm chứng.",
    "The receipt carries no time-stamp; the chain alone bears witness of time.",
)
