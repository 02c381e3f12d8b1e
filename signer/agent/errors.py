# SPDX-License-Identifier: Apache-2.0

"""What the agent raises on purpose, below `SignerError`.

* AgentError
  x DeskUnreachable    no answer, or not from a desk; nothing is known to have changed
  x DeskMisbehaves     an answer that is not what a desk says, or far too long
  x DeskRefused        the desk said no, in its own words
  x ClocksDisagree     the time of signing that a document claims is not that of this computer
  x NotWhatIsShown     a digest that is not that of the file beside it: it is not signed
"""

from datetime import datetime

from signer.errors import SignerError


class AgentError(SignerError):
    """Something between this computer and the desk."""


class DeskUnreachable(AgentError):
    """The desk did not answer in time, or something else answers there."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(
            f"Không kết nối được bàn làm việc {url} ({cause}). Những gì đã ký vẫn được giữ; hãy kiểm tra mạng và địa "
            f"chỉ rồi chạy lại.",
            f"The desk {url} cannot be reached ({cause}). What was signed is kept; check network and address, and "
            f"run again.",
        )


class DeskMisbehaves(AgentError):
    """Something answers there that does not speak as a desk does: another version, another server, or worse."""

    def __init__(self, url: str, what: str) -> None:
        super().__init__(
            f"Bàn làm việc {url} trả lời không đúng quy cách ({what}). Chưa ký gì thêm; hãy kiểm tra địa chỉ và cập nhật công cụ "
            "ký, nếu vẫn vậy hãy báo người vận hành.",
            f"The desk {url} answers in a way that is not understood ({what}). Nothing more was signed; check the address and "
            "update the signing tool, and if it stays so tell the operator.",
        )


class DeskRefused(AgentError):
    """The desk said no. Its sentences say why and what to do."""

    def __init__(self, vi: str, en: str, *, status: int) -> None:
        super().__init__(vi, en)
        self.status = status


class NotWhatIsShown(AgentError):
    """What the desk wants signed is not the file that it shows. Nothing of this record was signed."""

    def __init__(self, pupil: str, cause: str) -> None:
        super().__init__(
            f"{pupil}: dữ liệu cần ký không phải của tệp được hiển thị ({cause}). Chưa ký gì cả; hãy báo ngay cho bộ "
            f"phận hỗ trợ.",
            f"{pupil}: what is to be signed is not the file that is shown ({cause}). Nothing was signed; tell "
            f"support at once.",
        )


class ClocksDisagree(AgentError):
    """A document claims another time of signing than the clock of this computer tells. Nothing of the round was signed."""

    def __init__(self, pupil: str, claimed: datetime, here: datetime) -> None:
        told, clock = (f"{time.astimezone():%H:%M %d/%m/%Y}" for time in (claimed, here))
        super().__init__(
            f"{pupil}: tệp ghi giờ ký là {told}, còn đồng hồ máy này là {clock}. Chưa ký gì cả; hãy chỉnh lại ngày giờ của máy "
            "này (bật đồng bộ giờ tự động) rồi chạy lại. Nếu giờ máy này đúng, hãy báo người vận hành bàn làm việc.",
            f"{pupil}: the file claims {told} as the time of signing, and the clock of this computer says {clock}. Nothing was "
            "signed; set the clock (switch on automatic time) and run again. If this clock is right, tell the desk's operator.",
        )
