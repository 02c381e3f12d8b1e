# SPDX-License-Identifier: Apache-2.0

"""Everything the verifier raises on purpose. What is wrong with a *file* is never here: that is a finding.

* VerifierError
  x UnusableTrust       the trust settings cannot be read, or contradict themselves
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
