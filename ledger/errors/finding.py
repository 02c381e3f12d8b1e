# SPDX-License-Identifier: Apache-2.0

"""Asking for what is not here."""

from ledger.errors.root import LedgerError


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


class MistypedCode(LedgerError):
    """A short code that cannot be one."""

    def __init__(self, typed: str) -> None:
        super().__init__(
            f"Mã tra cứu ngắn “{typed[:40]}” không đúng: mã có 17 ký tự, in cạnh mã QR. Hãy gõ lại.",
            f"“{typed[:40]}” is no short code: it has 17 characters and stands beside the QR. Type it again.",
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
