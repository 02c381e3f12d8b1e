# SPDX-License-Identifier: Apache-2.0

"""Everything the paper raises on purpose.

* PaperError
  x ContentRefused        what should be printed cannot be; somebody has to change it
    + UnprintableText     a character that our font does not have, or that no reader would see
    + QrTooDense          too much in one QR for a phone to read off paper
    + AttachmentRefused   the record to attach is not UTF-8 text
    + NaiveTime           a time without its time zone
    + NoForm              the year was not assessed as the level of its class is
  x LayoutError           a PDF without the places for signatures that our template leaves; a bug, or not our file
  x TypesettingFailed     the template did not compile; a bug

Anything else that leaves this package is a bug. Every message comes as a pair: `vi` for the school, `en` beside it.
"""


class PaperError(Exception):
    """The root: carries its message in Vietnamese (`vi`) and English (`en`)."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi} / {en}")
        self.vi = vi
        self.en = en


class ContentRefused(PaperError):
    """What should be printed cannot be printed faithfully; nothing was made."""


class UnprintableText(ContentRefused):
    """A character is not in the font, or cannot be seen on paper."""

    def __init__(self, character: str, where: str) -> None:
        """`character` is what cannot be printed, `where` the text it stands in."""
        codes = " ".join(f"U+{ord(c):04X}" for c in character)
        shown = character if character.isprintable() else ""
        super().__init__(
            f"Không in được kí tự {shown} ({codes}) trong “{where}”. "
            "Hãy sửa lại chỗ này trong dữ liệu, viết bằng chữ cái La-tinh.".replace("  ", " "),
            f"The character {shown} ({codes}) in “{where}” cannot be printed. "
            "Correct it in the data, in Latin letters.".replace("  ", " "),
        )
        self.character = character
        self.where = where


class QrTooDense(ContentRefused):
    """The QR would need more modules than print and camera can be trusted with."""

    def __init__(self, length: int, limit: int) -> None:
        """`length` and `limit` are in characters of the address."""
        super().__init__(
            f"Địa chỉ trong mã QR dài {length} kí tự, nhiều nhất chỉ được {limit}. "
            "Hãy dùng tên miền tra cứu ngắn hơn trong phần cấu hình.",
            f"The address in the QR has {length} characters, at most {limit} can be printed. "
            "Configure a shorter look-up host name.",
        )
        self.length = length
        self.limit = limit


class AttachmentRefused(ContentRefused):
    """The record that should be attached is empty or not UTF-8."""

    def __init__(self) -> None:
        super().__init__(
            "Dữ liệu học bạ đính kèm bị trống hoặc không phải UTF-8. Hãy tạo lại tệp XML của học bạ rồi in lại.",
            "The record to attach is empty or not UTF-8. Make the record's XML again, then print again.",
        )


class NaiveTime(ContentRefused):
    """A time was given without its zone, so that nobody could say which instant is meant."""

    def __init__(self) -> None:
        super().__init__(
            "Thời điểm chưa có múi giờ. Hãy ghi kèm múi giờ, ví dụ +07:00.",
            "The time has no time zone. Give it with one, for example +07:00.",
        )


class NoForm(ContentRefused):
    """What a year came to has not the shape of its level, so that no form has a place for it."""

    def __init__(self, level: str) -> None:
        super().__init__(
            f"Kết quả năm học không thuộc cấp {level} của lớp, nên không có mẫu in phù hợp. "
            "Hãy kiểm tra lại khối lớp và bảng điểm rồi nhập lại.",
            f"The year's results are not those of level {level}, which the class belongs to, so no form fits. "
            "Check the grade and the table of marks, then import again.",
        )
        self.level = level


class LayoutError(PaperError):
    """The PDF has not exactly the places for signatures that our template leaves."""

    def __init__(self, found: list[str], expected: list[str]) -> None:
        super().__init__(
            f"Tệp PDF không có đúng các ô chữ ký của học bạ: cần {', '.join(expected)}; "
            f"thấy {', '.join(found) or 'không có ô nào'}. Hãy in lại học bạ bằng hệ thống này.",
            f"The PDF has not the record's signature places: expected {', '.join(expected)}; "
            f"found {', '.join(found) or 'none'}. Print the record again with this system.",
        )
        self.found = found
        self.expected = expected


class TypesettingFailed(PaperError):
    """The typesetter refused the template for a reason that is not in the content."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Không dàn trang được học bạ: {reason}. Hãy báo cho người quản trị hệ thống.",
            f"The record could not be typeset: {reason}. Tell whoever runs this system.",
        )
        self.reason = reason
