# SPDX-License-Identifier: Apache-2.0

"""Everything the ledger raises on purpose, outside its packages' own trees.

* LedgerError
  x UnknownSchool, UnknownUnit, UnknownFile, UnknownClass, UnknownRound, UnknownLine   asked for something that is not here
  x ForbiddenMove       the life-cycle has no such arrow
  x LostRace            another worker moved the row first; read again
  x AlreadyImported     the class cannot be imported over what stands here: some of it is issued, or stands in another class
  x MistypedCode        a short code that cannot be one
  x NoDocuments         what a sheet says of a pupil cannot be printed or written
  x NothingToBind, YearsMissing, BookletIssued   no booklet can be bound of these units, or another one is in force
  x DamagedFile         a stored file no longer has the digest it was stored under
  x NotSigned           a document came back from a signer without what was asked for
  x NotAllSigned, NotAllIssued   some units of a class are signed or issued, and these are not
  x CannotStore, CannotRead   the file store takes no file, or cannot be asked: a full disk, an object store out of reach
  x UnusableFiles       the setting that says where files lie cannot be understood
  x NotArchived         a stored PDF without a document timestamp that can be read
  x NothingGained       a new document timestamp would not last longer than the one that is there
  x Unavailable         the database cannot be asked; nothing is known to have changed
    + CannotRecord      its disk is full, broken or read-only, or its file cannot be opened
  x UnusableDatabase    a PostgreSQL database that does not keep UTF-8, or sorts it by a language
  x WrongCertificate    a key that is not the one registered for what it is to sign
  x CertificateRefused  a certificate that may not be registered, or may not sign this now
  x NothingWaits        nobody waits for this signer
  x NotTheirs           somebody signs what another is assigned to, or the record names another for
  x UnknownAccount, AccountRefused   no such account at the desk, or it cannot be made or linked so
  x InvitationOver      an invitation, pairing code or answer of single sign-on that was used, or came too late
  x TooOften            too many failures to sign in; it passes by itself
  x Refused             the registry contract said no; the state did not change
  x CannotSend          no node takes what a chain account has to send: no money, too low a fee
  x EvidenceMissing     a change of civil status, or an amendment, without the document that it rests on
  x NothingToApprove    nothing about this record waits for the authority
  x NothingToTakeBack, TooLateToTakeBack   no request of which nothing was sent: none at all, or it is on its way
  x ReasonMissing       a decision that has to say why, and does not
  x YearAlreadyLocked   the school year was locked before
  x NoSchoolYear        not two calendar years, one after the other
  x CannotTransfer      a pupil who cannot be given to, or taken by, another school so
    + ConfirmationRefused   the old school's confirmation in mid-year is not signed as it has to be, or says something else

Each carries one sentence in Vietnamese and one in English that say what to do.
"""

from collections.abc import Sequence
from typing import NamedTuple


class LedgerError(Exception):
    """The root of the ledger's errors: `vi` and `en` are for people, and end in a remedy where there is one."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class UnknownSchool(LedgerError):
    """No school with this code is registered here."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"Chưa có trường mã {code}. Hãy đăng ký trường trước (hocba school).",
            f"No school with code {code}. Register it first (hocba school).",
        )


class UnknownUnit(LedgerError):
    """No unit with this id is in the ledger."""

    def __init__(self, unit_id: object) -> None:
        super().__init__(
            f"Không có học bạ mã {unit_id} trong sổ cái này. Hãy kiểm tra lại mã tra cứu.",
            f"No unit {unit_id} in this ledger. Check the lookup code.",
        )


class UnknownFile(LedgerError):
    """No stored file has this digest."""

    def __init__(self, sha256: str) -> None:
        super().__init__(
            f"Kho tệp không có tệp với mã băm {sha256}. Hãy khôi phục kho tệp từ bản sao lưu.",
            f"The file store has no file with digest {sha256}. Restore the store from its backup.",
        )


class DamagedFile(LedgerError):
    """A stored file no longer has the digest it was stored under."""

    def __init__(self, sha256: str) -> None:
        super().__init__(
            f"Tệp {sha256} trong kho đã bị hỏng hoặc bị sửa. Hãy khôi phục tệp này từ bản sao lưu.",
            f"Stored file {sha256} is damaged or was altered. Restore it from the backup.",
        )


class Remedy(NamedTuple):
    """What a person does about it: half a sentence, in Vietnamese and in English."""

    vi: str
    en: str


_MEND_THE_DISK = Remedy(
    "hãy giải phóng dung lượng đĩa hoặc sửa quyền ghi, rồi chạy lại",
    "free some disk space or mend its permissions, then run this again",
)

_LOOK_AT_THE_DISK = Remedy(
    "hãy kiểm tra đĩa và quyền đọc, rồi chạy lại", "check the disk and its permissions, then run this again"
)


class CannotStore(LedgerError):
    """The file store takes no file. Nothing half done remains."""

    def __init__(self, cause: str, remedy: Remedy = _MEND_THE_DISK) -> None:
        super().__init__(
            f"Không ghi được vào kho tệp ({cause}). Không có gì dở dang và chữ ký đã có vẫn được giữ; {remedy.vi}.",
            f"The file store cannot be written ({cause}). Nothing is half done, and signatures that were made are kept; "
            f"{remedy.en}.",
        )


class CannotRead(LedgerError):
    """The file store cannot be asked. Whether it has the file is not known."""

    def __init__(self, cause: str, remedy: Remedy = _LOOK_AT_THE_DISK) -> None:
        super().__init__(
            f"Không đọc được kho tệp ({cause}). Chưa biết tệp còn hay mất; {remedy.vi}.",
            f"The file store cannot be read ({cause}). Whether the file is there is not known; {remedy.en}.",
        )


class UnusableFiles(LedgerError):
    """The setting that says where files lie cannot be understood."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"Không dùng được thiết lập kho tệp (files, HOCBA_FILES): {problem}. Hãy sửa thiết lập này.",
            f"The setting of the file store (files, HOCBA_FILES) cannot be used: {problem}. Mend it.",
        )


class ForbiddenMove(LedgerError):
    """The life-cycle has no such arrow."""

    def __init__(self, what: str, old: str, new: str) -> None:
        super().__init__(
            f"{what}: không thể chuyển từ trạng thái «{old}» sang «{new}».",
            f"{what}: no move leads from {old} to {new}.",
        )


class LostRace(LedgerError):
    """Another worker moved the row first. Nothing was changed; read again."""

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(
            f"{what} không còn ở trạng thái «{expected}»: một tiến trình khác vừa xử lý. Hãy chạy lại lệnh.",
            f"{what} no longer stands at {expected}: another process moved it. Run the command again.",
        )


class AlreadyImported(LedgerError):
    """What the sheet says cannot take the place of what is issued, or stands in another class. Nothing was imported."""

    def __init__(self, class_name: str, year: str, pupils: Sequence[str] = ()) -> None:
        named = "".join(f"\n  - {pupil}" for pupil in pupils)
        super().__init__(
            f"Chưa nhập gì cho lớp {class_name} năm học {year}: có học sinh đã được phát hành học bạ với nội dung "
            f"khác, hoặc "
            "đang có học bạ ở lớp khác. Hãy thu hồi học bạ đó trước (hocba recall), hoặc sửa lại bảng lớp." + named,
            f"Nothing was imported for class {class_name} of {year}: a pupil's record is issued already and says "
            f"something "
            "else, or stands in another class. Recall that record first (hocba recall), or correct the sheet." + named,
        )


class MistypedCode(LedgerError):
    """A short code that cannot be one."""

    def __init__(self, typed: str) -> None:
        super().__init__(
            f"Mã tra cứu ngắn “{typed[:40]}” không đúng: mã có 17 ký tự, in cạnh mã QR. Hãy gõ lại.",
            f"“{typed[:40]}” is no short code: it has 17 characters and stands beside the QR. Type it again.",
        )


class NoDocuments(LedgerError):
    """The documents of a pupil cannot be made."""

    def __init__(self, pupil: str, vi: str, en: str) -> None:
        super().__init__(f"{pupil}: {vi}", f"{pupil}: {en}")


class NothingToBind(LedgerError):
    """No yearly record of this pupil can be bound into a booklet by this school."""

    def __init__(self, pupil_code: str, level: str) -> None:
        super().__init__(
            f"Học sinh {pupil_code} chưa có học bạ cấp {level} nào đã neo xong, hoặc năm học mới nhất thuộc trường "
            f"khác. Hãy "
            "neo học bạ trước (hocba anchor).",
            f"Pupil {pupil_code} has no anchored record of level {level}, or the newest year is another school's. "
            f"Anchor the "
            "records first (hocba anchor).",
        )


class YearsMissing(LedgerError):
    """A booklet would lack years of which the ledger knows."""

    def __init__(self, pupil_code: str, years: Sequence[str]) -> None:
        told = ", ".join(years)
        super().__init__(
            f"Học bạ của học sinh {pupil_code} các năm học {told} chưa neo xong hoặc đã thu hồi mà chưa có bản thay "
            f"thế. Hãy "
            "hoàn tất các học bạ đó trước rồi đóng sổ.",
            f"The records of pupil {pupil_code} for {told} are not anchored yet, or were recalled and not replaced. "
            f"Finish those "
            "records first, then bind.",
        )


class BookletIssued(LedgerError):
    """A booklet that lists other units has been issued."""

    def __init__(self, booklet_id: object) -> None:
        super().__init__(
            f"Sổ học bạ {booklet_id} đã phát hành với danh sách khác. Hãy thu hồi sổ đó trước (hocba recall), rồi "
            f"đóng sổ lại.",
            f"Booklet {booklet_id} is issued already and lists other records. Recall it first (hocba recall), then "
            f"bind again.",
        )


class NotArchived(LedgerError):
    """A stored PDF has no document timestamp that can be read, so nobody can say how long it lasts."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"Không đọc được dấu thời gian của tệp PDF đã lưu ({problem}). Hãy khôi phục tệp này từ bản sao lưu.",
            f"The document timestamp of the stored PDF cannot be read ({problem}). Restore this file from its backup.",
        )


class NothingGained(LedgerError):
    """A new document timestamp would not last longer than the one that is there, so it was not kept."""

    def __init__(self, ends: object) -> None:
        super().__init__(
            f"Dấu thời gian mới chỉ có hạn đến {ends}, không lâu hơn dấu đang có, nên không lưu. Hãy hỏi nhà cung cấp dấu thời "
            "gian khi nào có chứng thư mới, rồi chạy lại.",
            f"The new timestamp lasts until {ends}, no longer than the one that is there, so it was not kept. Ask the "
            "time-stamping authority when it will have a new certificate, then run this again.",
        )


class NotSigned(LedgerError):
    """A document came back from a signer without what was asked for."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Kết quả ký không hợp lệ: {what}. Học bạ này chưa được ghi nhận; hãy ký lại.",
            f"What came back from signing is not acceptable: {what}. Nothing was stored for this unit; sign again.",
        )


class NotAllSigned(LedgerError):
    """Some units of a class could not be signed; the others are, and stay so. `problems`: place in the list, and why."""

    def __init__(self, problems: Sequence[tuple[int, str, str]]) -> None:
        super().__init__(
            "\n".join(
                [
                    (
                        f"{len(problems)} học bạ chưa ký xong; những học bạ khác đã ký và được giữ. Hãy xử lý rồi chạy "
                        f"lại lệnh:"
                    ),
                    *(f"  - STT {stt}: {vi}" for stt, vi, _ in problems),
                ]
            ),
            "\n".join(
                [
                    (
                        f"{len(problems)} records are not signed; the others are, and are kept. Mend this and run the "
                        f"command again:"
                    ),
                    *(f"  - no. {stt}: {en}" for stt, _, en in problems),
                ]
            ),
        )


class NotAllIssued(LedgerError):
    """Some signed units of a class could not be issued; the others are. `problems`: place in the list, and why."""

    def __init__(self, problems: Sequence[tuple[int, str, str]]) -> None:
        super().__init__(
            "\n".join(
                [
                    f"{len(problems)} học bạ đã ký nhưng chưa phát hành được; các học bạ khác đã xong. Hãy xử lý rồi chạy lại:",
                    *(f"  - STT {stt}: {vi}" for stt, vi, _ in problems),
                ]
            ),
            "\n".join(
                [
                    f"{len(problems)} signed records could not be issued; the others are done. Mend this and run it again:",
                    *(f"  - no. {stt}: {en}" for stt, _, en in problems),
                ]
            ),
        )


class Refused(LedgerError):
    """The registry contract said no; the state did not change."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"Hợp đồng sổ đăng ký từ chối {what}: {reason}. Hãy báo cho Sở GDĐT nếu không rõ lý do.",
            f"The registry contract refused {what}: {reason}. Ask the authority if the reason is not clear.",
        )


class CannotSend(LedgerError):
    """No node takes what is to be sent: `what` is a chain account, for which so many errands wait, or one errand."""

    def __init__(self, what: str, vi: str, en: str, *, waiting: int = 1) -> None:
        super().__init__(
            f"{what}: còn {waiting} việc chưa gửi được lên chuỗi; không mất gì cả. {vi}",
            f"{what}: {waiting} errands could not be sent to the chain; nothing is lost. {en}",
        )


class EvidenceMissing(LedgerError):
    """A change of civil status, or an amendment, without the document that it rests on."""

    def __init__(self) -> None:
        super().__init__(
            "Thay đổi hộ tịch và đính chính cần văn bản làm căn cứ và lý do. Hãy kèm tệp quyết định và ghi lý do.",
            "A change of civil status or an amendment needs the document that it rests on, and a reason. Add the decision's file "
            "and say why.",
        )


class NothingToApprove(LedgerError):
    """Nothing about this record waits for the authority."""

    def __init__(self, unit_id: object) -> None:
        super().__init__(
            f"Học bạ {unit_id} không có đề nghị nào chờ Sở chấp thuận. Nhà trường phải quyết định thu hồi trước (hocba recall).",
            f"Nothing about record {unit_id} waits for approval. The school has to decide its recall first (hocba recall).",
        )


class NothingToTakeBack(LedgerError):
    """No recall of this unit waits, or not so that this decision could end it."""

    def __init__(self, unit_id: object) -> None:
        super().__init__(
            f"Học bạ {unit_id} không có đề nghị thu hồi nào đang chờ để rút hoặc từ chối. Hãy xem lịch sử của học bạ.",
            f"No recall of record {unit_id} waits that could be taken back or declined. Look at the record's history.",
        )


class TooLateToTakeBack(LedgerError):
    """What was decided has been sent to the chain, or may have been. It cannot be taken back."""

    def __init__(self, unit_id: object) -> None:
        super().__init__(
            f"Việc thu hồi học bạ {unit_id} đã gửi lên chuỗi nên không rút lại được. Nếu thu hồi nhầm, hãy phát hành học bạ mới "
            "thay thế.",
            f"The recall of record {unit_id} was sent to the chain and cannot be taken back. If it was a mistake, issue a new "
            "record in its place.",
        )


class ReasonMissing(LedgerError):
    """A decision that has to say why."""

    def __init__(self) -> None:
        super().__init__(
            "Quyết định này cần có lý do (--note). Chưa ghi gì cả.",
            "This decision needs a reason (--note). Nothing was stored.",
        )


class YearAlreadyLocked(LedgerError):
    """The school year was locked before."""

    def __init__(self, school_year: str) -> None:
        super().__init__(
            f"Năm học {school_year} đã được khóa; không cần khóa lại.",
            f"School year {school_year} is locked already; nothing is left to do.",
        )


class NoSchoolYear(LedgerError):
    """Not two calendar years, one after the other."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"«{text}» không phải năm học. Hãy ghi như 2025-2026.",
            f"'{text}' is no school year. Write it like 2025-2026.",
        )


class CannotTransfer(LedgerError):
    """A pupil who cannot be given to, or taken by, another school so. Nothing was changed."""


class ConfirmationRefused(CannotTransfer):
    """A confirmation of results that is not signed by the old school's head and seal, or does not say what it has to."""

    def __init__(self, wrong: Sequence[tuple[str, str]]) -> None:
        """`wrong` is everything that is wrong with it, each in Vietnamese and English."""
        super().__init__(
            f"Bản xác nhận kết quả chưa dùng được: {'; '.join(vi for vi, _ in wrong)}. Chưa ghi gì cả.",
            f"The confirmation of results cannot be used: {'; '.join(en for _, en in wrong)}. Nothing was stored.",
        )
        self.wrong = tuple(wrong)


class Unavailable(LedgerError):
    """The database cannot be asked. Nothing is known to have changed."""

    def __init__(
        self,
        vi: str = "Chưa truy cập được cơ sở dữ liệu sổ cái. Hãy thử lại sau; nếu vẫn vậy, hãy báo người vận hành.",
        en: str = "The ledger's database cannot be reached. Try again later; if it stays so, tell the operator.",
    ) -> None:
        super().__init__(vi, en)


class CannotRecord(Unavailable):
    """The database's disk is full, broken or read-only, or its file cannot be opened. Nothing was changed.

    SQLite needs room even to read: whoever opens it first makes the `-shm` file beside it.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"Không mở hoặc không ghi được cơ sở dữ liệu sổ cái ({cause}). Chưa có gì thay đổi; hãy giải phóng dung lượng đĩa, "
            "hoặc sửa quyền ghi hay thiết lập database, rồi chạy lại.",
            f"The ledger's database cannot be opened or written ({cause}). Nothing was changed; free some disk space, or mend "
            "the permissions or the setting database, then run this again.",
        )


class UnusableDatabase(LedgerError):
    """A PostgreSQL database that does not keep UTF-8, or sorts it by a language."""

    def __init__(self) -> None:
        super().__init__(
            "Cơ sở dữ liệu PostgreSQL này không lưu chữ dạng UTF-8 hoặc sắp xếp theo ngôn ngữ. Hãy tạo cơ sở dữ liệu mới: CREATE "
            "DATABASE hocba TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' (docs/operating.md).",
            "This PostgreSQL database does not keep text as UTF-8, or sorts it by a language. Make another one: CREATE DATABASE "
            "hocba TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' (docs/operating.md).",
        )


class WrongCertificate(LedgerError):
    """A key that is not the one registered for what it is to sign."""

    def __init__(self, role: str, school: str) -> None:
        super().__init__(
            f"Chứng thư dùng cho «{role}» không phải chứng thư đã đăng ký của trường {school}. Chưa ký gì cả; "
            "hãy dùng đúng thiết bị ký hoặc đăng ký chứng thư mới.",
            f"The certificate for {role} is not the one registered for school {school}. Nothing was signed; use the "
            "right token, or register the new certificate.",
        )


class UnknownClass(LedgerError):
    """No class of this name was imported for this year."""

    def __init__(self, name: str, year: str) -> None:
        super().__init__(
            f"Chưa có lớp {name} năm học {year}. Hãy nhập bảng lớp trước (hocba import), hoặc kiểm tra tên lớp và "
            f"năm học.",
            f"There is no class {name} of {year}. Import its sheet first (hocba import), or check class and year.",
        )


class UnknownRound(LedgerError):
    """No signing round has this id."""

    def __init__(self, round_id: object) -> None:
        super().__init__(
            f"Không có đợt ký {round_id}. Hãy mở lại danh sách “Việc chờ tôi”.",
            f"There is no signing round {round_id}. Open the list of what waits for you again.",
        )


class UnknownLine(LedgerError):
    """No request or approval of a certificate has this number."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Không có yêu cầu đăng ký chứng thư số {number}. Hãy xem lại danh sách (hocba signers list).",
            f"There is no registration number {number}. Look at the list again (hocba signers list).",
        )


class CertificateRefused(LedgerError):
    """A certificate that may not be registered, or may not sign this now. Nothing was signed."""


class NotTheirs(LedgerError):
    """Somebody signs what another is assigned to, or what the record names another for. Nothing was signed."""


class NothingWaits(LedgerError):
    """No unit of the class waits for this slot."""

    def __init__(self, slot: str, class_name: str) -> None:
        super().__init__(
            f"Lớp {class_name} không có học bạ nào đang chờ “{slot}” ký. Hãy kiểm tra lớp, năm học, hoặc người ký "
            f"trước.",
            f"No unit of class {class_name} waits for {slot}. Check class and year, or whether the signer before is "
            f"done.",
        )


class UnknownAccount(LedgerError):
    """Nobody has this sign-in name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Không có tài khoản {name}. Hãy xem danh sách (hocba account list).",
            f"There is no account {name}. Look at the list (hocba account list).",
        )


class AccountRefused(LedgerError):
    """An account cannot be made, or linked, as asked. Nothing was changed."""


class InvitationOver(LedgerError):
    """Something that opens a door once was used already, is too old, or never was."""

    def __init__(self) -> None:
        super().__init__(
            "Liên kết hoặc mã này không còn dùng được: đã dùng rồi, đã quá hạn, hoặc chưa từng có. Hãy xin liên kết hoặc mã mới.",
            "This link or code is of no use any more: it was used, is too old, or never was. Ask for a new one.",
        )


class TooOften(LedgerError):
    """Too many failures to sign in, from one address or for one name. It passes by itself."""

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        super().__init__(
            f"Đã thử sai quá nhiều lần. Hãy thử lại sau {minutes} phút, hoặc hỏi người quản trị để nhận liên kết đặt lại mật "
            "khẩu.",
            f"Too many failed attempts. Try again in {minutes} minutes, or ask the administrator for a link to set a new "
            "password.",
        )
        self.seconds = seconds
