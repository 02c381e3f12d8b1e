# SPDX-License-Identifier: Apache-2.0

"""What is found on the way from a receipt to the chain: steps 3 to 5, receipt, chain and standing."""

from verifier_api.findings.kind import FAILED as _F
from verifier_api.findings.kind import PASSED as _P
from verifier_api.findings.kind import SKIPPED as _S
from verifier_api.findings.kind import UNKNOWN as _U
from verifier_api.findings.kind import Kind

RECEIPT_OK = Kind(
    "receipt.consistent",
    _P,
    "Biên nhận hợp lệ: dẫn từ hồ sơ phát hành đến gốc của đợt neo.",
    "The receipt leads from what was issued to the root of its batch.",
)
RECEIPT_MALFORMED = Kind(
    "receipt.malformed",
    _F,
    "Biên nhận không hợp lệ ({problem}). Hãy lấy lại biên nhận từ nơi phát hành.",
    "The receipt is not valid ({problem}). Fetch it again from where it was issued.",
)
RECEIPT_SET_ASIDE = Kind(
    "receipt.set_aside",
    _S,
    "Biên nhận gửi kèm không phải của tệp này hoặc không được chuỗi khối xác nhận, nên không nói lên điều gì về tệp và đã được "
    "bỏ qua; tệp được xét theo sổ cái.",
    "The receipt that came with the file is not this file's, or the chain does not bear it out. It says nothing about the file "
    "and was set aside; the ledger was asked instead.",
)
RECEIPT_NOT_BORNE_OUT = Kind(
    "receipt.not_borne_out",
    _S,
    "Trong thư mục có một biên nhận nói về học bạ này nhưng chuỗi khối không xác nhận. Ai cũng có thể viết ra biên nhận như vậy, "
    "nên biên nhận đó đã được bỏ qua; hãy lấy biên nhận từ nơi phát hành.",
    "A receipt in the folder speaks of this record, but the chain does not bear it out. Anybody could have written it, so it was "
    "set aside; fetch the receipt from where the record was issued.",
)
RECEIPT_PENDING = Kind(
    "receipt.pending",
    _U,
    "Học bạ đã phát hành và đang chờ neo lên chuỗi. Hãy thử lại sau ít phút.",
    "The record is issued and waits for its anchor. Try again in a few minutes.",
)
CHAIN_ANCHORED = Kind(
    "chain.anchored",
    _P,
    "Trường {school} đã neo học bạ này lên chuỗi khối lúc {when}.",
    "School {school} anchored this record on the chain at {when}.",
)
CHAIN_LATE = Kind(
    "chain.late",
    _P,
    "Học bạ được neo sau khi Sở khóa năm học lúc {when}: phát hành lần đầu sau khi đánh giá lại.",
    "The record was anchored after the authority locked the school year at {when}: a first issue after re-assessment.",
)
CHAIN_DOUBTFUL = Kind(
    "chain.doubtful",
    _U,
    "Sở đã báo lúc {reported} rằng khóa chuỗi của trường bị lộ từ {when}, trước khi học bạ này được neo. Hãy hỏi nhà trường "
    "để được xác nhận.",
    "The authority reported at {reported} that the school's chain key has been in wrong hands since {when}, before this "
    "record was anchored. Ask the school to confirm it.",
)
STANDING_DOUBTFUL = Kind(
    "standing.doubtful",
    _U,
    "Việc thu hồi hoặc thay thế được làm bằng một khóa mà Sở đã báo bị lộ, nên có thể sẽ được hủy. Hãy hỏi nhà trường.",
    "The recall, or its replacement, was made with a key that the authority has reported as stolen, and may be annulled. Ask "
    "the school.",
)
CHAIN_AWAITING = Kind(
    "chain.awaiting",
    _U,
    "Học bạ đã được gửi lên chuỗi khối, đang chờ đủ xác nhận ({depth}/{needed}). Hãy thử lại sau ít phút.",
    "The record is on the chain and waits for confirmations ({depth} of {needed}). Try again in a few minutes.",
)
CHAIN_NOT_ANCHORED = Kind(
    "chain.not_anchored",
    _F,
    "Trên chuỗi khối không có dấu vết học bạ này do trường {school} neo. Đừng dùng tệp này; hãy hỏi nhà trường.",
    "The chain holds no anchor of this record by school {school}. Do not use the file; ask the school.",
)
CHAIN_NOT_YET = Kind(
    "chain.not_yet",
    _U,
    "Vào thời điểm được hỏi, học bạ này chưa được neo; nó được neo lúc {when}. Muốn biết tình trạng hiện nay, hãy kiểm tra lại "
    "mà không nêu thời điểm.",
    "At the moment asked about, this record was not anchored yet; that came at {when}. To know how it stands today, check again "
    "without a date.",
)
CHAIN_UNREACHABLE = Kind(
    "chain.unreachable",
    _U,
    "Hiện chưa hỏi được chuỗi khối nên chưa thể kết luận. Học bạ không vì thế mà sai; hãy thử lại sau.",
    "The chain cannot be asked right now, so nothing can be concluded. That says nothing against the record; try again "
    "later.",
)
CHAIN_WRONG = Kind(
    "chain.wrong_registry",
    _U,
    "Nút chuỗi trả lời không phải của sổ đăng ký được tin cậy nên không dùng câu trả lời đó. Hãy báo người vận hành.",
    "The chain node does not serve the trusted registry, so its answer is not used. Tell the operator.",
)
CHAIN_STALE = Kind(
    "chain.stale",
    _U,
    "Nút chuỗi đứng lại từ {when} nên chưa biết học bạ đã được neo hay bị thu hồi sau đó. Hãy thử lại sau; nếu kéo dài, "
    "hãy báo người vận hành.",
    "The chain node has stood still since {when}, so anchors and recalls since then are not known. Try again later; if it "
    "lasts, tell the operator.",
)
CHAIN_OFFLINE = Kind(
    "chain.offline",
    _U,
    "Kiểm tra ngoại tuyến: chưa hỏi chuỗi khối. Hãy kiểm tra lại khi có mạng.",
    "Offline check: the chain was not asked. Check again with a network.",
)
CHAIN_SKIPPED = Kind("chain.skipped", _S, "Chưa hỏi chuỗi khối.", "The chain was not asked.")
STANDING_CURRENT = Kind(
    "standing.current", _P, "Học bạ đang có hiệu lực, không bị thu hồi.", "The record is current; it was not recalled."
)
STANDING_RECALLED = Kind(
    "standing.recalled",
    _F,
    "Nhà trường đã thu hồi học bạ này lúc {when} (lý do: {reason}). Đừng dùng; hãy xin bản mới từ nhà trường.",
    "The school recalled this record at {when} (reason: {reason}). Do not use it; ask the school for a new one.",
)
STANDING_REPLACED = Kind(
    "standing.replaced",
    _F,
    "Nhà trường đã thu hồi học bạ này lúc {when} (lý do: {reason}) và thay bằng học bạ mới. Hãy dùng bản mới.",
    "The school recalled this record at {when} (reason: {reason}) and replaced it. Use the new one.",
)
STANDING_UNITS_CURRENT = Kind(
    "standing.units_current",
    _P,
    "Cả {count} học bạ năm học ghi trong sổ học bạ này đang có hiệu lực.",
    "All {count} yearly records that this booklet lists are current.",
)
STANDING_UNIT_WITHDRAWN = Kind(
    "standing.unit_withdrawn",
    _F,
    "Học bạ năm học {unit} ghi trong sổ học bạ này đã bị thu hồi. Đừng dùng sổ học bạ này; hãy xin bản mới từ nhà trường.",
    "The yearly record {unit} that this booklet lists was recalled. Do not use this booklet; ask the school for a new one.",
)
STANDING_UNIT_UNKNOWN = Kind(
    "standing.unit_unknown",
    _U,
    "Chưa kiểm tra được học bạ năm học {unit} ghi trong sổ học bạ này. Hãy kiểm tra kèm tệp và biên nhận của học bạ đó.",
    "The yearly record {unit} that this booklet lists could not be checked. Check that record's own file and receipt.",
)
STANDING_AS_OF = Kind(
    "standing.as_of",
    _S,
    "Câu trả lời này là về thời điểm {when}, không phải hôm nay: thu hồi, thay thế hoặc thu hồi chứng thư sau đó không được xét.",
    "This is an answer about {when}, not about today: later recalls, replacements and revocations were not considered.",
)
STANDING_UNKNOWN = Kind(
    "standing.unknown",
    _U,
    "Chưa biết học bạ còn hiệu lực hay đã bị thu hồi.",
    "It is not known whether the record is current or recalled.",
)
