# SPDX-License-Identifier: Apache-2.0

"""Everything the attester raises on purpose, before it is an HTTP problem.

* AttesterError
  x NotAVerdict     what was sent is not what the verifier says: of another shape, contradicting itself, or too long
  x NotNow          the verdict is of another moment than now
  x UnusableAttester   its settings, or a file that they name, cannot be used

Errors of the key and of the time-stamping authority are the signer's; `scripts.attester.problems` turns all of them into answers.
"""

import datetime as dt
from pathlib import Path


class AttesterError(Exception):
    """The root of the tree. `vi` and `en` hold the same message for a person."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class NotAVerdict(AttesterError):
    """The bytes are no verdict of `hocba-verdict/1`, or one that is not sealed."""

    def __init__(self, place: str) -> None:
        """`place` names the member, and never what stands in it."""
        super().__init__(
            f"Dữ liệu gửi tới không phải kết quả kiểm tra hợp lệ (sai ở: {place}) nên không ký. Hãy dùng cùng một phiên bản "
            "hocba cho trang tra cứu và dịch vụ lập biên bản.",
            f"What was sent is not a proper verdict (wrong in: {place}), so it is not sealed. Use the same version of hocba for "
            "the verifier and for this service.",
        )
        self.place = place


class NotNow(AttesterError):
    """The verdict is too old, or of a time that is still to come."""

    def __init__(self, judged_at: dt.datetime, now: dt.datetime) -> None:
        super().__init__(
            f"Kết quả kiểm tra lúc {judged_at:%d/%m/%Y %H:%M:%S} UTC, còn bây giờ là {now:%d/%m/%Y %H:%M:%S} UTC, nên không ký. "
            "Hãy kiểm tra lại tệp; nếu vẫn vậy, hãy chỉnh đồng hồ của hai máy.",
            f"The verdict is of {judged_at:%Y-%m-%d %H:%M:%S} UTC and it is {now:%Y-%m-%d %H:%M:%S} UTC now, so it is not "
            "sealed. Check the file again; if it stays so, set the clocks of both machines.",
        )


class UnusableAttester(AttesterError):
    """The settings, or a file that they name, cannot be used."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"Dịch vụ lập biên bản không dùng được {path}: {problem}. Hãy sửa theo docs/attesting.md.",
            f"The attester cannot use {path}: {problem}. Mend it as docs/attesting.md says.",
        )
