# SPDX-License-Identifier: Apache-2.0

"""What the agent raises on purpose, below `SignerError`.

* AgentError
  x DeskUnreachable    no answer, or not from a desk; nothing is known to have changed
  x DeskRefused        the desk said no, in its own words
  x NotWhatIsShown     a digest that is not that of the file beside it: it is not signed
"""

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
