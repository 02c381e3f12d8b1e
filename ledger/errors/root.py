# SPDX-License-Identifier: Apache-2.0

"""What every error of the ledger is, and the two that any change of state may meet."""


class LedgerError(Exception):
    """The root of the ledger's errors: `vi` and `en` are for people, and end in a remedy where there is one."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


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
