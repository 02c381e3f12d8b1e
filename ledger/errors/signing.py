# SPDX-License-Identifier: Apache-2.0

"""Signing and issuing: who may not, and what is not signed."""

from collections.abc import Sequence

from ledger.errors.root import LedgerError


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


class WrongCertificate(LedgerError):
    """A key that is not the one registered for what it is to sign."""

    def __init__(self, role: str, school: str) -> None:
        super().__init__(
            f"Chứng thư dùng cho «{role}» không phải chứng thư đã đăng ký của trường {school}. Chưa ký gì cả; "
            "hãy dùng đúng thiết bị ký hoặc đăng ký chứng thư mới.",
            f"The certificate for {role} is not the one registered for school {school}. Nothing was signed; use the "
            "right token, or register the new certificate.",
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
