# SPDX-License-Identifier: Apache-2.0

"""What the pages about signing say, in Vietnamese and English: what waits, a signer's work, a record, a class, its signers."""

from ledger.web.languages import Text

SIGNING_TEXTS = {
    # Home
    "to_sign": Text("Cần tôi ký", "To be signed by me"),
    "to_sign_count": Text("{count} học bạ", "{count} records"),
    "to_sign_warned": Text("{count} có lưu ý", "{count} with warnings"),
    "to_sign_open": Text("Xem và ký", "Look and sign"),
    "returned_count": Text("{count} học bạ bị trả lại:", "{count} given back:"),
    "returned_line": Text("STT {stt}: {reason} ({by})", "No. {stt}: {reason} ({by})"),
    "class_and_year": Text("Lớp {name}, năm học {year}", "Class {name}, school year {year}"),
    "to_do": Text("Việc của văn thư", "For the clerk"),
    "to_do_drafts": Text("{count} bản nháp cần chuẩn bị ký", "{count} drafts to be prepared for signing"),
    "to_do_ready": Text("{count} học bạ đã đủ chữ ký, có thể phát hành", "{count} signed by all and ready to issue"),
    "to_do_unassigned": Text("Chưa phân công người ký: {names}", "Nobody is assigned to sign as: {names}"),
    "to_do_more": Text("và {count} phần khác", "and {count} more"),
    "to_do_open": Text("Mở lớp {name}", "Open class {name}"),
    "to_decide": Text("Chứng thư chờ Sở duyệt", "Certificates waiting for approval"),
    "to_decide_count": Text("{count} yêu cầu đang chờ.", "{count} requests wait."),
    "to_decide_open": Text("Xem và duyệt", "Look and decide"),
    # A signer's work
    "work_title": Text("Ký lớp {name}: {slot}", "Sign class {name}: {slot}"),
    "work_lead": Text(
        "Năm học {year}. {count} học bạ chờ bạn ký, {warned} có lưu ý.",
        "School year {year}. {count} records wait for your signature, {warned} with warnings.",
    ),
    "work_none": Text(
        "Không còn học bạ nào của lớp này chờ bạn ký.", "No record of this class waits for your signature."
    ),
    "work_none_more": Text(
        "Nếu bạn vừa ký xong thì mọi học bạ đã được cất. Nếu chưa ký, có thể người ký trước bạn chưa xong.",
        "If you have just signed, everything is stored. If not, whoever signs before you may not be done.",
    ),
    "round_title": Text("Đợt ký của tôi", "My signing round"),
    "round_opened": Text("Bắt đầu lúc {at}", "Begun at {at}"),
    "round_prepared": Text("Đã chuẩn bị, chờ mã PIN", "Prepared, waiting for the PIN"),
    "round_answered": Text("Đã ký, đang cất", "Signed, being stored"),
    "round_stored": Text("Đã ký và cất xong", "Signed and stored"),
    "round_of": Text("{count} trên {total}", "{count} of {total}"),
    "round_busy": Text("Máy chủ đang xử lý…", "The server is working…"),
    "round_pin": Text(
        "Hãy nhập mã PIN ở máy có chữ ký số của bạn. Nếu đã tắt công cụ ký, hãy chạy lại lệnh bên dưới: những gì đã ký không "
        "phải ký lại.",
        "Enter the PIN on the computer that holds your token. If you closed the signing tool, run the command below again: what "
        "is signed need not be signed again.",
    ),
    "round_stored_later": Text(
        "Chữ ký của bạn đã được giữ lại và sẽ được cất khi máy chủ dấu thời gian trả lời; máy chủ tự thử lại mỗi phút. Bạn không "
        "phải nhập lại mã PIN.",
        "Your signatures are kept and will be stored when the time-stamping server answers; it is asked every minute. You need "
        "not enter the PIN again.",
    ),
    "round_done": Text("Đợt ký này đã xong.", "This round is done."),
    "round_stopped": Text("Chưa ký được:", "Not signed:"),
    "round_later": Text("tự thử lại", "tried again by itself"),
    "reload": Text("Tải lại trang", "Load the page again"),
    "reload_stop": Text("Dừng tự tải lại", "Stop loading again"),
    "reloading": Text(
        "Trang tự tải lại sau mỗi {seconds} giây.", "This page loads itself again every {seconds} seconds."
    ),
    "how_title": Text("Cách ký", "How to sign"),
    "how_check": Text(
        "Xem danh sách và các lưu ý bên dưới; mở bản PDF để xem thử.",
        "Look at the list and its warnings below; open a PDF.",
    ),
    "how_wrong": Text(
        "Có gì sai thì đừng ký: mở tên học sinh để trả lại, hoặc báo văn thư sửa bảng lớp rồi nhập lại.",
        "Do not sign what is wrong: open the pupil's name to give it back, or have the clerk correct and import the sheet.",
    ),
    "how_run": Text(
        "Trên máy có cắm chữ ký số, chạy lệnh dưới đây (thay phần cuối bằng tệp .p12 hoặc thiết bị của bạn):",
        "On the computer that holds your token, run this command (put your .p12 file or token at its end):",
    ),
    "how_key": Text("TỆP-HOẶC-THIẾT-BỊ", "FILE-OR-TOKEN"),
    "how_code": Text(
        "Khi lệnh hỏi mã ghép, gõ mã lấy ở đây:", "When it asks for a pairing code, type the one from here:"
    ),
    "how_password": Text(
        "Muốn dùng mật khẩu thay cho mã ghép, thêm {option} vào lệnh.", "To use your password instead, add {option}."
    ),
    "how_pin": Text(
        "Nhập mã PIN một lần; cả lớp được ký. Mã PIN và khóa không rời máy của bạn.",
        "Enter the PIN once, and the whole class is signed. PIN and key never leave your computer.",
    ),
    "list_title": Text("Danh sách chờ ký", "What waits for the signature"),
    "about_class": Text("Lưu ý về cả lớp:", "Warnings about the whole class:"),
    "warnings": Text("Lưu ý", "Warnings"),
    "no_warnings": Text("không có", "none"),
    "given_back_why": Text("Bị trả lại: {reason}", "Given back: {reason}"),
    "preview": Text("Xem PDF", "PDF"),
    "preview_of": Text("Xem PDF của {name}", "PDF of {name}"),
    "earlier_rounds": Text("Các đợt ký trước", "Earlier rounds"),
    "earlier_line": Text("{at}: đã ký {stored} học bạ", "{at}: {stored} records signed"),
    "earlier_refused": Text("{count} không dùng được chữ ký", "{count} not used"),
    # One record
    "unit_title": Text("Học bạ của {name}", "Record of {name}"),
    "unit_lead": Text(
        "Lớp {class_name}, STT {stt}, mã học sinh {code}.", "Class {class_name}, no. {stt}, pupil {code}."
    ),
    "who_signed": Text("Ai đã ký", "Who has signed"),
    "as_what": Text("Ký với tư cách", "As"),
    "holder": Text("Người ký", "Signer"),
    "signed_when": Text("Lúc ký", "When"),
    "nobody_signed": Text("Chưa ai ký học bạ này.", "Nobody has signed this record yet."),
    "zone": Text("Giờ Việt Nam (+07:00).", "Times in Vietnam (+07:00)."),
    "returns_title": Text("Đã trả lại", "Given back"),
    "return_line": Text(
        "{at}: {by} trả lại cho {to}. Lý do: {reason}", "{at}: {by} gave it back to {to}. Reason: {reason}"
    ),
    "return_line_stt": Text(
        "{at}: {by} trả lại STT {stt} cho {to}. Lý do: {reason}",
        "{at}: {by} gave no. {stt} back to {to}. Reason: {reason}",
    ),
    "give_back_title": Text("Trả lại để ký lại", "Give back to be signed anew"),
    "give_back_lead": Text(
        "Chữ ký của người được chọn và mọi chữ ký sau đó bị gỡ; họ phải ký lại. Người ký trước sẽ đọc lý do của bạn.",
        "The chosen signer's signature and all after it are taken off and are made anew. The signer will read your reason.",
    ),
    "give_back_to": Text("Trả lại cho", "Give back to"),
    "reason": Text("Lý do", "Reason"),
    "give_back_hint": Text("Ví dụ: sai họ tên trong phần nhận xét.", "For example: the name in the comment is wrong."),
    "give_back_submit": Text("Trả lại", "Give back"),
    "given_back": Text(
        "Đã trả lại. Học bạ nằm trong danh sách chờ của người ký trước.", "Given back. It waits for that signer again."
    ),
    "back_to_class": Text("Về lớp {name}", "To class {name}"),
    # One class
    "problem_title": Text("Chưa thực hiện được", "This could not be done"),
    "waited_for": Text("Đang chờ ai ký", "Who is waited for"),
    "waited_line": Text("{slot}: {count} học bạ", "{slot}: {count} records"),
    "waited_anybody": Text("người có nhiệm vụ này", "whoever has this duty"),
    "waited_nobody": Text("chưa phân công", "nobody is assigned"),
    "waited_own": Text("Mở danh sách ký", "Open the list to sign"),
    "clerk_title": Text("Việc của văn thư với lớp này", "What the clerk can do"),
    "prepare_lead": Text(
        "{count} bản nháp. Chuẩn bị ký là lập bản PDF và XML để mọi người ký; sau đó muốn sửa phải nhập lại bảng.",
        "{count} drafts. Preparing draws the PDF and XML that everybody signs; afterwards only a new import changes them.",
    ),
    "planned_day": Text("Ngày dự kiến phát hành", "Planned day of issue"),
    "prepare_submit": Text("Chuẩn bị ký", "Prepare for signing"),
    "issue_lead": Text(
        "{count} học bạ đã đủ chữ ký. Phát hành sẽ khóa nội dung và thêm dấu thời gian lưu trữ.",
        "{count} records are signed by all. Issuing closes them and adds the archive time stamp.",
    ),
    "issue_submit": Text("Phát hành lớp này", "Issue this class"),
    "nothing_to_do": Text("Hiện không có gì phải làm.", "There is nothing to do right now."),
    "unassigned": Text(
        "{count} phần ký đang chờ mà chưa giao cho ai. Hãy phân công người ký.",
        "{count} places are waited for and assigned to nobody. Assign signers.",
    ),
    "assign_open": Text("Phân công người ký", "Assign signers"),
    "history_open": Text("Lịch sử ký", "History"),
    "deed_prepare": Text("Chuẩn bị ký", "Preparing"),
    "deed_issue": Text("Phát hành", "Issuing"),
    "deed_waiting": Text(
        "{deed}: đang chờ đến lượt. Bạn có thể rời trang này.",
        "{deed}: waits for its turn. You may leave this page.",
    ),
    "deed_running": Text(
        "{deed}: đã xong {done} trên {total}. Bạn có thể rời trang này.",
        "{deed}: {done} of {total} done. You may leave this page.",
    ),
    "deed_done": Text("{deed}: xong {done} trên {total}.", "{deed}: {done} of {total} done."),
    "deed_cancelled": Text(
        "{deed}: người vận hành đã dừng, xong {done} trên {total}.",
        "{deed}: stopped by the operator, {done} of {total} done.",
    ),
    "deed_failed": Text(
        "{deed}: bị hỏng giữa chừng, xong {done} trên {total}.", "{deed}: broke off, {done} of {total} done."
    ),
    "deed_refused": Text("STT {stt}: {why}", "No. {stt}: {why}"),
    # History of a class
    "history_title": Text("Lịch sử ký lớp {name}", "History of class {name}"),
    "how_many": Text("Số học bạ", "Records"),
    "from_to": Text("từ {first} đến {last}", "{first} to {last}"),
    "places": Text("STT {places}", "no. {places}"),
    "no_history": Text("Lớp này chưa có chữ ký nào.", "Nobody has signed in this class yet."),
    "no_returns": Text("Chưa có học bạ nào bị trả lại.", "Nothing was given back."),
    # Signers of a class
    "signers_title": Text("Phân công người ký lớp {name}", "Who signs in class {name}"),
    "signers_lead": Text(
        "Mỗi phần ký giao cho một tài khoản của trường. Đổi người đã giao thì phải ghi lý do.",
        "Each place is given to one account of the school. Replacing somebody needs a reason.",
    ),
    "signers_none": Text(
        "Lớp chưa có học bạ nên chưa phân công được. Hãy nhập bảng lớp trước.",
        "The class has no records yet. Import its sheet first.",
    ),
    "named": Text("Học bạ ghi: {name}", "The records name: {name}"),
    "assigned_to": Text("Đang giao: {name}", "Assigned to: {name}"),
    "assigned_why": Text("lý do: {reason}", "because: {reason}"),
    "assigned_everybody": Text(
        "Chưa giao riêng: ai có nhiệm vụ này đều ký được.", "Nobody in particular: whoever has the duty may sign."
    ),
    "assigned_nobody": Text("Chưa giao cho ai.", "Assigned to nobody."),
    "choose": Text("— chọn —", "— choose —"),
    "account_of_slot": Text("Người ký", "Signer"),
    "reason_of_slot": Text("Lý do (nếu thay người)", "Reason (when replacing)"),
    "assign_submit": Text("Giao", "Assign"),
    "assigned_now": Text("Đã giao phần ký {slot} cho {name}.", "{slot} is assigned to {name}."),
    "no_choices": Text(
        "Trường chưa có tài khoản nào có nhiệm vụ này. Hãy nhờ người quản trị thêm.",
        "No account has this duty. Ask the administrator to add one.",
    ),
}
"""By the name the templates say it with."""
