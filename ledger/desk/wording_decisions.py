# SPDX-License-Identifier: Apache-2.0

"""What the pages about decisions say, in Vietnamese and English: a record's history, recalls, amendments, consents, locks."""

from ledger.desk.standing import Standing
from ledger.journal import Deed
from ledger.unit import RecallReason
from ledger.web.languages import Text

REASONS = {
    RecallReason.WRONG_DATA: Text("Sai dữ liệu", "Wrong data"),
    RecallReason.CIVIL_STATUS_CHANGE: Text("Thay đổi hộ tịch", "Change of civil status"),
    RecallReason.REASSESSMENT: Text("Đánh giá lại", "Re-assessment"),
    RecallReason.ISSUED_IN_ERROR: Text("Phát hành nhầm", "Issued in error"),
    RecallReason.FRAUD: Text("Gian lận", "Fraud"),
    RecallReason.OTHER: Text("Lý do khác", "Another reason"),
}
"""As whoever checks the record reads them."""

BY_ITSELF_IN_WORDS = Text("Hệ thống", "The system")

DEEDS = {
    Deed.SCHOOL_REGISTERED: Text("Đăng ký trường", "School registered"),
    Deed.CLASS_IMPORTED: Text("Nhập bảng lớp", "Class imported"),
    Deed.BOOKLET_BOUND: Text("Đóng sổ học bạ", "Booklet bound"),
    Deed.UNIT_ISSUED: Text("Phát hành học bạ", "Record issued"),
    Deed.PAPER_RENEWED: Text("Gia hạn dấu thời gian của tệp PDF", "Timestamp of the PDF renewed"),
    Deed.BATCH_SEALED: Text("Xếp vào một đợt neo", "Put into a batch for the chain"),
    Deed.BATCH_FINAL: Text("Đã neo xong lên chuỗi", "Anchored on the chain"),
    Deed.BATCH_FAILED: Text("Chuỗi từ chối đợt neo", "The chain refused the batch"),
    Deed.RECALL_DECIDED: Text("Quyết định thu hồi", "Recall decided"),
    Deed.RECALL_TO_APPROVE: Text("Sở chấp thuận", "The authority consents"),
    Deed.RECALL_APPROVED: Text("Chấp thuận của Sở đã lên chuỗi", "The authority's consent stands on the chain"),
    Deed.UNIT_RECALLED: Text("Đã thu hồi trên chuỗi", "Recalled on the chain"),
    Deed.RECALL_FAILED: Text("Chuỗi từ chối việc thu hồi", "The chain refused the recall"),
    Deed.UNIT_REPLACED: Text("Đã ghi bản thay thế lên chuỗi", "Its replacement is named on the chain"),
    Deed.YEAR_TO_LOCK: Text("Sở quyết định khóa năm học", "The authority decided to lock the year"),
    Deed.YEAR_LOCKED: Text("Đã khóa năm học trên chuỗi", "The school year is locked on the chain"),
    Deed.TO_PUBLISH: Text("Quyết định công bố", "Decided to publish"),
    Deed.PUBLISHED: Text("Đã công bố trên chuỗi", "Published on the chain"),
    Deed.ACT_FAILED: Text("Chuỗi từ chối một việc", "The chain refused something"),
    Deed.TRANSFERRED_OUT: Text("Cho chuyển đi", "Released to another school"),
    Deed.TRANSFERRED_IN: Text("Tiếp nhận từ trường khác", "Taken in from another school"),
    Deed.TRANSFER_WITHDRAWN: Text("Rút hồ sơ chuyển trường", "Transfer withdrawn"),
    Deed.AMENDED: Text("Ghi đính chính", "Amendment"),
    Deed.RECALL_WITHDRAWN: Text("Trường rút đề nghị thu hồi", "The school took its recall back"),
    Deed.RECALL_DECLINED: Text("Sở không chấp thuận thu hồi", "The authority declined the recall"),
    Deed.ERRAND_RETRIED: Text("Cho thực hiện lại việc bị chuỗi từ chối", "Tried again what the chain refused"),
    Deed.ERRAND_GIVEN_UP: Text("Kết thúc việc không thực hiện được", "Given up what could not be done"),
    Deed.CONFIRMATION_DRAWN: Text("Lập bản xác nhận kết quả giữa năm", "Confirmation of results in mid-year drawn"),
}

RECALL_STANDINGS = {
    Standing.WAITS: Text(
        "Năm học đã khóa nên đang chờ Sở chấp thuận. Chưa có gì trên chuỗi.",
        "The school year is locked, so it waits for the authority's consent. Nothing is on the chain yet.",
    ),
    Standing.CONSENTED: Text(
        "Sở đã chấp thuận; chấp thuận đang được đưa lên chuỗi (hocba carry). Sau đó việc thu hồi lên chuỗi ở lần chạy hocba "
        "anchor kế tiếp của trường.",
        "The authority has consented, and its consent is being carried to the chain (hocba carry). The recall follows with the "
        "school's next run of hocba anchor.",
    ),
    Standing.DECIDED: Text(
        "Đã ghi quyết định. Việc thu hồi lên chuỗi ở lần chạy kế tiếp của trường (hocba anchor); đến lúc đó học bạ vẫn còn hiệu "
        "lực.",
        "The decision is stored. It goes to the chain with the school's next run (hocba anchor); until then the record is in "
        "force.",
    ),
    Standing.ON_ITS_WAY: Text(
        "Đã gửi lên chuỗi, đang chờ chuỗi xác nhận.", "It was sent to the chain, which has yet to confirm it."
    ),
    Standing.DONE: Text("Đã thu hồi trên chuỗi, không lấy lại được.", "Recalled on the chain, for good."),
    Standing.FAILED: Text(
        "Chuỗi từ chối việc thu hồi nên học bạ vẫn còn hiệu lực. Hãy báo người vận hành xem nguyên nhân và thử lại (hocba "
        "anchor --retry).",
        "The chain refused the recall, so the record is still in force. Have the operator look why and try again (hocba anchor "
        "--retry).",
    ),
}

NAMING_STANDINGS = {
    Standing.WAITS: Text("Việc ghi bản thay thế lên chuỗi đang chờ Sở chấp thuận.", "Naming it waits for consent."),
    Standing.CONSENTED: Text(
        "Sở đã chấp thuận; đang đưa lên chuỗi.", "The authority has consented; that is on its way to the chain."
    ),
    Standing.DECIDED: Text(
        "Sẽ ghi lên chuỗi ở lần chạy kế tiếp của trường (hocba anchor).",
        "It is named on the chain with the school's next run (hocba anchor).",
    ),
    Standing.ON_ITS_WAY: Text("Đang chờ chuỗi xác nhận.", "The chain has yet to confirm it."),
    Standing.DONE: Text("Đã ghi lên chuỗi.", "It is named on the chain."),
    Standing.FAILED: Text("Chuỗi từ chối; hãy báo người vận hành.", "The chain refused to name it; tell the operator."),
}

AUTHORITY_STANDINGS = {
    Standing.WAITS: Text("Chờ Sở chấp thuận", "Waits for consent"),
    Standing.CONSENTED: Text("Chờ lên chuỗi", "On its way"),
    Standing.DECIDED: Text("Chờ lần chạy kế tiếp của Sở", "Waits for the authority's next run"),
    Standing.ON_ITS_WAY: Text("Chờ chuỗi xác nhận", "Waits for the chain"),
    Standing.DONE: Text("Đã lên chuỗi", "On the chain"),
    Standing.FAILED: Text("Chuỗi từ chối", "Refused by the chain"),
}
"""Of a consent."""

LOCK_STANDINGS = {
    **AUTHORITY_STANDINGS,
    Standing.DECIDED: Text("Đã quyết định khóa, chờ lên chuỗi", "Lock decided, not on the chain yet"),
    Standing.DONE: Text("Đã khóa", "Locked"),
}

DECISION_TEXTS = {
    # A record's history
    "story_title": Text("Lịch sử học bạ", "What became of it"),
    "story_none": Text("Chưa có gì: học bạ chưa phát hành.", "Nothing yet: the record is not issued."),
    "story_why": Text("Lý do ghi lại: {why}", "The reason given: {why}"),
    "story_reason": Text("Phân loại: {reason}", "Kind: {reason}"),
    "evidence_open": Text("Tải văn bản làm căn cứ", "Download the document"),
    "recall_stands": Text("Thu hồi: {reason}", "Recall: {reason}"),
    "replaced_by": Text("Bản thay thế", "Its replacement"),
    "replacement_open": Text("Mở học bạ thay thế", "Open the replacement"),
    "replaces": Text("Thay cho", "In place of"),
    "replaced_open": Text("Mở học bạ đã thu hồi", "Open the recalled record"),
    # Deciding a recall
    "recall_title": Text("Thu hồi học bạ này", "Recall this record"),
    "recall_lead": Text(
        "Ai kiểm tra học bạ sẽ thấy đã thu hồi và vì sao. Muốn thay bằng bản đúng: thu hồi xong, nhập bảng lớp đã sửa.",
        "Whoever checks the record will see that it is recalled, and why. To put a right one in its place, import the corrected "
        "class sheet once the recall is done.",
    ),
    "recall_locked": Text(
        "Năm học này đã khóa: quyết định của trường chỉ lên chuỗi sau khi Sở chấp thuận.",
        "This school year is locked: the school's decision goes to the chain only once the authority has consented.",
    ),
    "recall_no_key": Text(
        "Bàn làm việc chỉ ghi quyết định; việc thu hồi lên chuỗi ở lần chạy kế tiếp của trường (hocba anchor).",
        "The desk stores the decision; it goes to the chain with the school's next run (hocba anchor).",
    ),
    "recall_form": Text("Mở biểu mẫu thu hồi", "Open the form to recall"),
    "recall_reason": Text("Vì sao thu hồi", "Why"),
    "why": Text("Lý do cụ thể", "The reason in your words"),
    "why_hint": Text(
        "Ghi vào nhật ký, không sửa được về sau. Ví dụ: điểm Toán học kỳ II nhập nhầm 5,0 thành 8,0.",
        "It stays in the journal for good. For example: the mark of mathematics was typed as 8.0 and is 5.0.",
    ),
    "evidence": Text("Văn bản làm căn cứ", "The document that it rests on"),
    "evidence_hint": Text(
        "PDF, hoặc ảnh JPG, PNG, tối đa {limit} MB. Bắt buộc khi thay đổi hộ tịch.",
        "A PDF, or a JPG or PNG picture, at most {limit} MB. Needed for a change of civil status.",
    ),
    "recall_understood": Text(
        "Tôi hiểu: học bạ đã thu hồi thì không lấy lại được.", "I understand that a recall cannot be taken back."
    ),
    "recall_submit": Text("Quyết định thu hồi", "Decide the recall"),
    "recall_stored": Text(
        "Đã ghi quyết định thu hồi. Phần “Thu hồi” dưới đây cho biết việc đang ở đâu.",
        "The decision to recall is stored. “Recall” below tells how it stands.",
    ),
    # Amending
    "amend_title": Text("Ghi đính chính hộ tịch", "Add an amendment of civil status"),
    "amend_lead": Text(
        "Khi họ tên, ngày sinh… của học sinh được cơ quan có thẩm quyền thay đổi sau khi phát hành. Học bạ giữ nguyên; quyết "
        "định được lưu vào lịch sử của học bạ.",
        "For a name, a day of birth and the like that was officially changed since the record was issued. The record stays as "
        "it is; the decision is kept in its history.",
    ),
    "amend_form": Text("Mở biểu mẫu đính chính", "Open the form to amend"),
    "amend_why": Text("Điều gì đã thay đổi, theo quyết định nào", "What has changed, by which decision"),
    "amend_hint": Text(
        "Ví dụ: đổi họ từ Nguyễn sang Trần, Quyết định 12/QĐ-UBND ngày 03/5/2026.",
        "For example: family name changed from Nguyễn to Trần, decision 12/QĐ-UBND of 3 May 2026.",
    ),
    "amend_file_hint": Text(
        "PDF, hoặc ảnh JPG, PNG, tối đa {limit} MB. Bắt buộc.", "A PDF, or a JPG or PNG picture, at most {limit} MB."
    ),
    "amend_submit": Text("Ghi đính chính", "Add the amendment"),
    "amend_stored": Text("Đã ghi đính chính vào lịch sử học bạ.", "The amendment stands in the record's history."),
    # The authority consents
    "nav_consents": Text("Thu hồi sau khóa", "Recalls after a lock"),
    "consents_title": Text("Thu hồi, thay thế sau khi khóa năm học", "Recalls and replacements after a lock"),
    "consents_lead": Text(
        "Học bạ của năm học đã khóa chỉ được thu hồi hay thay thế khi Sở chấp thuận từng trường hợp.",
        "A record of a locked school year is recalled or replaced only with the authority's consent, case by case.",
    ),
    "consents_no_key": Text(
        "Bàn làm việc chỉ ghi chấp thuận. Chấp thuận lên chuỗi ở lần chạy hocba carry kế tiếp của Sở; sau đó trường mới thu hồi "
        "được.",
        "The desk stores the consent. It goes to the chain with the authority's next run of hocba carry; only then can the "
        "school recall.",
    ),
    "consents_waiting": Text("Chờ Sở chấp thuận", "Waiting for consent"),
    "consents_none": Text("Không có đề nghị nào đang chờ.", "Nothing waits."),
    "consents_done": Text("Đã chấp thuận", "Consented"),
    "consents_none_done": Text("Chưa chấp thuận trường hợp nào.", "There has been none yet."),
    "consent_recall": Text("Thu hồi học bạ", "Recall a record"),
    "consent_replace": Text("Ghi bản thay thế", "Name the replacement"),
    "consent_about": Text("Học bạ", "Record"),
    "consent_of": Text("lớp {class_name}, năm học {year}", "class {class_name}, school year {year}"),
    "consent_asked": Text("Trường quyết định", "Decided by the school"),
    "consent_asked_line": Text("{at}, {who}", "{at}, {who}"),
    "consent_why": Text("Lý do trường ghi", "The school's reason"),
    "decline_submit": Text("Không chấp thuận", "Decline"),
    "decline_stored": Text(
        "Đã ghi không chấp thuận. Học bạ giữ nguyên hiệu lực; trường đọc được lý do trong lịch sử học bạ.",
        "Declined. The record stays in force; the school reads the reason in the record's history.",
    ),
    "take_back_title": Text("Rút đề nghị thu hồi", "Take the recall back"),
    "take_back_lead": Text(
        "Chưa có gì gửi lên chuỗi nên còn rút lại được; học bạ giữ nguyên hiệu lực như trước. Đã gửi thì không rút được nữa.",
        "Nothing was sent to the chain, so the recall can still be taken back; the record then stands as before. Once sent, it "
        "cannot.",
    ),
    "take_back_submit": Text("Rút đề nghị", "Take back"),
    "take_back_stored": Text(
        "Đã rút đề nghị thu hồi; học bạ giữ nguyên hiệu lực.", "The recall is taken back; the record stays in force."
    ),
    "consent_submit": Text("Chấp thuận", "Consent"),
    "consent_reason": Text("Căn cứ chấp thuận", "Why you consent"),
    "consent_hint": Text(
        "Ghi vào nhật ký. Ví dụ: Tờ trình 45/TTr-THCS, đã đối chiếu bài thi.",
        "For the journal. For example: request 45/TTr-THCS, compared with the paper.",
    ),
    "consent_stored": Text(
        "Đã ghi chấp thuận. Chấp thuận lên chuỗi ở lần chạy hocba carry kế tiếp.",
        "The consent is stored. It goes to the chain with the next run of hocba carry.",
    ),
    "consent_before": Text(
        "Sở đã chấp thuận trường hợp này từ trước; không ghi thêm gì.",
        "The authority had consented to this before; nothing was added.",
    ),
    "consents_to_do": Text("Thu hồi chờ Sở chấp thuận", "Recalls waiting for consent"),
    "consents_to_do_count": Text("{count} đề nghị đang chờ.", "{count} wait."),
    "consents_to_do_open": Text("Xem và chấp thuận", "Look and consent"),
    # Locking years
    "nav_years": Text("Khóa năm học", "School years"),
    "years_title": Text("Năm học", "School years"),
    "years_lead": Text(
        "Khóa năm học sau khi mọi trường đã neo xong. Từ lúc khóa, thu hồi hay thay thế cần Sở chấp thuận.",
        "Lock a year once every school has anchored. From then on recalls and replacements need the authority's consent.",
    ),
    "years_none": Text("Chưa trường nào nhập lớp.", "No school has imported a class yet."),
    "year": Text("Năm học", "School year"),
    "year_anchored": Text("Đã neo", "Anchored"),
    "year_open": Text("Chưa neo", "Not anchored"),
    "year_lock": Text("Khóa", "Lock"),
    "year_unlocked": Text("Chưa khóa", "Not locked"),
    "year_title": Text("Năm học {year}", "School year {year}"),
    "year_lead": Text(
        "{anchored} học bạ đã neo, {open} học bạ chưa neo.", "{anchored} records are anchored, {open} are not."
    ),
    "year_behind": Text("Trường còn học bạ chưa neo", "Schools with records not anchored"),
    "year_behind_lead": Text(
        "Nếu khóa bây giờ, những học bạ này khi neo sẽ bị ghi là neo muộn.",
        "If the year is locked now, these will count as late when they are anchored.",
    ),
    "year_nobody_behind": Text(
        "Mọi học bạ đã nhập của {count} trường đều đã neo xong.",
        "All imported records of {count} schools are anchored.",
    ),
    "lock_title": Text("Khóa năm học {year}", "Lock school year {year}"),
    "lock_warning": Text("Đã khóa thì không mở lại được.", "A lock cannot be undone."),
    "lock_lead": Text(
        "Bàn làm việc chỉ ghi quyết định. Việc khóa lên chuỗi ở lần chạy hocba carry kế tiếp của Sở.",
        "The desk stores the decision. The lock goes to the chain with the authority's next run of hocba carry.",
    ),
    "lock_again": Text("Gõ lại năm học để xác nhận", "Type the school year again to confirm"),
    "lock_again_hint": Text("Gõ đúng: {year}", "Type exactly: {year}"),
    "lock_reason": Text("Căn cứ khóa", "Why it is locked"),
    "lock_hint": Text(
        "Ghi vào nhật ký. Ví dụ: Kế hoạch kết thúc năm học, công văn 123/SGDĐT.",
        "For the journal. For example: plan for the end of the year, letter 123/SGDĐT.",
    ),
    "lock_submit": Text("Khóa năm học", "Lock the school year"),
    "lock_stored": Text("Đã ghi quyết định khóa năm học này.", "The decision to lock this year is stored."),
    "lock_stands": Text("Trạng thái khóa", "The lock"),
    "back_to_years": Text("Về danh sách năm học", "To the school years"),
    # Completeness
    "complete_title": Text("Đã đủ học bạ chưa", "Is everybody's record there"),
    "complete_counts": Text(
        "Sĩ số {enrolled}: đã phát hành {issued}, đã neo {anchored}.",
        "{enrolled} enrolled: {issued} issued, {anchored} anchored.",
    ),
    "complete_yes": Text("Đủ: mọi học sinh đều có học bạ đã neo.", "Complete: everybody has an anchored record."),
    "complete_without": Text("Chưa có học bạ đã phát hành ({count}):", "Without an issued record ({count}):"),
    "complete_unlisted": Text(
        "{count} học sinh trong sĩ số chưa có cả bản nháp: hãy kiểm tra bảng lớp, hoặc sửa sĩ số nếu đã chuyển đi.",
        "{count} of the enrolled have not even a draft: look at the class sheet, or correct the number if they have left.",
    ),
    "complete_line": Text("STT {stt}, {name}: {state}", "No. {stt}, {name}: {state}"),
}
