# SPDX-License-Identifier: Apache-2.0

"""Every finding that a verdict can hold: its code, its outcome and its sentence in both languages, in one table.

Codes are never renamed or reused once released: other people's programs look for them. A sentence says what is so, in words
a parent understands, and what to do next when something is wrong. `{name}` places take values when the finding is made.
"""

from dataclasses import dataclass
from typing import Any

from verifier_api.verdict import Check, Finding, Outcome


@dataclass(frozen=True)
class Kind:
    """One row of the table; calling it makes the finding."""

    code: str
    outcome: Outcome
    vi: str
    en: str

    @property
    def check(self) -> Check:
        """The part of the code before the dot."""
        return Check(self.code.partition(".")[0])

    def __call__(self, details: dict[str, Any] | None = None, **values: object) -> Finding:
        """The finding itself. `values` fill the sentence, a pair being Vietnamese and English; `details` go to experts."""
        pairs = {name: value if isinstance(value, tuple) else (value, value) for name, value in values.items()}
        return Finding(
            check=self.check,
            outcome=self.outcome,
            code=self.code,
            vi=self.vi.format(**{name: vi for name, (vi, _) in pairs.items()}),
            en=self.en.format(**{name: en for name, (_, en) in pairs.items()}),
            details=details or {},
        )


_P, _F, _U, _S = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.SKIPPED

INTAKE_OK = Kind("intake.ok", _P, "Đã đọc được tệp.", "The file could be read.")
INTAKE_EMPTY = Kind(
    "intake.empty", _F, "Tệp rỗng. Hãy tải lại tệp gốc từ nơi đã nhận.", "The file is empty. Fetch the original again."
)
INTAKE_TOO_LARGE = Kind(
    "intake.too_large",
    _F,
    "Tệp quá lớn (trên {limit} MB), không thể là học bạ số. Hãy chọn đúng tệp học bạ gốc.",
    "The file is too large (over {limit} MB) to be a digital school record. Choose the original record.",
)
INTAKE_NOT_A_RECORD = Kind(
    "intake.not_a_record",
    _F,
    "Tệp không phải PDF hay XML. Hãy chọn tệp học bạ gốc (đuôi .pdf hoặc .xml).",
    "The file is neither PDF nor XML. Choose the original record (ending in .pdf or .xml).",
)
INTAKE_UNREADABLE = Kind(
    "intake.unreadable",
    _F,
    "Tệp bị hỏng hoặc cố ý làm rối, không đọc được cấu trúc. Hãy dùng tệp gốc.",
    "The file is damaged or deliberately garbled; its structure cannot be read. Use the original.",
)
INTAKE_UNOPENED = Kind(
    "intake.unopened",
    _U,
    "Không mở được tệp trên máy này nên chưa kiểm tra. Hãy xem quyền đọc của tệp rồi thử lại.",
    "The file could not be opened on this computer, so it was not judged. See who may read it, and try again.",
)
INTAKE_EXHAUSTED = Kind(
    "intake.exhausted",
    _U,
    "Tệp này cần nhiều thời gian hoặc bộ nhớ hơn mức cho phép nên chưa kiểm tra xong. Học bạ thật không như vậy; "
    "hãy dùng tệp gốc hoặc thử lại sau.",
    "Judging this file took more time or memory than is allowed, so it was not finished. Genuine records do not do "
    "this; use the original, or try again later.",
)
INTAKE_NO_FILE = Kind(
    "intake.no_file",
    _S,
    "Chỉ tra theo mã nên chưa kiểm tra tệp nào. Muốn chắc chắn từng con số, hãy kiểm tra bằng tệp PDF gốc.",
    "Only an id was looked up; no file was examined. To be sure of every mark, check the original PDF.",
)

BYTES_ISSUED = Kind(
    "bytes.issued", _P, "Tệp đúng từng byte với tệp đã phát hành.", "The file is, byte for byte, one that was issued."
)
BYTES_RENEWED = Kind(
    "bytes.renewed",
    _P,
    "Tệp là tệp đã phát hành, về sau chỉ được thêm dấu thời gian ({count} byte) để chữ ký còn kiểm chứng được lâu dài; nội dung "
    "không đổi.",
    "The file is one that was issued, to which only document timestamps ({count} bytes) were added later, so that its signatures "
    "stay provable; the contents did not change.",
)
BYTES_RENEWAL_LISTED = Kind(
    "bytes.renewal_listed",
    _S,
    "Sổ cái ghi đây là tệp đã phát hành được gia hạn dấu thời gian. Muốn chắc chắn, hãy kiểm tra bằng chính tệp đó.",
    "The ledger lists this as an issued file with a renewed timestamp. To be sure, check the file itself.",
)
BYTES_NOT_ISSUED = Kind(
    "bytes.not_issued",
    _F,
    "Đây không phải tệp đã phát hành trong hệ thống này: có thể là tệp giả, bản in lại, bản lưu lại hoặc của nơi khác. "
    "Hãy xin tệp gốc từ nhà trường hoặc quét mã QR trên học bạ.",
    "This is not a file that was issued here: it may be forged, re-saved, printed to PDF, or from elsewhere. "
    "Ask the school for the original, or scan the QR code on the record.",
)
BYTES_ALTERED = Kind(
    "bytes.altered",
    _F,
    "Tệp tự nhận là học bạ {unit} nhưng nội dung tệp khác với tệp đã phát hành: đã bị sửa hoặc lưu lại. "
    "Đừng dùng tệp này; hãy xin tệp gốc từ nhà trường.",
    "The file claims to be record {unit} but differs from the file that was issued: it was altered or re-saved. "
    "Do not use it; ask the school for the original.",
)
BYTES_APPENDED = Kind(
    "bytes.appended",
    _F,
    "Tệp gồm tệp đã phát hành và {count} byte được thêm vào sau. Phần thêm vào không do nhà trường phát hành; "
    "hãy dùng tệp gốc.",
    "The file is an issued one with {count} bytes added afterwards. The school did not issue that addition; use the "
    "original.",
)
BYTES_OTHER_RECEIPT = Kind(
    "bytes.other_receipt",
    _F,
    "Biên nhận kèm theo không phải của tệp này: tệp đã bị sửa, hoặc đi kèm nhầm biên nhận. "
    "Hãy dùng đúng tệp gốc và biên nhận của nó.",
    "The receipt beside it is not this file's: the file was altered, or the receipt belongs to another one. "
    "Use the original file with its own receipt.",
)
BYTES_NO_RECEIPT = Kind(
    "bytes.no_receipt",
    _U,
    "Không có biên nhận của tệp này nên chưa biết tệp có được phát hành hay không. Hãy đặt tệp .receipt.json cạnh tệp, "
    "dùng --receipt, hoặc tra trên trang của nơi phát hành.",
    "There is no receipt of this file, so it is not known whether it was issued. Put the .receipt.json beside it, use "
    "--receipt, or ask the issuer's page.",
)
BYTES_NO_LEDGER = Kind(
    "bytes.no_ledger",
    _U,
    "Chưa tra được sổ cái nên chưa biết tệp có được phát hành hay không. Hãy thử lại sau.",
    "The ledger could not be asked, so it is not known whether this file was issued. Try again later.",
)

BYTES_LEDGER_CONTRADICTS = Kind(
    "bytes.ledger_contradicts",
    _U,
    "Sổ cái trả về biên nhận hỏng hoặc không phải của học bạ này nên chưa kết luận được. Hãy báo người vận hành; "
    "nếu có biên nhận kèm tệp, hãy kiểm tra lại với biên nhận đó.",
    "The ledger gave a receipt that is damaged or not this record's, so nothing can be concluded. Tell the operator; if "
    "a receipt came with the file, check again with that one.",
)

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

SIGNATURES_VALID = Kind(
    "signatures.valid",
    _P,
    "Cả {count} chữ ký số đều nguyên vẹn, đúng người, và chứng thư còn hiệu lực khi ký.",
    "All {count} signatures are intact and trusted, and their certificates were valid when they signed.",
)
SIGNATURES_NONE = Kind("signatures.none", _F, "Tệp không có chữ ký số nào.", "The file carries no digital signature.")
SIGNATURES_INVALID = Kind(
    "signatures.invalid",
    _F,
    "Chữ ký «{role}» không hợp lệ: tệp đã bị sửa sau khi ký, hoặc chữ ký là giả.",
    "Signature {role} is not valid: the file was changed after signing, or the signature is forged.",
)
SIGNATURES_UNTRUSTED = Kind(
    "signatures.untrusted",
    _F,
    "Chữ ký «{role}» dùng chứng thư không thuộc hệ thống chứng thực được công nhận cho vai trò này.",
    "Signature {role} uses a certificate outside the hierarchy that is trusted for this role.",
)
SIGNATURES_INDETERMINATE = Kind(
    "signatures.indeterminate",
    _U,
    "Chưa đủ dữ liệu để kết luận về chữ ký «{role}».",
    "There is not enough data to conclude on signature {role}.",
)
SIGNATURES_MISSING = Kind(
    "signatures.missing",
    _F,
    "Thiếu chữ ký bắt buộc: {roles}.",
    "Required signatures are missing: {roles}.",
)
SIGNATURES_STRANGER = Kind(
    "signatures.stranger",
    _F,
    "Có chữ ký không nằm trong danh sách khi phát hành: {roles}.",
    "There are signatures that were not there when the record was issued: {roles}.",
)
SIGNATURES_OTHER_SIGNER = Kind(
    "signatures.other_signer",
    _F,
    "Chữ ký «{role}» không phải của người đã ký khi phát hành.",
    "Signature {role} is not by whoever signed when the record was issued.",
)
SIGNATURES_ORDER = Kind(
    "signatures.order", _F, "Thứ tự ký không đúng quy định.", "The signatures are not in the order that is prescribed."
)
SIGNATURES_CHANGED = Kind(
    "signatures.changed_after",
    _F,
    "Sau khi ký, tệp bị thêm hoặc sửa nội dung ngoài chữ ký.",
    "Something other than signatures was added or changed after signing.",
)
SIGNATURES_SEAL_REGISTERED = Kind(
    "signatures.seal_registered",
    _P,
    "Con dấu số đúng với chứng thư mà Sở đã đăng ký cho trường trên chuỗi khối.",
    "The seal is the certificate that the authority registered for the school on the chain.",
)
SIGNATURES_SEAL_OTHER = Kind(
    "signatures.seal_other",
    _F,
    "Con dấu số không phải chứng thư mà Sở đã đăng ký cho trường này.",
    "The seal is not the certificate that the authority registered for this school.",
)
SIGNATURES_LISTED = Kind(
    "signatures.listed",
    _P,
    "Những người ký đều có trong danh sách người ký được Sở duyệt.",
    "All signers are on the authority's list of approved signers.",
)
SIGNATURES_NOT_LISTED = Kind(
    "signatures.not_listed",
    _F,
    "Người ký «{role}» không có trong danh sách được Sở duyệt cho trường này vào lúc ký.",
    "Signer {role} was not on the authority's list of approved signers of this school at that time.",
)
SIGNATURES_OTHER_HIERARCHY = Kind(
    "signatures.other_hierarchy",
    _F,
    "Chứng thư của «{role}» thuộc hệ thống chứng thực khác với hệ thống mà Sở đã duyệt cho người ký này. Đừng dùng tệp này; hãy "
    "hỏi nhà trường.",
    "The certificate of {role} belongs to another hierarchy than the one under which the authority approved this signer. Do not "
    "use the file; ask the school.",
)
SIGNATURES_LIST_PUBLISHED = Kind(
    "signatures.list_published",
    _P,
    "Danh sách người ký dùng để đối chiếu đúng là danh sách mới nhất mà Sở công bố trên chuỗi khối lúc {when}.",
    "The list of approved signers is the newest that the authority published on the chain, at {when}.",
)
SIGNATURES_LIST_SINCE = Kind(
    "signatures.list_since",
    _P,
    "Danh sách người ký dùng để đối chiếu là danh sách mới nhất mà Sở công bố trên chuỗi khối, lúc {when}, sau thời điểm được "
    "hỏi; các dòng của nó ghi ai được duyệt vào lúc nào.",
    "The list of approved signers is the newest that the authority published on the chain, at {when}, after the moment asked "
    "about; its lines say who was approved when.",
)
SIGNATURES_LIST_SUPERSEDED = Kind(
    "signatures.list_superseded",
    _U,
    "Danh sách người ký dùng để đối chiếu đã cũ hoặc bị sửa: Sở công bố danh sách khác trên chuỗi khối lúc {when}. Hãy lấy "
    "bộ thiết lập tin cậy mới từ Sở GDĐT.",
    "The list of approved signers is old or was altered: the authority published another one on the chain at {when}. Get the "
    "new trust folder from the authority.",
)
SIGNATURES_LIST_UNPUBLISHED = Kind(
    "signatures.list_unpublished",
    _U,
    "Sở chưa công bố danh sách người ký này trên chuỗi khối nên chưa dùng để kết luận được. Hãy lấy lại bộ thiết lập tin cậy từ "
    "Sở GDĐT.",
    "The authority has not published this list of approved signers on the chain, so it proves nothing yet. Fetch the trust "
    "folder again from the authority.",
)
SIGNATURES_LIST_UNCONFIRMED = Kind(
    "signatures.list_unconfirmed",
    _U,
    "Chưa hỏi được chuỗi khối nên chưa biết danh sách người ký có phải bản mới nhất của Sở. Hãy thử lại sau.",
    "The chain cannot be asked, so it is not known whether the list of approved signers is the authority's newest. Try again "
    "later.",
)
SIGNATURES_LIST_OFFLINE = Kind(
    "signatures.list_not_asked",
    _S,
    "Kiểm tra ngoại tuyến: chưa hỏi chuỗi khối xem danh sách người ký có phải bản mới nhất.",
    "Offline check: the chain was not asked whether the list of approved signers is the newest.",
)
SIGNATURES_NO_LIST = Kind(
    "signatures.no_list",
    _U,
    "Chưa có danh sách người ký được Sở duyệt để đối chiếu. Hãy hỏi người vận hành.",
    "There is no list of approved signers to compare with. Ask the operator.",
)
SIGNATURES_REVOCATION_NOW = Kind(
    "signatures.revocation_not_asked",
    _S,
    "Đã xét hiệu lực chứng thư tại thời điểm ký; chưa hỏi lại tình trạng thu hồi hôm nay.",
    "Certificates were judged at the time of signing; revocation as known today was not asked.",
)
SIGNATURES_REVOCATION_KNOWN = Kind(
    "signatures.revocation_known",
    _P,
    "Theo dữ liệu thu hồi đến ngày {when}, không chứng thư nào của người ký bị thu hồi trước khi ký.",
    "As known on {when}, no signer's certificate was revoked before it signed.",
)
SIGNATURES_REVOKED_LATER = Kind(
    "signatures.revoked_later",
    _P,
    "Chứng thư của «{role}» bị thu hồi lúc {when}, sau khi đã ký; chữ ký này vẫn có giá trị.",
    "The certificate of {role} was revoked at {when}, after it had signed; this signature still holds.",
)
SIGNATURES_REVOKED_BEFORE = Kind(
    "signatures.revoked_before",
    _U,
    "Chứng thư của «{role}» đã bị thu hồi từ {when}, trước khi có chữ ký này, nên không thể tin chữ ký. Hãy hỏi nhà trường "
    "hoặc Sở.",
    "The certificate of {role} has been revoked since {when}, before this signature was made, so it cannot be relied on. Ask the "
    "school or the authority.",
)
SIGNATURES_XML_REVOCATION = Kind(
    "signatures.xml_revocation_not_asked",
    _S,
    "Tệp XML không mang dữ liệu thu hồi chứng thư nên chưa xét việc thu hồi. Muốn chắc chắn, hãy kiểm tra cả tệp PDF của "
    "học bạ này.",
    "The XML carries no revocation data, so revocation was not judged. To be sure, check the PDF of this record too.",
)
SIGNATURES_SKIPPED = Kind("signatures.skipped", _S, "Chưa kiểm tra chữ ký.", "Signatures were not checked.")

CONTENTS_MATCH = Kind(
    "contents.record_matches",
    _P,
    "Dữ liệu học bạ trong tệp đúng với dữ liệu đã phát hành.",
    "The record inside the file is the one that was issued.",
)
CONTENTS_DIFFER = Kind(
    "contents.record_differs",
    _F,
    "Dữ liệu học bạ trong tệp khác với dữ liệu đã phát hành.",
    "The record inside the file is not the one that was issued.",
)
CONTENTS_OTHER_CLAIM = Kind(
    "contents.other_claim",
    _F,
    "Học bạ trong tệp ghi mã tra cứu, trường, năm học hoặc cấp học khác với hồ sơ phát hành. Đừng dùng tệp này; hãy hỏi "
    "nhà trường.",
    "The record inside names another unit, school, year or level than it was issued under. Do not use the file; ask the "
    "school.",
)
CONTENTS_OTHER_UNIT = Kind(
    "contents.other_unit",
    _F,
    "Sổ học bạ này ghi học bạ năm học {unit}, nhưng học bạ đó không thuộc sổ này: khác cấp học, khác thứ tự năm học, khác trường "
    "hoặc năm học ghi trên bìa, hoặc không phải học bạ một năm học. Đừng dùng sổ này; hãy hỏi nhà trường.",
    "This booklet lists {unit}, which does not belong in it: it is of another level, out of the order of years, of another "
    "school or year than the cover says, or no yearly record. Do not use the booklet; ask the school.",
)
CONTENTS_SKIPPED = Kind("contents.skipped", _S, "Chưa kiểm tra nội dung.", "Contents were not checked.")

ALL = tuple(value for value in globals().values() if isinstance(value, Kind))
"""Every kind, for the documentation and its test."""
