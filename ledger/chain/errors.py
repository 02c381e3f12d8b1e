# SPDX-License-Identifier: Apache-2.0

"""Everything the chain package raises on purpose.

* ChainError
  x Unreachable         the node did not answer, or not with anything of use; nothing is known to have changed
    + Disagreement      nodes answered, but too few of them alike
    + SignerUnreachable the signer that holds the chain key did not answer, or not with anything of use
  x WrongChain          the node answers for another chain, address or contract than the pinned one
  x Rejected            the registry contract said no, and why
  x Unsendable          the node will not take this transaction, whatever the contract says
    + NonceTaken        another transaction of the account has its number
    + Underpriced       it offers too little for the node, or too little more than the one that it replaces
    + OutOfFunds        the account cannot pay for it
  x UnusableKey         a chain key that cannot be opened, or is not where it was looked for
  x Missigned           a signer gave something that is no signature of the account
  x Malformed           an argument that no chain could make sense of

Each carries one sentence in Vietnamese and one in English that say what to do. Anything else that leaves this package is a
bug.
"""

from collections.abc import Mapping


class ChainError(Exception):
    """The root of this package's errors: `vi` and `en` are for people."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class Unreachable(ChainError):
    """The node did not answer, or not with anything of use. Nothing is known to have changed; asking again is right."""

    def __init__(self, node: str, reason: str) -> None:
        super().__init__(
            f"Chưa kết nối được nút chuỗi {node} ({reason}). Hãy kiểm tra mạng và nút rồi thử lại.",
            f"The chain node {node} cannot be reached ({reason}). Check the network and the node, then try again.",
        )
        self.node = node
        self.reason = reason


class Disagreement(Unreachable):
    """Nodes answered, but too few of them alike to believe any."""

    def __init__(self, *, asked: int, alike: int, at_least: int, reasons: str, answered: int = 0) -> None:
        ChainError.__init__(
            self,
            f"Chỉ {alike} trong {asked} nút chuỗi trả lời giống nhau, cần ít nhất {at_least}. "
            f"Hãy thử lại; nếu vẫn vậy, hãy kiểm tra từng nút ({reasons}).",
            f"Only {alike} of {asked} chain nodes gave the same answer, {at_least} are needed. "
            f"Try again; if it stays so, check each node ({reasons}).",
        )
        self.node = f"{asked} nodes"
        self.reason = reasons
        self.asked = asked
        self.alike = alike
        self.at_least = at_least
        self.answered = answered

    @property
    def may_pass(self) -> bool:
        """Whether enough answered, only not alike: as they do for a moment while a new block goes from one to another."""
        return self.answered >= self.at_least


class SignerUnreachable(Unreachable):
    """The signer that holds the chain key did not answer, or not with anything of use. Nothing was signed that anybody has."""

    def __init__(self, signer: str, reason: str) -> None:
        ChainError.__init__(
            self,
            f"Chưa kết nối được máy chủ ký {signer} ({reason}). Chưa có gì thay đổi; hãy kiểm tra máy chủ ký rồi thử lại.",
            f"The signer {signer} cannot be reached ({reason}). Nothing has changed; check the signer, then try again.",
        )
        self.node = signer
        self.reason = reason


class WrongChain(ChainError):
    """The node answers for another chain, address or contract than the pinned one. `what` says which."""

    def __init__(self, what: str, *, expected: object, found: object) -> None:
        super().__init__(
            f"Nút chuỗi không giữ sổ đăng ký đã ghim: {what} là {found}, phải là {expected}. "
            "Hãy kiểm tra địa chỉ nút và phần cấu hình tin cậy.",
            f"The node does not hold the pinned registry: {what} is {found}, must be {expected}. "
            "Check the node's address and the trust settings.",
        )
        self.what = what
        self.expected = expected
        self.found = found


class Rejected(ChainError):
    """The registry contract said no. `name` is its custom error and `values` are the error's named values.

    Empty `name`: the contract gave no error that this version knows.
    """

    def __init__(self, name: str, values: Mapping[str, object]) -> None:
        told = ", ".join(f"{key}={_shown(value)}" for key, value in values.items())
        said = f"{name}({told})" if name else "không rõ lý do"
        super().__init__(
            f"{_REMEDIES_VI.get(name, _REMEDY_VI)} Hợp đồng sổ đăng ký trả lời: {said}.",
            f"{_REMEDIES_EN.get(name, _REMEDY_EN)} The registry contract says: {said if name else 'no known reason'}.",
        )
        self.name = name
        self.values = dict(values)


class Unsendable(ChainError):
    """The node will not take this transaction, whatever the contract says."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Nút chuỗi không nhận giao dịch ({reason}). Hãy kiểm tra giao dịch và cấu hình của nút.",
            f"The node does not take the transaction ({reason}). Check the transaction and the node's settings.",
        )
        self.reason = reason


class NonceTaken(Unsendable):
    """Another transaction of the account has this one's number; this one can never be mined."""

    def __init__(self, reason: str) -> None:
        ChainError.__init__(
            self,
            f"Số thứ tự giao dịch đã được dùng ({reason}). Hãy chuẩn bị lại giao dịch với số thứ tự mới.",
            f"The transaction's nonce is taken ({reason}). Prepare the transaction again with a new nonce.",
        )
        self.reason = reason


class Underpriced(Unsendable):
    """The transaction offers too little for the node, or too little more than the one that it replaces."""

    def __init__(self, reason: str) -> None:
        ChainError.__init__(
            self,
            f"Phí giao dịch quá thấp ({reason}). Hãy chuẩn bị lại với mức phí cao hơn.",
            f"The transaction's fee is too low ({reason}). Prepare it again with a higher fee.",
        )
        self.reason = reason


class OutOfFunds(Unsendable):
    """The account cannot pay for the transaction."""

    def __init__(self, reason: str) -> None:
        ChainError.__init__(
            self,
            f"Tài khoản chuỗi không đủ tiền trả phí ({reason}). Hãy nạp thêm rồi thử lại.",
            f"The chain account cannot pay the fee ({reason}). Fund it, then try again.",
        )
        self.reason = reason


class UnusableKey(ChainError):
    """A chain key that cannot be opened: a wrong password, a damaged file, bytes that are no key, a signer without it."""


class Missigned(ChainError):
    """A signer gave something that is no signature of the account over what it was asked to sign. It is used for nothing."""

    def __init__(self, signer: str, account: str, *, found: str | None = None) -> None:
        by_vi, by_en = ("", "") if found is None else (f" mà của {found}", f" but of {found}")
        super().__init__(
            f"Máy chủ ký {signer} trả về chữ ký không phải của tài khoản {account}{by_vi}. Chưa gửi gì lên chuỗi; hãy kiểm tra "
            "máy chủ ký và khóa của nó trước khi thử lại.",
            f"The signer {signer} gave a signature that is not of account {account}{by_en}. Nothing was sent; check the signer "
            "and its key before you try again.",
        )
        self.found = found


class Malformed(ChainError):
    """An argument that no chain could make sense of: a code that is not eight digits, an address that is none."""


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


_REMEDY_VI = "Hãy kiểm tra lại yêu cầu."
_REMEDY_EN = "Check the request."
_REMEDIES_VI: Mapping[str, str] = {
    "AccessControlUnauthorizedAccount": "Chỉ cơ quan quản lý được làm việc này; hãy dùng khóa chuỗi của Sở.",
    "AlreadyAnchored": "Trường đã neo lô này rồi; không cần neo lại.",
    "AlreadyApproved": "Sở đã chấp thuận việc này rồi; trường có thể thực hiện.",
    "AlreadyLocked": "Năm học đã được khóa; không cần khóa lại.",
    "AlreadyProposed": "Đang có một đề nghị đổi khóa; hãy hoàn tất hoặc rút đề nghị đó trước.",
    "AlreadyRecalled": "Học bạ này đã bị thu hồi trước đó; không cần thu hồi lại.",
    "AlreadyRegistered": "Trường đã được đăng ký trên chuỗi; không cần đăng ký lại.",
    "AlreadyReplaced": "Học bạ này đã có bản thay thế; không đổi được nữa.",
    "ApprovalMissing": "Việc này cần Sở chấp thuận trên chuỗi trước; hãy đề nghị Sở.",
    "ConsentMissing": "Khóa chuỗi hiện tại của trường chưa ký đồng ý; hãy xin chữ ký, hoặc đề nghị đổi khóa.",
    "Expired": "Chữ ký đã quá hạn; hãy ký lại.",
    "IncompleteKeys": "Thiếu khóa chuỗi, con dấu hoặc văn bản đồng ý của trường; hãy bổ sung.",
    "NotAnchored": "Trường chưa neo lô này; hãy neo lô trước.",
    "NotOperator": "Khóa chuỗi này không phải của trường; hãy dùng khóa đã đăng ký cho trường.",
    "NotRecalled": "Học bạ này chưa bị thu hồi.",
    "ReplacementRecalled": "Học bạ thay thế đã bị thu hồi; hãy chọn học bạ còn hiệu lực.",
    "SignatureInvalid": "Chữ ký không phải của khóa chuỗi đã đăng ký cho trường; hãy ký lại bằng đúng khóa.",
    "StillWaiting": "Chưa đến lúc; hãy đợi đến thời điểm ghi trong câu trả lời.",
    "SuccessorMissing": "Trường đã đóng và chưa có trường kế thừa; hãy đề nghị Sở chỉ định.",
    "UnknownSchool": "Trường chưa được đăng ký trên chuỗi; hãy đề nghị Sở đăng ký trước.",
    "UnknownSchoolYear": "Năm học không hợp lệ; hãy kiểm tra lại.",
    "WrongStanding": "Trường đang bị tạm dừng hoặc đã đóng trên chuỗi; hãy hỏi Sở.",
}
_REMEDIES_EN: Mapping[str, str] = {
    "AccessControlUnauthorizedAccount": "Only the authority may do this; use the authority's chain key.",
    "AlreadyAnchored": "The school has anchored this batch already; nothing is left to do.",
    "AlreadyApproved": "The authority has approved this already; the school can go ahead.",
    "AlreadyLocked": "The school year is locked already; nothing is left to do.",
    "AlreadyProposed": "A change of keys is proposed already; complete or withdraw it first.",
    "AlreadyRecalled": "This record was recalled before; nothing is left to do.",
    "AlreadyRegistered": "The school is registered on chain already; nothing is left to do.",
    "AlreadyReplaced": "The record has its replacement already; it cannot be changed.",
    "ApprovalMissing": "The authority must approve this on the chain first; ask it to.",
    "ConsentMissing": "The school's present chain key has not consented; get its signature, or propose the change.",
    "Expired": "The signature is past its deadline; sign again.",
    "IncompleteKeys": "The school's operator, seal or consent is missing; supply it.",
    "NotAnchored": "The school has not anchored this batch; anchor it first.",
    "NotOperator": "This chain key is not the school's; use the key that the school is registered with.",
    "NotRecalled": "The record is not recalled.",
    "ReplacementRecalled": "The replacing record was recalled itself; choose a current one.",
    "SignatureInvalid": "The signature is not that of the school's registered chain key; sign with the right one.",
    "StillWaiting": "It is too early; wait until the time that the answer names.",
    "SuccessorMissing": "The school is closed and has no successor; ask the authority to name one.",
    "UnknownSchool": "The school is not registered on chain; ask the authority to register it first.",
    "UnknownSchoolYear": "There is no such school year; check it.",
    "WrongStanding": "The school is suspended or closed on the chain; ask the authority.",
}
