# SPDX-License-Identifier: Apache-2.0

"""Deciding about records that stand on the chain, and carrying it there."""

from collections.abc import Sequence

from ledger.errors.root import LedgerError


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
