# SPDX-License-Identifier: Apache-2.0

"""The verified marks of an admission campaign: one row for each pupil, year and subject, read from the signed record itself.

Only `Answer.record` is read, which the verifier hands out of a file that is genuine and current, and of no other. A unit stands
there once, though its PDF and its XML were both judged. Marks are written as in the record, with a point for decimals.

The rows of one unit are written at once, before its verdict; a run that goes on keeps the rows of those units alone that have
passed by the file of results, so that a kill leaves neither half a pupil nor a pupil twice.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from ledger.errors import LedgerError
from ledger.record import xml
from ledger.record.errors import RecordError
from ledger.record.model import PrimarySubject, SecondarySubject
from ledger.record.scales import Mark
from scripts import cells
from scripts.campaign import Answer

COLUMNS = (
    "file", "unit", "school_code", "school_name", "school_year", "level", "grade", "class",
    "pupil_code", "personal_id", "pupil", "birth_date", "subject_code", "subject",
    "hk1", "hk2", "year", "reassessed", "achieved", "test", "exempt", "valid_at",
)  # fmt: skip
"""Of the CSV, in order; never renamed once released, as other people's programs read them."""

HEAD = cells.line(COLUMNS)


class NotMarks(LedgerError):
    """The file is somebody's, and holds no marks of this program."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Tệp {path} không phải bảng điểm của hocba verify nên được giữ nguyên. Hãy dùng tên tệp khác.",
            f"{path} does not hold marks of hocba verify and is left alone. Name another file.",
        )


class Marks:
    """The file of marks of one run. Close it, or use it with `with`."""

    def __init__(self, path: Path, *, excel: bool = False, kept: frozenset[UUID] = frozenset()) -> None:
        """Goes on with what an earlier run wrote of units in `kept`; `excel` puts a byte order mark before the rows.

        Raises `NotMarks` for a file that holds something else.
        """
        self._path, self._head = path, (cells.BYTE_ORDER_MARK if excel else "") + HEAD
        self._written: set[UUID] = set()
        path.touch(mode=0o600)  # Names and marks: nobody's but whoever asked.
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            first = file.readline().removeprefix(cells.BYTE_ORDER_MARK)
        if first not in {"", HEAD}:
            raise NotMarks(path)
        self._file = path.open("a", encoding="utf-8", newline="\n")
        self.keep(kept)

    def keep(self, units: frozenset[UUID]) -> None:
        """Drops the rows of all other units, all or nothing."""
        fresh, written = self._path.with_name(self._path.name + ".new"), set()
        fresh.touch(mode=0o600)
        with fresh.open("w", encoding="utf-8", newline="\n") as file:
            file.write(self._head)
            for line, row in read(self._path):
                if (unit := UUID(row["unit"])) in units:
                    written.add(unit)
                    file.write(line)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._file.close()
        self._file, self._written = self._path.open("a", encoding="utf-8", newline="\n"), written

    @property
    def units(self) -> frozenset[UUID]:
        """The units that have rows."""
        return frozenset(self._written)

    def add(self, answer: Answer) -> None:
        """Writes the rows of a file that passed; of any other there is nothing to write."""
        unit = answer.verdict.unit
        if answer.record is None or unit is None or unit in self._written:
            return
        self._file.write("".join(rows(answer)))
        self._file.flush()
        self._written.add(unit)

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Every whole row of a file of marks, as its line and by column."""
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        file.readline()
        for line in file:
            row = cells.cells(line, columns=COLUMNS)
            if row is not None and _is_unit(row["unit"]):
                yield line, row


def rows(answer: Answer) -> Iterator[str]:
    """The lines of one unit's marks, in the order of the record. None of a booklet, which holds no marks of its own."""
    verdict = answer.verdict
    if answer.record is None or not verdict.good:
        return
    try:
        unit = xml.read(answer.record)
    except RecordError:  # A booklet. Whatever cannot be read at all has not passed.
        return
    record, info, pupil = unit.record, unit.record.class_info, unit.record.pupil
    for subject in record.year.subjects:
        told = {
            "file": answer.question.name,
            "unit": str(unit.unit_id),
            "school_code": record.school.code,
            "school_name": record.school.name,
            "school_year": info.school_year,
            "level": info.level.value,
            "grade": str(info.grade),
            "class": info.name,
            "pupil_code": pupil.code,
            "personal_id": pupil.personal_id or "",
            "pupil": pupil.name,
            "birth_date": "" if pupil.birth_date is None else pupil.birth_date.isoformat(),
            "subject_code": subject.code,
            "subject": subject.name,
            "exempt": "x" if subject.exempt else "",
            "valid_at": (verdict.as_of or verdict.judged_at).isoformat(timespec="seconds"),
            **_marks(subject),
        }
        yield cells.line(told.get(column, "") for column in COLUMNS)


def _marks(subject: PrimarySubject | SecondarySubject) -> dict[str, str]:
    match subject:
        case PrimarySubject():
            achieved = "" if subject.level is None else subject.level.value
            return {"achieved": achieved, "test": "" if subject.test is None else str(subject.test)}
        case SecondarySubject():
            terms = {name: getattr(subject, name) for name in ("hk1", "hk2", "year", "reassessed")}
            return {name: _text(mark) for name, mark in terms.items()}


def _text(mark: Mark | None) -> str:
    return "" if mark is None else str(getattr(mark, "value", mark))


def _is_unit(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
