# SPDX-License-Identifier: Apache-2.0

"""Verdicts as lines of a file, JSON or CSV, written so that a run which was killed goes on where it was.

A line is written once its file is judged, so that a kill costs the files in hand and no more. The next run takes over a line only
if it answers the same question: the same bytes with the same receipt, asked of the same trust settings about the same moment,
settled, and of the last day, since a recall may have come in between. What could not be found out is asked again. Of each file
one line stays, the last; a line that was torn is dropped before the run goes on.
"""

import datetime as dt
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TextIO
from uuid import UUID

from ledger.errors import LedgerError
from scripts import cells
from scripts.campaign import Answer, Question
from verifier_api.trust import Trust
from verifier_api.verdict import Conclusion, Language, Outcome, Standing, Verdict

KEPT_FOR = dt.timedelta(hours=24)
"""How long a verdict is taken over by a later run."""

COLUMNS = (
    "file", "conclusion", "standing", "code", "message", "unit", "school_code", "school_name", "school_year", "level",
    "anchored_at", "recalled_at", "recall_reason", "replaced_by", "file_sha256", "judged_at", "as_of", "settled", "question",
)  # fmt: skip
"""Of the CSV, in order; never renamed once released, as other people's programs read them."""

_GONE = frozenset({Standing.RECALLED, Standing.REPLACED})


class InUse(LedgerError):
    """Another run is writing to the same file of results."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Một lần chạy khác đang ghi vào {path}. Hãy đợi lần đó xong, hoặc dùng tên tệp khác.",
            f"Another run is writing to {path}. Wait until it has ended, or name another file.",
        )


class NotResults(LedgerError):
    """The file is somebody's, and holds no results of this program."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Tệp {path} không phải kết quả của hocba verify nên được giữ nguyên. Hãy dùng tên tệp khác.",
            f"{path} does not hold results of hocba verify and is left alone. Name another file.",
        )


@dataclass(frozen=True)
class Kept:
    """A line of an earlier run, as far as the next one needs it."""

    file: str
    question: str
    judged_at: dt.datetime
    settled: bool
    good: bool
    failed: bool
    gone: bool
    """Whether the unit was withdrawn."""
    unit: UUID | None


class Form(Protocol):
    """How a verdict is written as one line."""

    @property
    def head(self) -> str:
        """What stands above the lines; empty for nothing."""

    def line(self, answer: Answer, question: str = "") -> str:
        """The line, with its line end."""

    def read(self, line: str) -> Kept | None:
        """What `line` wrote; None for anything else."""


def failed(verdict: Verdict) -> bool:
    """Whether the file is not to be relied on: false, not ours, or no longer in force."""
    return verdict.conclusion is Conclusion.TOTAL_FAILED or verdict.standing in _GONE


def settled(verdict: Verdict) -> bool:
    """Whether asking once more would tell nothing new: every question found an answer."""
    return all(finding.outcome is not Outcome.UNKNOWN for finding in verdict.findings)


@dataclass(frozen=True)
class JsonLines:
    """One JSON verdict a line, with the file's name."""

    language: Language
    head = ""

    def line(self, answer: Answer, question: str = "") -> str:
        """The line; `question` is there only in a file that a later run may go on with."""
        told: dict[str, Any] = {"file": answer.question.name, **answer.verdict.to_dict(self.language)}
        if question:
            told |= {"settled": settled(answer.verdict), "question": question}
        return json.dumps(told, ensure_ascii=False) + "\n"

    def read(self, line: str) -> Kept | None:
        """What `line` wrote."""
        try:
            told = json.loads(line)
        except ValueError:
            return None
        return _kept(told) if line.endswith("\n") and isinstance(told, dict) else None


@dataclass(frozen=True)
class Csv:
    """One row a file, under `COLUMNS`."""

    language: Language
    head = ",".join(COLUMNS) + "\n"

    def line(self, answer: Answer, question: str = "") -> str:
        """The row."""
        verdict, told = answer.verdict, answer.verdict.to_dict(self.language)
        worst = verdict.worst
        row: dict[str, Any] = {
            **told,
            "file": answer.question.name,
            "code": None if worst is None else worst.code,
            "message": " ".join(found.message(self.language) for found in (worst, verdict.second_witness) if found)
            or None,
            "school_code": verdict.school,
            "school_name": verdict.school_name,
            "settled": json.dumps(settled(verdict)),
            "question": question,
        }
        return cells.line("" if row.get(name) is None else str(row[name]) for name in COLUMNS)

    def read(self, line: str) -> Kept | None:
        """What `line` wrote."""
        row = cells.cells(line, columns=COLUMNS)
        return None if row is None else _kept({**row, "settled": row["settled"] == "true", "unit": row["unit"] or None})


def _kept(told: Mapping[str, Any]) -> Kept | None:
    try:
        conclusion, standing = Conclusion(told["conclusion"]), Standing(told["standing"])
        judged_at = dt.datetime.fromisoformat(told["judged_at"])
        if judged_at.tzinfo is None:
            return None
        return Kept(
            file=str(told["file"]),
            question=str(told["question"]),
            judged_at=judged_at,
            settled=told["settled"] is True,
            good=conclusion is Conclusion.TOTAL_PASSED and standing is Standing.CURRENT,
            failed=conclusion is Conclusion.TOTAL_FAILED or standing in _GONE,
            gone=standing in _GONE,
            unit=None if told["unit"] is None else UUID(told["unit"]),
        )
    except (KeyError, ValueError, TypeError):
        return None


def believed(trust: Trust, *, at: dt.datetime | None) -> str:
    """Digest of everything beside a file that a verdict rests on, the chain left out."""
    sha = hashlib.sha256(trust.settings.model_dump_json().encode())
    for part in (
        trust.anchors.sha256(),
        trust.signer_list_sha256 or b"",
        b"" if at is None else at.isoformat().encode(),
    ):
        sha.update(hashlib.sha256(part).digest())
    return sha.hexdigest()


class Results:
    """The file of results of one run, which goes on with what an earlier run left in it. Close it, or use it with `with`."""

    def __init__(self, path: Path, form: Form, *, believed: str, now: dt.datetime) -> None:
        """Raises `InUse`, or `NotResults` for a file that holds something else."""
        self._path, self._form, self._believed, self._now = path, form, believed, now
        self._judged_again = False
        self._file = _locked(path)
        if (begins := self._file.readline()) and not self._ours(begins):
            self._file.close()
            raise NotResults(path)
        self._kept = self._rewritten()

    def found(self, question: Question, evidence: str) -> Kept | None:
        """What an earlier run found about just this, if it still counts."""
        kept = self._kept.get(question.name)
        if kept is None or not kept.settled or kept.question != self._question(evidence):
            return None
        return kept if dt.timedelta(0) <= self._now - kept.judged_at <= KEPT_FOR else None

    def passed(self) -> frozenset[UUID]:
        """The units of which some file is genuine and current by its last line, and none is withdrawn by its.

        A line that is too old to be taken over vouches for no marks either.
        """
        last = {kept.file: kept for _, kept in self._lines()}.values()
        fresh = [kept for kept in last if dt.timedelta(0) <= self._now - kept.judged_at <= KEPT_FOR or not kept.good]
        gone = {kept.unit for kept in fresh if kept.gone}
        return frozenset(kept.unit for kept in fresh if kept.good and kept.unit is not None) - gone

    def add(self, answer: Answer) -> None:
        """Writes the line, out of this process before it returns."""
        self._file.write(self._form.line(answer, self._question(answer.evidence)))
        self._file.flush()
        self._judged_again |= answer.question.name in self._kept

    def close(self) -> None:
        """Leaves one line for each file, the last, and lets go."""
        if self._judged_again:
            self._rewritten()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _question(self, evidence: str) -> str:
        return hashlib.sha256(f"{self._believed} {evidence}".encode()).hexdigest()

    def _rewritten(self) -> dict[str, Kept]:
        """Leaves the last line of each file, all or nothing, and under the lock throughout; returns what they say."""
        last = {kept.file: number for number, (_, kept) in enumerate(self._lines())}
        fresh = self._path.with_name(self._path.name + ".new")
        written, found = _locked(fresh), {}
        written.truncate(0)
        written.write(self._form.head)
        for number, (line, kept) in enumerate(self._lines()):
            if last[kept.file] == number:
                found[kept.file] = kept
                written.write(line)
        written.flush()
        os.fsync(written.fileno())
        fresh.replace(self._path)
        self._file.close()
        self._file = written
        return found

    def _lines(self) -> Iterator[tuple[str, Kept]]:
        self._file.seek(0)
        for line in self._file:
            if (kept := self._form.read(line)) is not None:
                yield line, kept

    def _ours(self, line: str) -> bool:
        head = self._form.head
        if not line.endswith("\n"):  # The very first line was torn, or stands there without one.
            return head.startswith(line) if head else line.startswith('{"file": ')
        return line == head if head else self._form.read(line) is not None


def _locked(path: Path) -> TextIO:
    """A file that one run at a time writes to, open at its beginning. A new one is its owner's alone: it may name pupils."""
    path.touch(mode=0o600)
    file = path.open("a+", encoding="utf-8", errors="replace", newline="\n")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise InUse(path) from None
    file.seek(0)
    return file
