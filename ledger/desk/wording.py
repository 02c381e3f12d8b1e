# SPDX-License-Identifier: Apache-2.0

"""What the desk's pages say, in Vietnamese and English. Vietnamese as a teacher would say it to a colleague.

The sentences of refusals stand in `problems`, those about passwords in `passwords`, those of findings with the rules; here is the
rest.
"""

from ledger.duty import Duty
from ledger.importing import Change
from ledger.record.findings import Severity
from ledger.unit import Role, UnitState
from ledger.web.languages import Text

DUTIES = {
    Duty.CLERK: Text("Văn thư", "Clerk"),
    Duty.PRINCIPAL: Text("Hiệu trưởng", "Principal"),
    Duty.TEACHER: Text("Giáo viên", "Teacher"),
    Duty.AUTHORITY: Text("Sở GDĐT", "Authority"),
}

STATES = {
    UnitState.DRAFT: Text("Nháp", "Draft"),
    UnitState.SIGNING: Text("Đang ký", "In signing"),
    UnitState.ISSUED: Text("Đã phát hành", "Issued"),
    UnitState.ANCHORED: Text("Đã neo lên chuỗi", "Anchored"),
    UnitState.LOCKED: Text("Đã khóa năm học", "Locked"),
    UnitState.RECALLED: Text("Đã thu hồi", "Recalled"),
    UnitState.REPLACED: Text("Đã thay thế", "Replaced"),
}

ROLES = {
    Role.SUBJECT: Text("GV bộ môn", "Subject teacher"),
    Role.HOMEROOM: Text("GV chủ nhiệm", "Homeroom teacher"),
    Role.PRINCIPAL: Text("Hiệu trưởng", "Principal"),
    Role.SEAL: Text("Con dấu nhà trường", "School seal"),
}

SEVERITIES = {
    Severity.ERROR: Text("Lỗi", "Error"),
    Severity.WARNING: Text("Lưu ý", "Warning"),
    Severity.INFO: Text("Ghi chú", "Note"),
}

CHANGES = {
    Change.ADDED: Text("thêm mới", "added"),
    Change.REVISED: Text("sửa", "revised"),
    Change.REPLACING: Text("thay học bạ đã thu hồi", "replacing a recalled record"),
    Change.UNCHANGED: Text("giữ nguyên", "unchanged"),
    Change.RECALLED: Text("đã thu hồi, không lập lại", "recalled, not made again"),
    Change.REMOVED: Text("bỏ khỏi lớp", "removed"),
    Change.KEPT: Text("đã phát hành, không còn trong danh sách, giữ lại", "issued, no longer listed, kept"),
    Change.BLOCKED: Text("chưa sửa được (đã phát hành, hoặc ở lớp khác)", "blocked (issued, or in another class)"),
    Change.DEPARTED: Text("đã cho chuyển sang trường khác", "released to another school"),
}
"""What an import makes of a pupil, in the order in which a school is told."""

TEXTS = {
    "service": Text("Bàn làm việc học bạ số", "School records desk"),
    "authority_name": Text("Sở Giáo dục và Đào tạo", "Department of Education and Training"),
    "skip": Text("Tới nội dung chính", "Skip to the main content"),
    "language": Text("Ngôn ngữ", "Language"),
    "other_language": Text("English", "Tiếng Việt"),
    "footer": Text(
        "Bàn làm việc không giữ khóa ký của ai. Hãy đăng xuất khi rời máy.",
        "The desk holds nobody's signing key. Sign out when you leave the computer.",
    ),
    "menu": Text("Các trang", "Pages"),
    "nav_home": Text("Việc chờ tôi", "Waiting for me"),
    "nav_classes": Text("Lớp học", "Classes"),
    "nav_import": Text("Nhập bảng lớp", "Import a class"),
    "nav_account": Text("Tài khoản", "Account"),
    "sign_out": Text("Đăng xuất", "Sign out"),
    "signed_in_as": Text("Đang đăng nhập:", "Signed in:"),
    "home": Text("Về “Việc chờ tôi”", "To “Waiting for me”"),
    # Signing in
    "sign_in_title": Text("Đăng nhập", "Sign in"),
    "sign_in_lead": Text(
        "Dành cho văn thư, hiệu trưởng, giáo viên và Sở.", "For clerks, principals, teachers and the authority."
    ),
    "name": Text("Tên đăng nhập", "Sign-in name"),
    "name_hint": Text(
        "Ví dụ an.le; không phân biệt chữ hoa, chữ thường.", "For example an.le; in upper or lower case."
    ),
    "password": Text("Mật khẩu", "Password"),
    "sign_in_submit": Text("Đăng nhập", "Sign in"),
    "or": Text("hoặc", "or"),
    "sign_in_openid": Text("Đăng nhập bằng {name}", "Sign in with {name}"),
    "forgotten": Text(
        "Quên mật khẩu? Hãy hỏi người quản trị của trường để nhận liên kết đặt lại.",
        "Forgot the password? Ask your school's administrator for a link to set a new one.",
    ),
    "ended": Text(
        "Phiên làm việc đã hết hạn hoặc bạn chưa đăng nhập. Hãy đăng nhập để tiếp tục.",
        "The session has ended, or you have not signed in yet. Sign in to go on.",
    ),
    "left": Text("Bạn đã đăng xuất.", "You are signed out."),
    # Invitations
    "invitation_title": Text("Chọn cách đăng nhập", "Choose how to sign in"),
    "invitation_lead": Text(
        "Liên kết này dành cho {display_name}, tên đăng nhập {name}. Liên kết chỉ dùng được một lần.",
        "This link is for {display_name}, sign-in name {name}. It works once.",
    ),
    "invitation_password": Text("Đặt mật khẩu", "Set a password"),
    "new_password": Text("Mật khẩu mới", "New password"),
    "new_password_hint": Text(
        "Ít nhất 12 ký tự. Bốn, năm từ ghép lại thì dễ nhớ và khó đoán.",
        "At least 12 characters. Four or five words together are easy to remember and hard to guess.",
    ),
    "new_password_again": Text("Gõ lại mật khẩu mới", "New password, again"),
    "not_the_same": Text(
        "Hai lần gõ không giống nhau. Hãy gõ lại cả hai ô.", "The two are not the same. Type both again."
    ),
    "invitation_submit": Text("Đặt mật khẩu và đăng nhập", "Set the password and sign in"),
    "invitation_openid": Text("Liên kết với {name}", "Link with {name}"),
    "invitation_openid_lead": Text(
        "Sau đó bạn đăng nhập bằng {name}, không cần mật khẩu riêng ở đây.",
        "From then on you sign in with {name} and need no password here.",
    ),
    "to_openid_title": Text("Tiếp tục tới {name}", "Go on to {name}"),
    "to_openid_lead": Text(
        "Bạn sắp liên kết {name} với tài khoản của {display_name}. Hãy xác nhận danh tính ở trang kế tiếp; bạn sẽ được đưa trở "
        "lại đây.",
        "You are about to link {name} with the account of {display_name}. Confirm who you are on the next page; it leads "
        "back here.",
    ),
    # Home
    "home_title": Text("Việc chờ tôi", "Waiting for me"),
    "nothing_waits": Text("Hiện không có việc nào chờ bạn.", "Nothing waits for you right now."),
    "nothing_waits_more": Text(
        "Khi có học bạ cần bạn ký hoặc duyệt, việc đó sẽ hiện ở đây.",
        "Records that need your signature or approval will be shown here.",
    ),
    # Account
    "account_title": Text("Tài khoản của tôi", "My account"),
    "display_name": Text("Họ và tên", "Name"),
    "school": Text("Trường", "School"),
    "duties": Text("Nhiệm vụ", "Duties"),
    "pairing_title": Text("Ghép công cụ ký", "Pair the signing tool"),
    "pairing_lead": Text(
        "Công cụ ký (hocba sign) chạy trên máy có cắm chữ ký số của bạn. Lấy mã ghép rồi gõ vào công cụ đó thay cho mật khẩu.",
        "The signing tool (hocba sign) runs on the computer that holds your token. Get a pairing code and type it there instead "
        "of your password.",
    ),
    "pairing_submit": Text("Lấy mã ghép", "Get a pairing code"),
    "pairing_code": Text("Mã ghép của bạn", "Your pairing code"),
    "pairing_hint": Text(
        "Dùng được một lần, trong {minutes} phút. Không đọc mã này cho ai khác: người có mã sẽ làm việc dưới tên bạn.",
        "Good for one use, within {minutes} minutes. Tell it to nobody: whoever has it acts in your name.",
    ),
    # Classes
    "classes_title": Text("Lớp học", "Classes"),
    "classes_of_year": Text("Năm học {year}", "School year {year}"),
    "no_classes": Text("Chưa có lớp nào.", "There is no class yet."),
    "no_classes_clerk": Text(
        "Hãy nhập bảng lớp đầu tiên: tải bảng mẫu, điền, rồi gửi lên để kiểm tra.",
        "Import the first class: download an empty sheet, fill it in, then hand it in to be checked.",
    ),
    "no_classes_teacher": Text(
        "Văn thư của trường sẽ phân công lớp cho bạn.", "Your school's clerk will assign classes to you."
    ),
    "class": Text("Lớp", "Class"),
    "enrolled": Text("Sĩ số", "Enrolled"),
    "records": Text("Học bạ", "Records"),
    "missing": Text("thiếu {count}", "{count} missing"),
    "class_title": Text("Lớp {name}", "Class {name}"),
    "class_lead": Text(
        "Năm học {year}. Sĩ số {enrolled}, có {count} học bạ.",
        "School year {year}. {enrolled} enrolled, {count} records.",
    ),
    "no_units": Text("Lớp này chưa có học bạ nào.", "This class has no records yet."),
    "stt": Text("STT", "No."),
    "pupil": Text("Học sinh", "Pupil"),
    "pupil_code": Text("Mã học sinh", "Pupil code"),
    "state": Text("Trạng thái", "State"),
    "signatures": Text("Đã ký", "Signed by"),
    "no_signatures": Text("chưa ai ký", "nobody yet"),
    "imported": Text("Đã nhập lớp {name}.", "Class {name} was imported."),
    "reimport": Text("Nhập bảng đã sửa", "Import a corrected sheet"),
    "back_to_classes": Text("Về danh sách lớp", "To the list of classes"),
    # Importing
    "import_title": Text("Nhập bảng lớp", "Import a class"),
    "import_lead": Text(
        "Gửi bảng của một lớp. Bảng được kiểm tra theo thông tư trước; bạn xem kết quả rồi mới quyết định nhập.",
        "Hand in the sheet of one class. It is checked by the circulars first; you see what was found and then decide.",
    ),
    "import_file": Text("Bảng lớp", "Class sheet"),
    "import_hint": Text(
        "Tệp .xlsx, .json hoặc .zip các tệp .csv, tối đa {limit} MB.",
        "An .xlsx or .json file, or a .zip of .csv files, at most {limit} MB.",
    ),
    "import_submit": Text("Kiểm tra", "Check"),
    "import_no_file": Text(
        "Chưa chọn tệp nào. Hãy chọn bảng lớp rồi gửi lại.", "No file was chosen. Choose the class sheet."
    ),
    "import_one_file": Text(
        "Mỗi lần chỉ nhập một lớp. Hãy chọn một tệp.", "One class at a time, please. Choose one file."
    ),
    "import_template": Text("Chưa có bảng? Tải bảng mẫu:", "No sheet yet? Download an empty one:"),
    "template_th": Text("Tiểu học", "Primary"),
    "template_thcs": Text("THCS", "Lower secondary"),
    "template_thpt": Text("THPT", "Upper secondary"),
    "checked_title": Text("Kết quả kiểm tra", "What the check found"),
    "checked_file": Text("Tệp: {file}", "File: {file}"),
    "checked_clean": Text("Không có lỗi nào. Có thể nhập.", "There is no error. The class can be imported."),
    "checked_errors": Text(
        "Có {errors} lỗi nên chưa nhập được. Hãy sửa trong bảng rồi gửi lại.",
        "There are {errors} errors, so the class cannot be imported. Correct the sheet and hand it in again.",
    ),
    "checked_warnings": Text(
        "{warnings} lưu ý: hãy xem lại; vẫn nhập được.", "{warnings} warnings: look at them; the class can be imported."
    ),
    "other_school": Text(
        "Bảng này ghi mã trường {found}, còn tài khoản của bạn thuộc trường mã {own}. Hãy chọn đúng bảng, hoặc sửa mã trường ở "
        "trang “Thông tin”.",
        "This sheet names school {found}, and your account belongs to school {own}. Choose the right sheet, or correct the "
        "school's code on its page “Thông tin”.",
    ),
    "cannot_plan": Text("Chưa nhập được", "This cannot be imported"),
    "blocked": Text(
        "Có học sinh chưa sửa được nên cả lớp chưa nhập được. Hãy làm theo lời nhắc ở từng học sinh rồi gửi lại.",
        "Some pupils block the import of the whole class. Do what is said beside each, then hand the sheet in again.",
    ),
    "findings": Text("Những điều cần xem", "What was found"),
    "severity": Text("Mức", "Severity"),
    "where": Text("Ở đâu", "Where"),
    "sheet": Text("trang", "sheet"),
    "row": Text("dòng", "row"),
    "column": Text("cột", "column"),
    "found": Text("Đang ghi", "Found"),
    "message": Text("Nội dung", "Message"),
    "article": Text("Căn cứ", "By"),
    "plan_title": Text("Nếu nhập, sẽ thay đổi", "What the import would change"),
    "plan_lead": Text("Lớp {name}, năm học {year}.", "Class {name}, school year {year}."),
    "plan_none": Text("Không có gì thay đổi.", "Nothing would change."),
    "sign_again": Text("Phải ký lại: {roles}.", "To be signed again: {roles}."),
    "way_out_issued": Text(
        "Học bạ đã phát hành: hãy thu hồi trước, rồi nhập lại.",
        "The record is issued: recall it first, then import again.",
    ),
    "way_out_class": Text(
        "Đang có học bạ ở lớp {class_name}: hãy bỏ học sinh khỏi một trong hai bảng lớp.",
        "There is a record in class {class_name}: take the pupil off one of the two sheets.",
    ),
    "way_out_school": Text(
        "Đang có học bạ ở trường khác: hãy kiểm tra mã học sinh, hoặc liên hệ Sở về việc chuyển trường.",
        "There is a record at another school: check the pupil's code, or ask the authority about the transfer.",
    ),
    "way_out_departed": Text(
        "Đã cho chuyển sang trường {school}: hãy bỏ học sinh khỏi bảng lớp, hoặc rút hồ sơ chuyển trường trước nếu trường kia "
        "chưa tiếp nhận.",
        "Released to school {school}: take the pupil off the sheet, or withdraw the transfer first if that school has not "
        "accepted it.",
    ),
    "confirm": Text("Nhập lớp này", "Import this class"),
    "discard": Text("Bỏ, chọn tệp khác", "Discard, choose another file"),
    "plan_changed": Text(
        "Sổ cái đã thay đổi sau khi bạn xem nên chưa nhập. Hãy xem lại những thay đổi dưới đây rồi bấm nhập lần nữa.",
        "The ledger has changed since you looked, so nothing was imported. Look at the changes below, then import once more.",
    ),
    "upload_over": Text(
        "Bảng đã gửi không còn ở đây: đã nhập, đã bỏ, hoặc đã quá một ngày. Hãy gửi lại.",
        "The sheet is no longer here: it was imported, discarded, or is older than a day. Hand it in again.",
    ),
}
"""What the templates say, by the name they say it with."""
