# SPDX-License-Identifier: Apache-2.0

"""Everything that an audit can find: code, severity, a sentence and what to do, in both languages, in one table.

Codes are never renamed or reused once released: other people's programs look for them (docs/audit.md lists them).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Language = Literal["vi", "en"]


class Severity(StrEnum):
    """How bad it is. By value in JSON."""

    ERROR = "error"
    """Something was altered or lost, or two that must agree do not."""
    WARNING = "warning"
    """Nothing is known to be wrong, but a person must look."""
    UNCHECKED = "unchecked"
    """Could not be found out: a node or a disk did not answer. That is neither a yes nor a no."""
    INFO = "info"
    """Worth knowing; nothing has to be done."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found."""

    code: str
    severity: Severity
    subject: str
    """What it is about, as the journal names it: `unit` and its id, `batch` and its root, `class`, `school`, `year`, …"""
    found: str
    expected: str
    vi: str
    en: str
    remedy_vi: str
    remedy_en: str

    def message(self, lang: Language) -> str:
        """The sentence in one language."""
        return self.vi if lang == "vi" else self.en

    def remedy(self, lang: Language) -> str:
        """What to do about it, in one language."""
        return self.remedy_vi if lang == "vi" else self.remedy_en

    def to_dict(self, lang: Language) -> dict[str, str]:
        """The same for machines."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "subject": self.subject,
            "found": self.found,
            "expected": self.expected,
            "message": self.message(lang),
            "remedy": self.remedy(lang),
        }


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table; calling it makes the finding."""

    code: str
    severity: Severity
    vi: str
    en: str
    remedy_vi: str
    remedy_en: str

    def __call__(self, subject: str, *, found: object = "", expected: object = "") -> Finding:
        """The finding about `subject`. Bytes are shown in hexadecimal."""
        return Finding(
            self.code,
            self.severity,
            subject,
            _shown(found),
            _shown(expected),
            self.vi,
            self.en,
            self.remedy_vi,
            self.remedy_en,
        )


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


_E, _W, _U, _I = Severity.ERROR, Severity.WARNING, Severity.UNCHECKED, Severity.INFO

_RESTORE_VI = "Giữ nguyên hiện trạng, tìm xem ai đã sửa và khi nào; khôi phục từ bản lưu mới nhất còn kiểm tra sạch."
_RESTORE_EN = (
    "Leave everything as it is, find out who changed it and when; restore from the newest backup that audits clean."
)
_KEY_VI = "Ngừng dùng khóa chuỗi của trường ngay, báo Sở (có thể khóa đã lộ), rồi mới tìm nguyên nhân."
_KEY_EN = (
    "Stop using the school's chain key at once and tell the authority (it may be stolen); then look for the cause."
)
_AGAIN_VI = "Kiểm tra nút chuỗi và cấu hình tin cậy, hỏi thêm nút khác (--rpc) rồi chạy lại."
_AGAIN_EN = "Check the node and the trust settings, ask another node as well (--rpc), and run the audit again."

JOURNAL_BROKEN = Kind(
    "journal.broken",
    _E,
    "Chuỗi băm của nhật ký bị đứt.",
    "The journal's chain of hashes is broken.",
    _RESTORE_VI,
    _RESTORE_EN,
)
JOURNAL_HEAD_MISSING = Kind(
    "journal.head-missing",
    _E,
    "Đầu nhật ký đã công bố trên chuỗi không có trong nhật ký: nhật ký bị cắt ngắn hoặc viết lại.",
    "A journal head that was published on the chain is not in the journal: it was shortened, or written anew.",
    _RESTORE_VI,
    _RESTORE_EN,
)
JOURNAL_EMPTY = Kind(
    "journal.empty",
    _W,
    "Sổ cái có dữ liệu nhưng nhật ký trống: không gì bảo chứng cho dữ liệu đó.",
    "The ledger has rows and its journal has none: nothing vouches for them.",
    "Nếu sổ cái mới được nâng cấp thì nhật ký bắt đầu từ việc kế tiếp; nếu không, hãy khôi phục từ bản lưu.",
    "If the ledger was just upgraded, the journal begins with the next deed; otherwise restore from a backup.",
)
JOURNAL_LATE = Kind(
    "journal.late",
    _I,
    "Trường có từ trước khi có nhật ký: dữ liệu trước mốc này nhật ký không bảo chứng.",
    "The school is older than the journal, which vouches for nothing before it begins.",
    "Không cần làm gì.",
    "Nothing has to be done.",
)
ROW_DELETED = Kind(
    "row.deleted",
    _E,
    "Nhật ký có ghi nhưng sổ cái không còn dòng này.",
    "The journal tells of it, and the ledger has no such row any more.",
    _RESTORE_VI,
    _RESTORE_EN,
)
ROW_UNJOURNALED = Kind(
    "row.unjournaled",
    _E,
    "Sổ cái có dòng này nhưng nhật ký không ghi: dòng được thêm từ bên ngoài chương trình.",
    "The ledger has this row and the journal knows nothing of it: it was put in behind the program's back.",
    _RESTORE_VI,
    _RESTORE_EN,
)
ROW_DIFFERS = Kind(
    "row.differs",
    _E,
    "Dòng trong sổ cái khác với điều nhật ký đã ghi.",
    "The row says something else than the journal.",
    _RESTORE_VI,
    _RESTORE_EN,
)
CLASS_WAITING = Kind(
    "class.waiting",
    _I,
    "Có học sinh chưa có học bạ được phát hành trong năm học chưa khóa.",
    "Some pupils have no issued record yet, in a year that is not locked.",
    "Làm tiếp việc ký và phát hành của lớp.",
    "Go on with signing and issuing the class.",
)
CLASS_INCOMPLETE = Kind(
    "class.incomplete",
    _W,
    "Năm học đã khóa mà có học sinh không có học bạ đang có hiệu lực.",
    "The year is locked and some pupils have no record in force.",
    "Kiểm tra từng học sinh nêu tên theo STT; phát hành bổ sung nếu thiếu.",
    "Look at each pupil by the number in the list; issue what is missing.",
)
CLASS_FEWER = Kind(
    "class.fewer-than-enrolled",
    _W,
    "Lớp có ít học bạ hơn sĩ số đã khai khi nhập.",
    "The class has fewer records than pupils were enrolled when it was imported.",
    "So danh sách lớp với sổ theo dõi của trường rồi nhập bổ sung học sinh còn thiếu.",
    "Compare the class list with the school's register, and import the pupils that are missing.",
)
UNIT_MANIFEST = Kind(
    "unit.manifest",
    _E,
    "Bản kê (manifest) của học bạ không đọc được hoặc nói khác với sổ cái.",
    "The manifest cannot be read, or says something else than the unit's row.",
    _RESTORE_VI,
    _RESTORE_EN,
)
UNIT_RECORD = Kind(
    "unit.record",
    _E,
    "Mã băm nội dung học bạ khác với bản kê đã phát hành: điểm hoặc thông tin có thể đã bị sửa.",
    "The digest of the record is not the one that was issued: a mark or a name may have been changed.",
    _RESTORE_VI,
    _RESTORE_EN,
)
UNIT_FILES = Kind(
    "unit.files",
    _E,
    "Các tệp ghi cho học bạ không phải các tệp đã phát hành.",
    "The files that stand beside the unit are not those that were issued.",
    _RESTORE_VI,
    _RESTORE_EN,
)
UNIT_SIGNATURES = Kind(
    "unit.signatures",
    _E,
    "Các chữ ký ghi cho học bạ khác với bản kê đã phát hành.",
    "The signatures that stand beside the unit are not those of its manifest.",
    _RESTORE_VI,
    _RESTORE_EN,
)
UNIT_STATE = Kind(
    "unit.state",
    _E,
    "Trạng thái của học bạ không khớp với đợt neo, việc thu hồi hoặc việc khóa năm học của nó.",
    "The unit's state does not go with its batch, its recall, or the lock of its year.",
    _RESTORE_VI,
    _RESTORE_EN,
)
UNIT_TWO_CURRENT = Kind(
    "unit.two-current",
    _E,
    "Một học sinh có hai học bạ cùng có hiệu lực cho một năm học và cấp học.",
    "One pupil has two current records of one year and level.",
    "Xác định bản đúng, thu hồi bản kia (hocba recall), rồi khôi phục ràng buộc của cơ sở dữ liệu.",
    "Find out which is right, recall the other (hocba recall), and put the database's constraint back.",
)
UNIT_REPLACES = Kind(
    "unit.replaces",
    _E,
    "Học bạ thay thế một học bạ chưa bị thu hồi hoặc của học sinh khác.",
    "The unit takes the place of one that was not recalled, or is another pupil's.",
    _RESTORE_VI,
    _RESTORE_EN,
)
BATCH_LEAVES = Kind(
    "batch.leaves",
    _E,
    "Số lá còn trong sổ cái khác số lá khi đóng đợt: gốc đã neo thiếu học bạ đi kèm.",
    "The batch has another number of leaves than when it was sealed: a root without its records.",
    _RESTORE_VI,
    _RESTORE_EN,
)
BATCH_ROOT = Kind(
    "batch.root",
    _E,
    "Dựng lại cây từ các lá không ra gốc đã đóng.",
    "The tree that the leaves make has another root than the batch.",
    _RESTORE_VI,
    _RESTORE_EN,
)
BATCH_TOKEN = Kind(
    "batch.token",
    _E,
    "Dấu thời gian lưu cùng đợt không phải là dấu trên gốc của đợt, hoặc ghi giờ khác với giờ đã lưu.",
    "The time-stamp token kept with the batch is not over its root, or tells another time than the row.",
    _RESTORE_VI,
    _RESTORE_EN,
)
BATCH_UNSTAMPED = Kind(
    "batch.unstamped",
    _I,
    "Đợt chưa có dấu thời gian trên gốc: biên nhận chỉ có chuỗi khối làm chứng về thời gian.",
    "The batch has no time-stamp token over its root: its receipts have the chain alone as a witness of time.",
    "Chạy hocba anchor của trường, hoặc hocba jobs add stamp, khi máy chủ dấu thời gian trả lời.",
    "Run the school's hocba anchor, or hocba jobs add stamp, once the time-stamping authority answers.",
)
RECEIPT_MALFORMED = Kind(
    "receipt.malformed", _E, "Biên nhận không đọc được.", "The receipt cannot be read.", _RESTORE_VI, _RESTORE_EN
)
RECEIPT_FOREIGN = Kind(
    "receipt.foreign",
    _E,
    "Biên nhận không phải của học bạ này: bản kê trong đó khác với bản kê đã lưu.",
    "The receipt is not this unit's: its manifest is another one than the stored.",
    _RESTORE_VI,
    _RESTORE_EN,
)
RECEIPT_LEAF = Kind(
    "receipt.leaf",
    _E,
    "Lá tính từ muối và bản kê khác với lá đã lưu.",
    "The leaf that salt and manifest give is not the stored one.",
    _RESTORE_VI,
    _RESTORE_EN,
)
RECEIPT_PATH = Kind(
    "receipt.path",
    _E,
    "Đường dẫn trong biên nhận không dẫn từ lá tới gốc của đợt.",
    "The receipt's path does not lead from the leaf to the batch's root.",
    _RESTORE_VI,
    _RESTORE_EN,
)
ERRAND_NUMBER = Kind(
    "errand.number",
    _E,
    "Giao dịch đã ký dùng số thứ tự không được giữ cho việc đó.",
    "A signed transaction has a number that is not held for its errand.",
    _KEY_VI,
    _KEY_EN,
)
ERRAND_ATTEMPT = Kind(
    "errand.attempt",
    _E,
    "Việc đã gửi lên chuỗi nhưng không còn giao dịch đã ký, hoặc giao dịch đã bị sửa.",
    "It is on its way or done, and its signed transaction is gone or altered.",
    _RESTORE_VI,
    _RESTORE_EN,
)
ERRAND_FAILED = Kind(
    "errand.failed",
    _W,
    "Hợp đồng đã từ chối việc này; cần người xem xét.",
    "The contract undid it; a person must look.",
    "Xem lý do (hocba anchor), sửa nguyên nhân rồi cho thực hiện lại.",
    "See why (hocba anchor), mend the cause, and have it tried again.",
)
ERRAND_GIVEN_UP = Kind(
    "errand.given-up",
    Severity.INFO,
    "Việc này không thực hiện được và đã được kết thúc; nhật ký ghi ai và vì sao.",
    "It could not be done and was given up; the journal says by whom and why.",
    "Không cần làm gì.",
    "Nothing has to be done.",
)
RECALL_STATE = Kind(
    "recall.state",
    _E,
    "Việc thu hồi và trạng thái học bạ không khớp nhau.",
    "The recall and the state of its unit do not go together.",
    _RESTORE_VI,
    _RESTORE_EN,
)
RECALL_ANCHORED_AGAIN = Kind(
    "recall.anchored-again",
    _E,
    "Học bạ đã thu hồi được chính trường đó neo lại dưới gốc hoặc muối khác.",
    "A recalled record was anchored again by its own school, under another root or salt.",
    "Thu hồi cả bản neo lại (hocba recall), và hỏi trường vì sao.",
    "Recall that one too (hocba recall), and ask the school why.",
)
CHAIN_UNREACHABLE = Kind(
    "chain.unreachable",
    _U,
    "Chưa hỏi được chuỗi khối nên chưa đối chiếu được.",
    "The chain could not be asked, so nothing was compared with it.",
    _AGAIN_VI,
    _AGAIN_EN,
)
CHAIN_EVENTS = Kind(
    "chain.events",
    _U,
    "Nút chuỗi giấu hoặc bịa sự kiện: sự kiện và trạng thái hợp đồng nói khác nhau.",
    "The node leaves out events or invents them: events and the contract's state differ.",
    _AGAIN_VI,
    _AGAIN_EN,
)
CHAIN_ROOT_MISSING = Kind(
    "chain.root-missing",
    _E,
    "Sổ cái ghi đợt này đã neo xong nhưng trên chuỗi không có gốc, hoặc chưa đủ sâu.",
    "The ledger calls this batch final, and the chain does not have its root, or not deep enough.",
    "Đừng phát biên nhận của đợt này. " + _AGAIN_VI,
    "Hand out none of its receipts. " + _AGAIN_EN,
)
CHAIN_ROOT_DIFFERS = Kind(
    "chain.root-differs",
    _E,
    "Gốc trên chuỗi được neo với năm học hoặc số lá khác với sổ cái.",
    "The root stands on the chain with another school year or number of leaves.",
    _RESTORE_VI,
    _RESTORE_EN,
)
CHAIN_ANCHOR_UNKNOWN = Kind(
    "chain.anchor-unknown",
    _E,
    "Trên chuỗi có gốc do trường này neo mà sổ cái không biết.",
    "The chain has a root that this school anchored and that the ledger does not know.",
    _KEY_VI,
    _KEY_EN,
)
CHAIN_RECALL_UNKNOWN = Kind(
    "chain.recall-unknown",
    _E,
    "Trên chuỗi đã thu hồi nhưng sổ cái vẫn ghi là đang có hiệu lực, hoặc không biết lá này.",
    "It is recalled on the chain, and the ledger shows it as current or does not know the leaf.",
    _KEY_VI,
    _KEY_EN,
)
CHAIN_RECALL_MISSING = Kind(
    "chain.recall-missing",
    _E,
    "Sổ cái ghi đã thu hồi nhưng trên chuỗi vẫn đang có hiệu lực.",
    "The ledger shows it as recalled, and on the chain it is in force.",
    _RESTORE_VI,
    _RESTORE_EN,
)
CHAIN_RECALL_ANNULLED = Kind(
    "chain.recall-annulled",
    _W,
    "Việc thu hồi đã bị hủy bỏ trên chuỗi; sổ cái vẫn ghi là đã thu hồi.",
    "The recall was annulled on the chain; the ledger still shows the unit as recalled.",
    "Hỏi Sở về quyết định hủy bỏ, rồi cập nhật sổ cái.",
    "Ask the authority about the annulment, and have the ledger follow it.",
)
CHAIN_REPLACEMENT = Kind(
    "chain.replacement",
    _E,
    "Học bạ thay thế ghi trong sổ cái khác với trên chuỗi.",
    "What replaces the record is something else in the ledger than on the chain.",
    _RESTORE_VI,
    _RESTORE_EN,
)
CHAIN_LOCK = Kind(
    "chain.lock",
    _E,
    "Năm học được khóa ở một nơi mà nơi kia không khóa (sổ cái hoặc chuỗi).",
    "The school year is locked in one of ledger and chain, and not in the other.",
    "Hỏi Sở xem năm học đã được khóa hay chưa.",
    "Ask the authority whether it has locked the year.",
)
CHAIN_STATEMENT_UNKNOWN = Kind(
    "chain.statement-unknown",
    _W,
    "Trên chuỗi có công bố mà không tệp hay mục nhật ký nào biết.",
    "A statement was published that no file and no journal entry knows.",
    "Hỏi người giữ khóa đã công bố gì; nếu không ai biết, coi như khóa đã lộ.",
    "Ask whoever holds the key what was published; if nobody knows, treat the key as stolen.",
)
CHAIN_STATEMENT_MISSING = Kind(
    "chain.statement-missing",
    _E,
    "Sổ cái ghi đã công bố nhưng trên chuỗi không có.",
    "The ledger says that it was published, and the chain does not have it.",
    _AGAIN_VI,
    _AGAIN_EN,
)
CHAIN_SCHOOL = Kind(
    "chain.school",
    _W,
    "Khóa chuỗi hoặc con dấu của trường trên chuỗi khác với sổ cái.",
    "The school has another chain account or seal on the chain than in the ledger.",
    "Nếu trường vừa đổi khóa hoặc con dấu, hãy cập nhật sổ cái; nếu không, báo Sở ngay.",
    "If the school has just changed its key or seal, have the ledger follow; otherwise tell the authority at once.",
)
FILE_MISSING = Kind(
    "file.missing",
    _E,
    "Kho tệp không có tệp này.",
    "The file store does not have this file.",
    "Lấy lại tệp từ bản lưu (cùng mã băm) và đặt vào kho.",
    "Put the file back from a backup; its digest is its name.",
)
FILE_DAMAGED = Kind(
    "file.damaged",
    _E,
    "Tệp trong kho không còn đúng từng byte.",
    "The file in the store is no longer, byte for byte, what was put there.",
    "Lấy lại tệp từ bản lưu (cùng mã băm); kiểm tra ổ đĩa.",
    "Put the file back from a backup; check the disk.",
)
FILE_RECORD = Kind(
    "file.record",
    _E,
    "Nội dung học bạ trong tệp XML không cho ra mã băm đã phát hành: nội dung đã bị sửa.",
    "The record in the XML has another digest than the one that was issued: its contents were changed.",
    _RESTORE_VI,
    _RESTORE_EN,
)
FILE_SIZE = Kind(
    "file.size",
    _E,
    "Kích thước tệp khác với sổ cái.",
    "The file has another size than the ledger says.",
    _RESTORE_VI,
    _RESTORE_EN,
)
FILE_UNREADABLE = Kind(
    "file.unreadable",
    _U,
    "Chưa đọc được kho tệp nên chưa kiểm tra được tệp này.",
    "The file store could not be read, so this file was not checked.",
    "Kiểm tra kho tệp rồi chạy lại.",
    "Check the file store, and run the audit again.",
)

ALL: tuple[Kind, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Kind))
"""The whole table, in the order above."""
