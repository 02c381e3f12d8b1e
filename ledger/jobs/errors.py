# SPDX-License-Identifier: Apache-2.0

"""What is wrong with a job as a whole; what is wrong with one unit of it is its `Outcome`.

* LedgerError
  x UnknownKind         a kind of job that this release does not know
  x UnknownJob          no job has this name
  x JobsOutOfReach      the database of jobs cannot be opened
  x NothingToResume     a job that waits, runs, or has done everything
"""

from collections.abc import Iterable

from ledger.errors import LedgerError


class UnknownKind(LedgerError):
    """A job of a kind that this release does not know."""

    def __init__(self, kind: str, known: Iterable[str]) -> None:
        named = ", ".join(sorted(known))
        super().__init__(
            f"Không có loại việc “{kind}”. Các loại: {named}.",
            f"There is no kind of job called {kind}. There are: {named}.",
        )


class UnknownJob(LedgerError):
    """No job has this name."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"Không có việc {job_id}. Hãy xem danh sách (hocba jobs).",
            f"There is no job {job_id}. Look at the list (hocba jobs).",
        )


class NothingToResume(LedgerError):
    """A job that waits, runs, or has done all there was to do."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"Việc {job_id} đang chờ, đang chạy, hoặc đã xong hết; không có gì để làm tiếp.",
            f"The job {job_id} waits, runs, or has done everything; there is nothing to resume.",
        )


class JobsOutOfReach(LedgerError):
    """The database of jobs cannot be opened. Nothing was ordered or done."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"Không mở được cơ sở dữ liệu việc ({cause}). Hãy kiểm tra thiết lập jobs (HOCBA_JOBS) và máy chủ đó, rồi chạy lại.",
            f"The database of jobs cannot be opened ({cause}). Check the setting jobs (HOCBA_JOBS) and its server; run again.",
        )
