# SPDX-License-Identifier: Apache-2.0

"""What is found in a file itself: steps 1, 2 and 7, intake, bytes and contents."""

from verifier_api.findings.kind import FAILED as _F
from verifier_api.findings.kind import PASSED as _P
from verifier_api.findings.kind import SKIPPED as _S
from verifier_api.findings.kind import UNKNOWN as _U
from verifier_api.findings.kind import Kind

INTAKE_OK = Kind("intake.ok", _P, "Đã đọc được tệp.", "The file could be read.")
INTAKE_SEEN_BEFORE = Kind(
    "intake.seen_before",
    _P,
    "Tệp y nguyên này đã được đọc và xét chữ ký lúc {when}; lần này hỏi lại biên nhận, chuỗi khối và tình trạng hiệu lực.",
    "This very file was read, and its signatures were judged, at {when}; receipt, chain and standing were asked again now.",
)
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
INTAKE_CUT_OFF = Kind(
    "intake.cut_off",
    _F,
    "Tệp thiếu phần cuối nên không đọc được: thường do tải về hoặc gửi chưa hết. Hãy tải lại tệp gốc.",
    "The end of the file is missing, so it cannot be read: a download or a transfer broke off. Fetch the original again.",
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
    "Tệp tự nhận là học bạ {unit} nhưng nội dung tệp khác với tệp đã phát hành: đã bị sửa. "
    "Đừng dùng tệp này; hãy xin tệp gốc từ nhà trường.",
    "The file claims to be record {unit} but differs from the file that was issued: it was altered. "
    "Do not use it; ask the school for the original.",
)
BYTES_RESAVED = Kind(
    "bytes.resaved",
    _F,
    "Dữ liệu của học bạ {unit} trong tệp đúng như khi phát hành, nhưng tệp đã được một phần mềm ghi lại (mở ra rồi lưu, nén hoặc "
    "chuyển đổi) nên không còn là tệp gốc. Đó chưa hẳn là giả mạo, nhưng những gì hiện trên trang có thể đã đổi: đừng dùng tệp "
    "này; hãy dùng tệp gốc đã nhận từ nhà trường.",
    "The data of record {unit} inside the file is as it was issued, but some program has written the file anew (opened and "
    "saved, compressed or converted it), so it is not the original any more. That need not be forgery, but its pages may show "
    "something else: do not use it; use the original that came from the school.",
)
BYTES_SHORTENED = Kind(
    "bytes.shortened",
    _F,
    "Tệp là phần đầu của tệp đã phát hành, thiếu {count} byte cuối: tải về chưa hết, bị cắt bớt, hoặc là bản trước khi ký đủ. "
    "Phần có ở đây không bị sửa; hãy tải lại tệp gốc đầy đủ.",
    "The file is the beginning of the issued one and lacks its last {count} bytes: a download broke off, it was cut, or it is "
    "from before everybody had signed. What is here was not altered; fetch the whole original.",
)
BYTES_PRINTED = Kind(
    "bytes.printed",
    _F,
    "Tệp PDF này không có chữ ký số và không mang dữ liệu học bạ: là bản in ra PDF, bản quét hoặc một tệp khác, không phải tệp "
    "học bạ số gốc. Tệp như vậy không kiểm tra được; hãy quét mã QR trên đó, hoặc xin tệp gốc từ nhà trường.",
    "This PDF has no digital signature and no record inside: it is a print to PDF, a scan or something else, and not the "
    "original digital record. Nothing about it can be checked; scan the QR code on it, or ask the school for the original.",
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
BYTES_LEDGER_BEHIND = Kind(
    "bytes.ledger_behind",
    _U,
    "Sổ cái mà dịch vụ này đọc chưa theo kịp những gì đã công bố trên chuỗi khối nên chưa biết tệp có được phát hành hay không. "
    "Hãy thử lại sau, hoặc kiểm tra với biên nhận kèm tệp.",
    "The ledger that this service reads has not come as far as what is published on the chain, so it is not known whether this "
    "was issued. Try again later, or check with the receipt that came with the file.",
)
BYTES_LEDGER_CONTRADICTS = Kind(
    "bytes.ledger_contradicts",
    _U,
    "Sổ cái trả về biên nhận hỏng hoặc không phải của học bạ này nên chưa kết luận được. Hãy báo người vận hành; "
    "nếu có biên nhận kèm tệp, hãy kiểm tra lại với biên nhận đó.",
    "The ledger gave a receipt that is damaged or not this record's, so nothing can be concluded. Tell the operator; if "
    "a receipt came with the file, check again with that one.",
)
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
