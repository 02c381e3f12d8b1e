# SPDX-License-Identifier: Apache-2.0

"""Coming in at the desk."""

from ledger.errors.root import LedgerError


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
