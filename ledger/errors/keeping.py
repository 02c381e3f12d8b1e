# SPDX-License-Identifier: Apache-2.0

"""Keeping files and rows: stores that fail, and papers whose timestamps end."""

from typing import NamedTuple

from ledger.errors.root import LedgerError


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
