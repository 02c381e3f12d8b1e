# SPDX-License-Identifier: Apache-2.0

"""What the pages about transfers say, in Vietnamese and English."""

from ledger.web.languages import Text

TRANSFER_STATES = {
    "open": Text("Chờ tiếp nhận", "Waiting"),
    "accepted": Text("Đã tiếp nhận", "Taken in"),
    "withdrawn": Text("Đã rút", "Withdrawn"),
}
"""By the values of `ledger.desk.transfer_pages.TransferState`."""

TRANSFER_TEXTS = {
    "nav_transfers": Text("Chuyển trường", "Transfers"),
    "transfers_title": Text("Chuyển trường", "Transfers"),
    "transfers_lead": Text(
        "Trường đi cho chuyển, trường đến tiếp nhận. Học bạ đã phát hành đi theo học sinh và giữ nguyên, không lập lại.",
        "The old school releases, the new one takes in. Issued records go along as they are and are never made again.",
    ),
    "transfers_waiting": Text("Đang chờ tiếp nhận", "Waiting to be taken in"),
    "transfers_ended": Text("Đã xong", "Finished"),
    "transfers_none": Text("Chưa có hồ sơ chuyển trường nào.", "There are no transfers."),
    "transfers_none_waiting": Text("Không có học sinh nào đang chờ tiếp nhận.", "Nobody waits to be taken in."),
    "transfer_new": Text("Cho học sinh chuyển đi", "Release a pupil"),
    "transfer_number": Text("Số {number}", "No. {number}"),
    "transfer_in": Text("Chuyển đến từ {school}", "Coming from {school}"),
    "transfer_out": Text("Chuyển đi {school}", "Going to {school}"),
    "transfer_from_year": Text("từ năm học {year}", "from {year} on"),
    "transfer_mid_year": Text("giữa năm học {year}", "in the middle of {year}"),
    "transfer_open": Text("Xem hồ sơ", "Open"),
    "pupil_unknown": Text("Học sinh", "Pupil"),
    "coming_title": Text("Học sinh chuyển đến", "Pupils coming"),
    "coming_count": Text("{count} học sinh chờ trường tiếp nhận.", "{count} wait to be taken in."),
    "coming_open": Text("Xem và tiếp nhận", "Look and take in"),
    # One transfer
    "transfer_title": Text("Hồ sơ chuyển trường số {number}", "Transfer no. {number}"),
    "transfer_from": Text("Trường đi", "From"),
    "transfer_to": Text("Trường đến", "To"),
    "transfer_when": Text("Thời điểm", "When"),
    "transfer_level": Text("Cấp học", "Level"),
    "transfer_released": Text("Cho chuyển", "Released"),
    "transfer_accepted": Text("Tiếp nhận", "Taken in"),
    "transfer_withdrawn": Text("Rút lại", "Withdrawn"),
    "transfer_why": Text("Lý do", "Reason"),
    "transfer_by": Text("{at}, {who}", "{at}, {who}"),
    "confirmation": Text("Xác nhận kết quả giữa năm", "Confirmation of results"),
    "confirmation_open": Text("Tải bản xác nhận", "Download the confirmation"),
    "confirmed_title": Text("Ai đã xác nhận kết quả giữa năm", "Who confirmed the results"),
    "confirmed_lead": Text(
        "Kết quả tính đến {at}. Khi trường đi cho chuyển, phần mềm đã kiểm tra: hai chữ ký dưới đây còn nguyên và bao trùm toàn "
        "bộ tệp, hiệu trưởng có trong danh sách Sở duyệt, con dấu là con dấu đã đăng ký của trường đi, nội dung đúng với kết quả "
        "mà trường đi đã nhập.",
        "Results up to {at}. When the pupil was released these two signatures were looked into: they hold and cover the whole "
        "file, the head is on the approved list, the seal is the one that the old school is registered with, and it says what "
        "the old school had imported.",
    ),
    "confirmed_as": Text("Vai trò", "As"),
    "confirmed_signer": Text("Người ký", "Signer"),
    "confirmed_when": Text("Lúc ký (dấu thời gian)", "When (time-stamp)"),
    "confirmed_certificate": Text("Chứng thư số (SHA-256)", "Certificate (SHA-256)"),
    "confirmed_principal": Text("Hiệu trưởng", "Head"),
    "confirmed_seal": Text("Con dấu của trường", "The school's seal"),
    "confirmed_doubt": Text("Lưu ý, {who}: {what}.", "Note, {who}: {what}."),
    "confirmed_unjudged": Text(
        "Bản xác nhận này được nhận khi phần mềm chưa kiểm tra chữ ký. Hãy tải về và mở bằng trình đọc PDF để xem ai đã ký.",
        "This confirmation was taken before signatures were looked into. Open it in a PDF reader to see who signed.",
    ),
    "inherits_title": Text("Học bạ đi theo học sinh", "Records that come along"),
    "inherits_lead": Text(
        "Do trường cũ phát hành, còn hiệu lực; trường mới kế thừa, không lập lại.",
        "Issued by the old schools and in force; the new school inherits them and makes none again.",
    ),
    "inherits_none": Text(
        "Không có học bạ nào đã neo đi theo học sinh ở cấp này.", "No anchored record of this level comes along."
    ),
    "issued_by": Text("Trường phát hành", "Issued by"),
    "lookup_code": Text("Mã tra cứu", "Lookup code"),
    "unfinished_in": Text(
        "Trường đi đang làm dở học bạ năm học {year}. Khi trường đến tiếp nhận, phần đang làm dở được rút; trường đến nhập bảng "
        "lớp của mình để lập học bạ năm đó.",
        "The old school has begun the record of {year}. Once the pupil is taken in that goes, and the new school makes the "
        "record of the year from its own class sheet.",
    ),
    "accept_title": Text("Tiếp nhận học sinh", "Take the pupil in"),
    "accept_lead": Text(
        "Hãy xem danh sách học bạ trên. Tiếp nhận xong, trường đi không rút lại được nữa.",
        "Look at the records above. Once taken in, the old school cannot take its release back.",
    ),
    "accept_submit": Text("Tiếp nhận", "Take in"),
    "withdraw_title": Text("Rút lại hồ sơ", "Take the release back"),
    "withdraw_lead": Text(
        "Được rút khi trường đến chưa tiếp nhận; học sinh ở lại trường này.",
        "Possible until the new school has taken the pupil in; the pupil then stays here.",
    ),
    "withdraw_submit": Text("Rút hồ sơ", "Withdraw"),
    "transfer_just_released": Text(
        "Đã cho chuyển. Trường đến thấy hồ sơ này ở trang “Chuyển trường” của mình và tiếp nhận ở đó.",
        "Released. The new school finds it on its own page “Transfers” and takes the pupil in there.",
    ),
    "transfer_just_accepted": Text("Đã tiếp nhận học sinh.", "The pupil is taken in."),
    "transfer_just_withdrawn": Text("Đã rút hồ sơ; học sinh ở lại trường.", "Withdrawn; the pupil stays."),
    "back_to_transfers": Text("Về danh sách chuyển trường", "To the list of transfers"),
    # Releasing
    "release_title": Text("Cho học sinh chuyển đi", "Release a pupil"),
    "release_lead": Text(
        "Học bạ các năm trước phải đã neo xong. Nếu năm học đã bắt đầu, cần bản xác nhận kết quả có chữ ký của hiệu trưởng và "
        "con dấu.",
        "The records of earlier years have to be anchored. If the year has begun, the confirmation of results is needed, signed "
        "by the head and sealed.",
    ),
    "release_pupil": Text("Mã học sinh", "Pupil code"),
    "release_about": Text("Học sinh: {name}", "Pupil: {name}"),
    "release_level": Text("Cấp học", "Level"),
    "release_year": Text("Học ở trường mới từ năm học", "At the new school from the year"),
    "release_to": Text("Trường đến", "New school"),
    "release_to_hint": Text(
        "Gõ tên hoặc mã trường rồi chọn trong danh sách.", "Type its name or code and choose from the list."
    ),
    "release_file": Text("Xác nhận kết quả (chỉ khi chuyển giữa năm)", "Confirmation of results (in mid-year only)"),
    "release_file_hint": Text(
        "Bản xác nhận lập ở trang “Lập bản xác nhận”, hiệu trưởng đã ký và trường đã đóng dấu số; tối đa {limit} MB.",
        "The confirmation drawn on the page “Draw the confirmation”, signed by the head and sealed; at most {limit} MB.",
    ),
    "release_why_hint": Text(
        "Ghi vào nhật ký; trường đến cũng đọc được. Ví dụ: theo gia đình chuyển nơi ở.",
        "For the journal; the new school reads it too. For example: the family moves.",
    ),
    "release_submit": Text("Cho chuyển", "Release"),
    # The confirmation of results in mid-year
    "draw_title": Text("Lập bản xác nhận kết quả giữa năm", "Draw the confirmation of results in mid-year"),
    "draw_open": Text("Lập bản xác nhận giữa năm", "Draw a confirmation in mid-year"),
    "draw_lead": Text(
        "Cho học sinh chuyển đi giữa năm học. Phần mềm lập tệp PDF từ kết quả đến lúc này; hiệu trưởng ký, trường đóng dấu số, "
        "rồi gửi tệp đó kèm khi cho chuyển.",
        "For a pupil who leaves in mid-year. A PDF is drawn from the results up to now; the head signs it, the school seals it, "
        "and it is handed in with the release.",
    ),
    "draw_year": Text("Đang học năm học", "In the school year"),
    "draw_sheet": Text(
        "Bảng lớp (chỉ khi chưa nhập học bạ năm nay)", "Class sheet (only if no record of the year is begun)"
    ),
    "draw_sheet_hint": Text(
        "Ví dụ mới có điểm học kỳ I: chọn bảng lớp như đang có, chưa cần đủ. Phần mềm chỉ giữ lại kết quả của học sinh này.",
        "For example with marks of semester I only: choose the sheet as it is, it need not be finished. Only this pupil's "
        "results are kept.",
    ),
    "draw_submit": Text("Lập và tải tệp PDF", "Draw and download the PDF"),
    "draw_then": Text(
        "Sau đó ký trên máy có khóa ký: hocba transfer sign TỆP --role CBQL, rồi --role KY_PHAT_HANH. Đừng mở và lưu lại tệp "
        "bằng phần mềm khác: tệp phải giữ nguyên từng byte.",
        "Then sign where the keys are: hocba transfer sign FILE --role CBQL, then --role KY_PHAT_HANH. Do not save the file with "
        "another program: every byte of it counts.",
    ),
    "release_open": Text("Cho chuyển trường", "Release to another school"),
}
