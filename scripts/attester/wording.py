# SPDX-License-Identifier: Apache-2.0

"""The report's own words, in Vietnamese and English. What the verdict says is in `verifier_api`'s words."""

from ledger.web.languages import Text
from verifier_api.verdict import Standing
from verifier_api.wording import TEXTS

NAME = Text("Biên bản kiểm tra học bạ số", "Report on the check of a digital school record")

STANDINGS = {
    Standing.CURRENT: Text("Đang có hiệu lực", "Current"),
    Standing.RECALLED: Text("Đã thu hồi", "Recalled"),
    Standing.REPLACED: Text("Đã thu hồi và thay thế", "Recalled and replaced"),
    Standing.UNANCHORED: Text("Chưa ghi xong lên chuỗi khối", "Not (finally) anchored on the chain"),
    Standing.UNKNOWN: Text("Chưa rõ", "Not known"),
}

WORDS = {
    "file": Text("Tệp được kiểm tra", "The file that was checked"),
    "sha256": Text("Mã băm SHA-256 của tệp", "SHA-256 of the file"),
    "as_of": Text("Xét tại thời điểm", "Answer about the moment"),
    "replaced_by": Text("Học bạ thay thế", "The record that replaces it"),
    "conclusion": TEXTS["conclusion"],
    "standing": Text("Tình trạng của học bạ", "Standing of the record"),
    "about": TEXTS["facts"],
    "checks": TEXTS["findings"],
    "step": Text("Bước kiểm tra", "Step"),
    "outcome": TEXTS["outcome"],
    "found": Text("Đã thấy gì", "What was found"),
    "signatures": Text("Chữ ký số trên tệp", "Digital signatures in the file"),
    "no_signatures": Text("Không có chữ ký số nào được xét.", "No digital signature was judged."),
    "role": TEXTS["role"],
    "signer": TEXTS["signer"],
    "signed_at": Text("Thời điểm ký", "Signed at"),
    "anchoring": Text("Dấu vết trên chuỗi khối", "Traces on the chain"),
    "root": Text("Gốc Merkle", "Merkle root"),
    "leaf": Text("Lá", "Leaf"),
    "block": Text("Khối", "Block"),
    "head": Text("Khối mới nhất khi kiểm tra", "Newest block at the check"),
    "limits": Text("Biên bản này không chứng minh gì", "What this report does not prove"),
    "again": Text("Kiểm tra lại", "How to check again"),
    "sealed_by": Text("Lập và ký bởi", "Made and sealed by"),
    "page": Text("Trang", "Page"),
}
"""What the template says, by the name it says it with."""

LIMITS = (
    Text(
        "Biên bản nói về đúng tệp có mã băm ghi trên, tại thời điểm ghi trên. Học bạ có thể bị thu hồi sau đó; bản in, bản chụp "
        "hay tệp khác mang cùng tên không được biên bản này nói tới.",
        "It speaks of the very file with that SHA-256, at that time. The record may be recalled later; a print-out, a photo or "
        "another file of the same name is not what it is about.",
    ),
    Text(
        "Dịch vụ ký biên bản không thấy tệp và không tự kiểm tra gì: chữ ký cho biết trang tra cứu nêu trên đã kết luận như vậy, "
        "và dấu thời gian cho biết biên bản đã có vào lúc đó.",
        "The service that seals it saw no file and checked nothing by itself: the seal says that the verifier named above "
        "concluded so, and the time-stamp that the report existed then.",
    ),
    TEXTS["meaning_file_2"],
    TEXTS["meaning_file_3"],
)

AGAIN = (
    Text(
        "So mã băm: tính SHA-256 của tệp trong hồ sơ (sha256sum, certutil -hashfile TỆP SHA256) và so với mã băm ghi trên.",
        "Compare the digest: compute the SHA-256 of the file that you hold (sha256sum, certutil -hashfile FILE SHA256).",
    ),
    Text(
        "Xem tình trạng hôm nay: gửi lại tệp tại {url}/kiem-tra, hoặc dùng lệnh hocba verify mà không cần tin trang này.",
        "See how it stands today: send the file again at {url}/kiem-tra; or use hocba verify, and trust no site.",
    ),
    Text(
        "Kiểm tra chữ ký của biên bản: mở bằng phần mềm đọc PDF có kiểm tra chữ ký; kết quả cho máy đọc nằm trong tệp đính kèm "
        "verdict.json.",
        "Check the report's own seal: open it in a PDF reader that validates signatures; the result for machines is attached as "
        "verdict.json.",
    ),
)
