# SPDX-License-Identifier: Apache-2.0

"""What the pages say, in Vietnamese and English, and which of the two a reader gets.

Vietnamese as a teacher would say it to a parent. The sentences of findings stand in `findings`, those of refused requests in
`problems`; here is the rest.
"""

import datetime as dt

from ledger.web.languages import Language, Text, local
from verifier_api.roles import subject_name
from verifier_api.verdict import Check, Outcome, SignatureSummary, Verdict


def moment(value: dt.datetime, language: Language) -> str:
    """A time as people read it, in Vietnam's time."""
    return f"{local(value)} ({TEXTS['zone'].to(language)})"


LEVELS = {
    "TH": Text("Tiểu học", "Primary school"),
    "THCS": Text("Trung học cơ sở", "Lower secondary school"),
    "THPT": Text("Trung học phổ thông", "Upper secondary school"),
}

ROLES = {
    "GVBM": Text("Giáo viên bộ môn", "Subject teacher"),
    "GVCN": Text("Giáo viên chủ nhiệm", "Homeroom teacher"),
    "CBQL": Text("Hiệu trưởng", "Principal"),
    "KY_PHAT_HANH": Text("Nhà trường (con dấu số)", "The school (its seal)"),
}
"""The ministry's signature slots (CV 2088/BGDĐT-GDTH, annex 1), and the subject teachers of QĐ 1789/QĐ-SGDĐT."""

DEPUTY = Text("Phó hiệu trưởng ký thay theo ủy quyền", "Deputy principal, signing by delegation")
"""Who signs in the principal's place: the deputy signs for the head ("ký thay", NĐ 30/2020/NĐ-CP, Điều 13)."""


def role_text(signature: SignatureSummary) -> Text:
    """In which role somebody signed; a stranger's signature field is called what it is called."""
    if signature.delegated_by is not None:
        return DEPUTY
    if signature.subject is not None:
        subject = subject_name(signature.subject)
        return Text(f"Giáo viên {subject}", f"Teacher of {subject}")
    return ROLES.get(signature.role, Text(signature.role, signature.role))


OUTCOMES = {
    "PASSED": Text("Đạt", "Passed"),
    "FAILED": Text("Không đạt", "Failed"),
    "UNKNOWN": Text("Chưa rõ", "Not known"),
    "SKIPPED": Text("Không xét", "Not checked"),
}


def signature_result(signature: SignatureSummary, verdict: Verdict) -> tuple[Outcome, Text]:
    """What one signature came to, as people are told. It is green only where all signatures together passed.

    Anyone with a certificate can make an intact signature and name its field `CBQL`. That it is the principal's is known only
    once it was compared with what was issued.
    """
    together = verdict.finding(Check.SIGNATURES)
    outcome = signature.outcome
    if outcome is Outcome.PASSED and (together is None or together.outcome is not Outcome.PASSED):
        return Outcome.SKIPPED, TEXTS["uncompared"]
    return outcome, OUTCOMES[outcome]


CHECKS = {
    "intake": Text("Đọc tệp", "Reading the file"),
    "bytes": Text("Đúng tệp đã phát hành", "The file that was issued"),
    "receipt": Text("Biên nhận", "Receipt"),
    "chain": Text("Chuỗi khối", "Chain"),
    "standing": Text("Hiệu lực hiện nay", "Standing today"),
    "signatures": Text("Chữ ký số", "Digital signatures"),
    "contents": Text("Nội dung", "Contents"),
    "time": Text("Dấu thời gian trong biên nhận", "Time-stamp in the receipt"),
}

REASONS = {
    "wrong-data": Text("Sai dữ liệu", "Wrong data"),
    "civil-status-change": Text("Thay đổi hộ tịch", "Change of civil status"),
    "reassessment": Text("Đánh giá lại", "Re-assessment"),
    "issued-in-error": Text("Phát hành nhầm", "Issued in error"),
    "fraud": Text("Gian lận", "Fraud"),
    "other": Text("Lý do khác", "Another reason"),
}

TEXTS = {
    "zone": Text("giờ Việt Nam", "Vietnam time"),
    "service": Text("Kiểm tra học bạ số", "Digital school record check"),
    "tagline": Text("Miễn phí, không cần tài khoản", "Free, no account needed"),
    "skip": Text("Tới nội dung chính", "Skip to main content"),
    "other_language": Text("English", "Tiếng Việt"),
    "language": Text("Ngôn ngữ", "Language"),
    "footer": Text(
        "Tệp bạn gửi chỉ được đọc trong bộ nhớ để kiểm tra, rồi bỏ đi: không lưu lại, không ghi nhật ký.",
        "The file you send is read in memory to be checked, then dropped: it is neither stored nor logged.",
    ),
    "footer_open": Text(
        "Mọi kết quả đều tự kiểm chứng được từ tệp, biên nhận và chuỗi khối, không cần tin trang này.",
        "Every result can be checked again from file, receipt and chain, without trusting this site.",
    ),
    # The page to drop a file on
    "check_title": Text("Kiểm tra học bạ số", "Check a digital school record"),
    "check_lead": Text(
        "Chọn tệp học bạ (PDF hoặc XML) đã nhận từ nhà trường. Sau vài giây bạn sẽ biết tệp có đúng do nhà trường phát hành "
        "và học bạ còn hiệu lực hay không.",
        "Choose the record's file (PDF or XML) as received from the school. In a few seconds you will know whether the school "
        "issued it and whether it is current.",
    ),
    "check_pick": Text("Chọn tệp học bạ", "Choose the record's file"),
    "check_code": Text("Hoặc gõ mã tra cứu ngắn in cạnh mã QR", "Or type the short code printed beside the QR code"),
    "check_code_submit": Text("Tra cứu", "Look up"),
    "check_drop": Text("Kéo tệp vào đây, hoặc chọn tệp từ máy", "Drop the file here, or choose it from your device"),
    "check_limit": Text("PDF hoặc XML, tối đa {limit} MB.", "PDF or XML, at most {limit} MB."),
    "check_receipt_summary": Text("Tôi có tệp biên nhận đi kèm", "I have the receipt that came with it"),
    "check_receipt": Text("Tệp biên nhận (.receipt.json)", "Receipt file (.receipt.json)"),
    "check_receipt_hint": Text(
        "Không bắt buộc. Biên nhận giúp kiểm tra được cả khi sổ cái tạm ngừng.",
        "Optional. With the receipt a file can be checked even while the ledger is down.",
    ),
    "check_submit": Text("Kiểm tra", "Check"),
    "report_submit": Text("Kiểm tra và tải biên bản (PDF có ký)", "Check, and download the sealed report"),
    "report_again": Text("Tải biên bản kiểm tra (PDF có ký)", "Download the sealed report"),
    "report_hint": Text(
        "Biên bản ghi kết quả ở cả hai thứ tiếng, có chữ ký số và dấu thời gian, để lưu vào hồ sơ. Tệp được kiểm tra lại lúc lập "
        "biên bản; tệp và biên bản đều không được lưu lại ở đây.",
        "The report tells the answer in both languages, signed and time-stamped, to be filed. The file is checked anew when the "
        "report is made; neither file nor report is kept here.",
    ),
    "check_qr_title": Text("Chỉ có bản giấy?", "Only have the paper?"),
    "check_qr": Text(
        "Dùng điện thoại quét mã QR in trên học bạ để biết học bạ còn hiệu lực hay đã bị thu hồi. Muốn chắc chắn từng con số, "
        "hãy xin tệp PDF gốc và kiểm tra tại đây.",
        "Scan the QR code on the paper with a phone to see whether the record is current or recalled. To be sure of every mark, "
        "ask for the original PDF and check it here.",
    ),
    "check_apps_title": Text("Kiểm tra nhiều tệp", "Checking many files"),
    "check_apps": Text(
        "Các trường đại học, doanh nghiệp có thể dùng API:", "Universities and employers can use the API:"
    ),
    "js_sending": Text("Đang gửi tệp…", "Sending the file…"),
    "js_judging": Text("Đã gửi xong, đang kiểm tra…", "Sent; checking…"),
    "js_too_large": Text(
        "Tệp này quá lớn ({size} MB; tối đa {limit} MB) nên không thể là học bạ số.",
        "This file is too large ({size} MB; at most {limit} MB) to be a school record.",
    ),
    "js_failed": Text(
        "Không gửi được tệp. Hãy kiểm tra mạng rồi thử lại.",
        "The file could not be sent. Check your network and try again.",
    ),
    # Facts
    "facts": Text("Thông tin học bạ", "About the record"),
    "school": Text("Trường", "School"),
    "school_code": Text("mã trường", "school code"),
    "school_year": Text("Năm học", "School year"),
    "level": Text("Cấp học", "Level"),
    "unit": Text("Mã tra cứu", "Lookup id"),
    "anchored_at": Text("Ghi lên chuỗi khối", "Anchored on the chain"),
    "recalled_at": Text("Thu hồi lúc", "Recalled at"),
    "recall_reason": Text("Lý do thu hồi", "Reason"),
    "judged_at": Text("Kiểm tra lúc", "Checked at"),
    "replacement": Text("Xem học bạ thay thế", "See the record that replaces it"),
    "next": Text("Việc nên làm tiếp", "What to do next"),
    # The verdict page
    "findings": Text("Đã kiểm tra những gì", "What was checked"),
    "expert": Text("Chi tiết kỹ thuật", "Technical details"),
    "signatures": Text("Người ký", "Who signed"),
    "role": Text("Vai trò", "Role"),
    "signer": Text("Chủ chứng thư", "Certificate holder"),
    "signed_at": Text("Thời điểm ký (giờ Việt Nam)", "Signed at (Vietnam time)"),
    "outcome": Text("Kết quả", "Result"),
    "uncompared": Text("Nguyên vẹn; chưa rõ đúng người", "Intact; signer not confirmed"),
    "no_time": Text("không có dấu thời gian", "no time-stamp"),
    "receipt_link": Text("Tải biên nhận (JSON)", "Download the receipt (JSON)"),
    "file_digest": Text("SHA-256 của tệp", "SHA-256 of the file"),
    "conclusion": Text("Kết luận (ETSI EN 319 102-1)", "Conclusion (ETSI EN 319 102-1)"),
    "standing": Text("Tình trạng", "Standing"),
    "again": Text("Kiểm tra tệp khác", "Check another file"),
    "meaning": Text("Kết quả này có nghĩa gì", "What this means"),
    "meaning_file_1": Text(
        "Kết quả nói về đúng tệp vừa gửi, tại thời điểm kiểm tra. Bản in hay bản chụp từ tệp không được kiểm tra theo.",
        "It speaks of the very file you sent, at the time of the check. A print-out or photo of it is not covered.",
    ),
    "meaning_file_2": Text(
        "Kết quả cho biết ai đã ký và nội dung có bị sửa hay không; không nói điểm được cho có đúng hay không.",
        "It tells who signed and whether anything was altered, not whether the marks were given rightly.",
    ),
    "meaning_file_3": Text(
        "Kết quả không cho biết người đưa tệp có phải là học sinh có tên trong học bạ; hãy đối chiếu giấy tờ tùy thân.",
        "It does not tell whether whoever shows the file is the pupil named in it; compare an identity document.",
    ),
    # The page behind a QR code
    "qr_limits_title": Text("Mã QR chưa đủ để tin tờ giấy", "A QR code alone does not prove the paper"),
    "qr_limits": Text(
        "Trang này chỉ nói về học bạ mang mã tra cứu bên dưới. Mã QR có thể được chép sang một tờ giấy khác hoặc một tờ đã "
        "sửa điểm, nên tờ giấy trên tay bạn vẫn cần được đối chiếu.",
        "This page speaks only of the record with the lookup id below. A QR code can be copied onto another paper, or onto one "
        "whose marks were altered, so the paper in your hand still has to be compared.",
    ),
    "qr_privacy": Text(
        "Để bảo vệ học sinh, trang này không hiện họ tên, điểm số hay số định danh.",
        "To protect the pupil, this page shows no name, marks or personal number.",
    ),
    "upload_link": Text("Tải tệp PDF lên để kiểm tra từng con số", "Upload the PDF to check every mark"),
    # Problems
    "problems_title": Text("Các lỗi có thể gặp", "Problems you may meet"),
    "problems_lead": Text(
        "Mỗi lỗi của API có một mã cố định (RFC 9457). Lỗi nói về yêu cầu, không nói về học bạ.",
        "Each problem of the API has a fixed code (RFC 9457). A problem is about the request, never about the record.",
    ),
    "home": Text("Về trang kiểm tra", "To the checking page"),
}
"""What the templates say, by the name they say it with."""
