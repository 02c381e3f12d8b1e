# SPDX-License-Identifier: Apache-2.0

"""What the pages about certificates say, in Vietnamese and English, to schools and to the authority."""

from ledger.store.signing_tables import Holding, RegistrationState
from ledger.web.languages import Text

HOLDINGS = {
    Holding.USB_TOKEN: Text("USB token", "USB token"),
    Holding.REMOTE_SIGNING: Text("Ký số từ xa", "Remote signing"),
    Holding.FILE: Text("Tệp .p12", "A .p12 file"),
}

REGISTRATION_STATES = {
    RegistrationState.PENDING: Text("Chờ Sở duyệt", "Waiting for the authority"),
    RegistrationState.APPROVED: Text("Đã duyệt", "Approved"),
    RegistrationState.REFUSED: Text("Bị từ chối", "Refused"),
}

CERTIFICATE_TEXTS = {
    "nav_certificates": Text("Chứng thư số", "Certificates"),
    "nav_approvals": Text("Duyệt chứng thư", "Approvals"),
    # A school's
    "certificates_title": Text("Chứng thư số của trường", "The school's certificates"),
    "certificates_lead": Text(
        "Chỉ chứng thư đã được Sở duyệt mới ký được học bạ.",
        "Only certificates that the authority has approved can sign.",
    ),
    "certificate_sent": Text(
        "Đã gửi Sở. Hãy chờ Sở duyệt rồi mới ký.", "Sent to the authority. Wait for its answer before signing."
    ),
    "no_lines": Text("Trường chưa gửi chứng thư nào.", "The school has sent no certificate yet."),
    "certificate_of": Text("Chứng thư của", "Certificate of"),
    "role": Text("Vai trò", "Role"),
    "all_subjects": Text("mọi môn", "all subjects"),
    "certificate_valid": Text("Hiệu lực chứng thư", "Certificate valid"),
    "right_from_to": Text("Quyền ký", "May sign"),
    "no_end": Text("không ghi ngày hết", "no end"),
    "right_ended": Text("Đã kết thúc", "Ended"),
    "hierarchy": Text("Hệ thống cấp", "Hierarchy"),
    "holding": Text("Loại chữ ký số", "Kind of key"),
    "account_of": Text("Tài khoản", "Account"),
    "for_principal": Text("thay {name}", "for {name}"),
    "said": Text("Sở ghi: {reason}", "The authority says: {reason}"),
    "request_title": Text("Gửi đăng ký chứng thư", "Ask for a certificate"),
    "request_lead": Text(
        "Tệp chứng thư (.cer, .crt hoặc .pem) xuất từ thiết bị ký, không kèm khóa.",
        "The certificate (.cer, .crt or .pem) exported from the token, without its key.",
    ),
    "certificate_file": Text("Tệp chứng thư", "Certificate file"),
    "no_account": Text("— không gắn tài khoản —", "— no account —"),
    "request_subjects": Text("Môn được ký", "Subjects"),
    "request_subjects_hint": Text(
        "Chỉ cho giáo viên bộ môn; không chọn môn nào là được ký mọi môn.",
        "For subject teachers only; none chosen means all.",
    ),
    "request_submit": Text("Gửi Sở duyệt", "Send to the authority"),
    "delegate_title": Text("Ủy quyền cho cấp phó", "Delegate to a deputy"),
    "delegate_lead": Text(
        "Cấp phó ký thay (KT.) bằng chứng thư của mình cho đến hết ngày bạn ghi, sau khi Sở duyệt. Nơi kiểm tra thấy rõ đây là "
        "người được ủy quyền.",
        "The deputy signs for you with their own certificate until the day you write, once the authority approves. Verifiers see "
        "that it is a deputy.",
    ),
    "delegate_own": Text("Chứng thư của tôi", "My certificate"),
    "delegate_account": Text("Tài khoản của cấp phó", "The deputy's account"),
    "delegate_until": Text("Đến hết ngày", "Until the end of"),
    "delegate_submit": Text("Gửi Sở duyệt ủy quyền", "Send the delegation"),
    "delegate_cannot": Text(
        "Bạn chưa có chứng thư Hiệu trưởng đã được duyệt nên chưa ủy quyền được. Hãy nhờ văn thư gửi đăng ký chứng thư của bạn.",
        "You have no principal's certificate that is approved, so you cannot delegate yet. Have the clerk register yours.",
    ),
    "delegate_nobody": Text(
        "Chưa có tài khoản nào khác có nhiệm vụ Hiệu trưởng. Hãy nhờ người quản trị giao cho tài khoản của cấp phó.",
        "No other account has the principal's duty. Have the administrator give it to the deputy's account.",
    ),
    # The authority's
    "approvals_title": Text("Duyệt chứng thư người ký", "Approve signers' certificates"),
    "approvals_publish": Text(
        "Quyết định có hiệu lực ngay khi ký ở đây. Để nơi khác kiểm tra được, người vận hành phải công bố danh sách mới: hocba "
        "signers publish.",
        "A decision holds for signing here at once. For verifiers elsewhere the operator has to publish the new list: hocba "
        "signers publish.",
    ),
    "approvals_done": Text(
        "Đã ghi quyết định. Nhớ công bố danh sách mới.", "The decision is recorded. Remember to publish the new list."
    ),
    "pending_title": Text("Đang chờ duyệt", "Waiting"),
    "no_pending": Text("Không có yêu cầu nào đang chờ.", "No request waits."),
    "asked_line": Text("Gửi lúc {at} bởi {by}", "Asked at {at} by {by}"),
    "wanted_until": Text("Đề nghị đến", "Asked until"),
    "approve_submit": Text("Duyệt", "Approve"),
    "refuse_submit": Text("Từ chối", "Refuse"),
    "refuse_title": Text("Từ chối, hoặc ghi lý do", "Refuse, with a reason"),
    "end_submit": Text("Kết thúc quyền ký", "End the right to sign"),
    "end_title": Text("Kết thúc quyền ký này", "End this right to sign"),
    "decided_title": Text("Đã quyết định", "Decided"),
    "no_decided": Text("Chưa có quyết định nào.", "Nothing was decided yet."),
    "number": Text("Số", "No."),
}
"""By the name the templates say it with."""
