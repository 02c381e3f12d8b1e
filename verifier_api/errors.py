# SPDX-License-Identifier: Apache-2.0

"""Everything the verifier raises on purpose. What is wrong with a *file* is never here: that is a finding.

* VerifierError
  x UnusableTrust       the trust settings cannot be read, or contradict themselves
  x UnusableScratch     the scratch space of bulk jobs cannot be used, or another process uses it
  x KeyNameTaken        an API key of this name was made before
  x UnknownKey          no API key of this name opens anything
  x Exhausted           a file needed more time or memory than is allowed (in `intake`); becomes UNKNOWN
  x Refusal             a request that gets no answer but a problem (in `problems`)
"""


class VerifierError(Exception):
    """The root of this package's errors: `vi` and `en` are for people, and end in a remedy."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class UnusableTrust(VerifierError):
    """The trust settings cannot be read, or contradict themselves."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(
            f"Không dùng được thiết lập tin cậy {place}: {problem}. Hãy lấy lại bộ thiết lập từ Sở GDĐT.",
            f"The trust settings {place} cannot be used: {problem}. Fetch them again from the authority.",
        )


class UnusableScratch(VerifierError):
    """The scratch space of bulk jobs cannot be used, or another process uses it."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"Không dùng được thư mục tạm {folder}: không ghi được, hoặc một hocba serve khác đang dùng. "
            "Hãy dừng tiến trình kia hoặc đặt thư mục khác.",
            f"The scratch folder {folder} cannot be used: not writable, or another hocba serve uses it. "
            "Stop the other one, or name another folder.",
        )


class KeyNameTaken(VerifierError):
    """An API key of this name was made before."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Đã có khóa API tên “{name}”. Hãy chọn tên khác; khóa đã thu hồi vẫn giữ tên của nó.",
            f"There is an API key named '{name}'. Choose another name; a revoked key keeps its name.",
        )


class UnknownKey(VerifierError):
    """No API key of this name opens anything."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Không có khóa API “{name}” đang dùng được. Hãy xem hocba key list.",
            f"No API key '{name}' is in use. See hocba key list.",
        )


class NotExaminations(VerifierError):
    """The file is somebody's, and holds no examinations."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"Tệp {path} không phải nơi hocba verify giữ kết quả xem xét nên được giữ nguyên. Hãy dùng tên tệp khác.",
            f"{path} does not hold what hocba verify has seen in files, and is left alone. Name another file.",
        )
