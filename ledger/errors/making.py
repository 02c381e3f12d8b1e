# SPDX-License-Identifier: Apache-2.0

"""Making drafts of what a sheet says, and booklets of what is anchored."""

from collections.abc import Sequence

from ledger.errors.root import LedgerError


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


class PupilsDeparted(LedgerError):
    """The sheet says something of pupils whom the school has released to another one. Nothing was imported."""

    def __init__(self, class_name: str, year: str, pupils: Sequence[str]) -> None:
        named = "".join(f"\n  - {pupil}" for pupil in pupils)
        super().__init__(
            f"Chưa nhập gì cho lớp {class_name} năm học {year}: có học sinh đã được cho chuyển sang trường khác. Hãy bỏ học "
            "sinh đó khỏi bảng lớp, hoặc rút hồ sơ chuyển trường trước (hocba transfer withdraw) nếu trường kia chưa tiếp "
            "nhận." + named,
            f"Nothing was imported for class {class_name} of {year}: a pupil was released to another school. Take the pupil "
            "off the sheet, or withdraw the transfer first (hocba transfer withdraw) if that school has not accepted it."
            + named,
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
